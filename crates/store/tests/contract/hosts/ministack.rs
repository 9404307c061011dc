//! MiniStack: the DynamoDB of the local stack, in a process of its own.

use std::io::Read;
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use aws_config::SdkConfig;
use aws_sdk_dynamodb::Client;
use store::DynamoTable;

use super::schema;

const START_TIMEOUT: Duration = Duration::from_mins(1);

/// Waits for the end of its input, which comes with any end of this process. Then it ends MiniStack and
/// deletes what it wrote.
const KEEPER: &str = r#""$0" & server=$!; read -r _; kill "$server"; wait "$server"; cd / && rm -rf "$1""#;

/// A running MiniStack. Dropping it ends it and deletes what it wrote.
#[derive(Debug)]
pub(crate) struct MiniStack {
    keeper: Child,
    folder: PathBuf,
    pub(crate) config: SdkConfig,
}

impl MiniStack {
    pub(crate) async fn start() -> Self {
        let program = program();
        let port = free_port();
        let folder = std::env::temp_dir().join(format!("bitrelay-store-{}-{port}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let log = std::fs::File::create(folder.join("ministack.log")).unwrap();
        let keeper = Command::new("sh")
            .args(["-c", KEEPER])
            .arg(program)
            .arg(&folder)
            .current_dir(&folder)
            .env("TMPDIR", &folder)
            .env("S3_DATA_DIR", folder.join("s3"))
            .env("STATE_DIR", folder.join("state"))
            .env("BIND_HOST", "127.0.0.1")
            .env("GATEWAY_PORT", port.to_string())
            .env("SERVICES", "cloudformation,dynamodb,dynamodbstreams,secretsmanager,sqs")
            .env("IOT_MTLS_ENABLED", "0")
            .env("AWS_ACCESS_KEY_ID", "test")
            .env("AWS_SECRET_ACCESS_KEY", "test")
            .stdin(Stdio::piped())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        let host = Self { keeper, folder, config: schema::config(port).await };
        host.until_it_answers().await;
        host
    }

    async fn until_it_answers(&self) {
        let client = Client::new(&self.config);
        let started = Instant::now();
        while client.list_tables().send().await.is_err() {
            assert!(started.elapsed() < START_TIMEOUT, "MiniStack did not start:\n{}", self.log());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    fn log(&self) -> String {
        let mut log = String::new();
        let file = std::fs::File::open(self.folder.join("ministack.log"));
        file.and_then(|mut file| file.read_to_string(&mut log)).unwrap();
        log
    }

    /// Creates a table for one story.
    pub(crate) async fn table(&self, name: &str) -> DynamoTable {
        schema::create(&Client::new(&self.config), name).await;
        DynamoTable::connect(&self.config, name)
    }
}

impl Drop for MiniStack {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        self.keeper.wait().ok();
    }
}

/// `make tools` installs it into the project's own folder; `BITRELAY_TOOLS` names another folder of programs.
fn program() -> PathBuf {
    let tools = std::env::var_os("BITRELAY_TOOLS").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../.local/tools/venv/bin")),
        PathBuf::from,
    );
    let program = tools.join("ministack");
    assert!(program.exists(), "{} is missing: run `make tools`", program.display());
    program.canonicalize().unwrap()
}

/// Returns a free port: MiniStack cannot choose one itself.
fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}
