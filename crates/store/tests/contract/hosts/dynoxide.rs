//! A private DynamoDB in this process.

use aws_config::SdkConfig;
use dynoxide::Database;
use store::DynamoTable;

use super::schema;

/// Starts a DynamoDB and returns its table. It ends with the test's runtime.
pub(crate) async fn start() -> DynamoTable {
    DynamoTable::connect(&start_config().await, "bitrelay")
}

/// Starts a DynamoDB with the table `bitrelay`, and returns the configuration for it.
pub(crate) async fn start_config() -> SdkConfig {
    let config = serve().await;
    schema::create(&aws_sdk_dynamodb::Client::new(&config), "bitrelay").await;
    config
}

/// Starts a DynamoDB without a table.
pub(crate) async fn start_without_table() -> DynamoTable {
    DynamoTable::connect(&serve().await, "bitrelay")
}

async fn serve() -> SdkConfig {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(dynoxide::server::serve_on(listener, Database::memory().unwrap()));
    schema::config(port).await
}
