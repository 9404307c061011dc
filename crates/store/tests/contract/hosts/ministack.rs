//! MiniStack: the DynamoDB of the local stack, in a process of its own.

use std::path::PathBuf;

use aws_config::SdkConfig;
use store::DynamoTable;

use super::process::{Process, free_port, table};
use super::schema;

/// A running MiniStack. Dropping it ends it and deletes what it wrote.
#[derive(Debug)]
pub(crate) struct MiniStack {
    _process: Process,
    pub(crate) config: SdkConfig,
}

impl MiniStack {
    pub(crate) async fn start() -> Self {
        let port = free_port();
        let mut process = Process::new("ministack", port, &[program()]);
        let folder = process.folder.clone();
        process
            .command
            .env("TMPDIR", &folder)
            .env("S3_DATA_DIR", folder.join("s3"))
            .env("STATE_DIR", folder.join("state"))
            .env("BIND_HOST", "127.0.0.1")
            .env("GATEWAY_PORT", port.to_string())
            .env("SERVICES", "cloudformation,dynamodb,dynamodbstreams,secretsmanager,sqs")
            .env("IOT_MTLS_ENABLED", "0")
            .env("AWS_ACCESS_KEY_ID", "test")
            .env("AWS_SECRET_ACCESS_KEY", "test");
        let config = schema::config(port).await;
        process.start(&config).await;
        Self { _process: process, config }
    }

    /// Creates a table for one story.
    pub(crate) async fn table(&self, name: &str) -> DynamoTable {
        table(&self.config, name).await
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
