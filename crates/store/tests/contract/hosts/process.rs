//! An emulator in a process of its own, which surely stops with the test.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use aws_config::SdkConfig;
use aws_sdk_dynamodb::Client;
use store::DynamoTable;

use super::schema;

const START_TIMEOUT: Duration = Duration::from_mins(1);

/// Waits for the end of its input, which comes with any end of this process. Then it ends the emulator and
/// deletes what it wrote.
const KEEPER: &str =
    r#"folder=$0; "$@" & server=$!; read -r _; kill "$server"; wait "$server"; cd / && rm -rf "$folder""#;

/// A process, and the folder that it writes to. Dropping it ends the process and deletes the folder.
#[derive(Debug)]
pub(crate) struct Process {
    name: &'static str,
    keeper: Option<Child>,
    pub(crate) folder: PathBuf,
    pub(crate) command: Command,
}

impl Process {
    /// Prepares a process for these words of a command line.
    pub(crate) fn new(name: &'static str, port: u16, words: &[PathBuf]) -> Self {
        let folder = std::env::temp_dir().join(format!("bitrelay-{name}-{}-{port}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let log = std::fs::File::create(log_of(&folder)).unwrap();
        let mut command = Command::new("sh");
        command.args(["-c", KEEPER]).arg(&folder).args(words).current_dir(&folder);
        command.stdin(Stdio::piped()).stdout(log.try_clone().unwrap()).stderr(log);
        Self { name, keeper: None, folder, command }
    }

    /// Starts the process and waits until its DynamoDB answers.
    pub(crate) async fn start(&mut self, config: &SdkConfig) {
        self.keeper = Some(self.command.spawn().unwrap());
        let (client, started) = (Client::new(config), Instant::now());
        while client.list_tables().send().await.is_err() {
            let log = std::fs::read_to_string(log_of(&self.folder)).unwrap();
            assert!(started.elapsed() < START_TIMEOUT, "{} did not start:\n{log}", self.name);
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if let Some(mut keeper) = self.keeper.take() {
            drop(keeper.stdin.take());
            keeper.wait().ok();
        }
    }
}

fn log_of(folder: &Path) -> PathBuf {
    folder.join("log")
}

/// Returns a free port, for an emulator that cannot choose one itself.
pub(crate) fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// Creates a table in an emulator.
pub(crate) async fn table(config: &SdkConfig, name: &str) -> DynamoTable {
    schema::create(&Client::new(config), name).await;
    DynamoTable::connect(config, name)
}
