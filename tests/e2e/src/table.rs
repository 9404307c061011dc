//! A `DynamoDB` that can be stopped and started, and keeps its data.

use std::net::SocketAddr;

use aws_sdk_dynamodb::Client;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// The table of the template, as the store's tests create it.
#[allow(dead_code, reason = "not all of a shared module is used here")]
#[path = "../../../crates/store/tests/contract/hosts/schema.rs"]
mod schema;

/// The name of the table.
pub const TABLE: &str = "bitrelay";

/// An emulator of `DynamoDB` in this process, on its own port.
#[derive(Debug)]
pub struct Dynamo {
    database: DebugDatabase,
    address: SocketAddr,
    server: Option<JoinHandle<()>>,
}

struct DebugDatabase(dynoxide::Database);

impl std::fmt::Debug for DebugDatabase {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Database")
    }
}

impl Dynamo {
    /// Starts an emulator with an empty table of the template's shape.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let database = DebugDatabase(dynoxide::Database::memory().unwrap());
        let mut dynamo = Self { database, address, server: None };
        dynamo.serve(listener);
        schema::create(&dynamo.client().await, TABLE).await;
        dynamo
    }

    /// Returns its URL, which stays the same while it is stopped.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Creates a client of the table.
    pub async fn client(&self) -> Client {
        Client::new(&crate::stack::sdk(&self.url(), "eu-west-1").await)
    }

    /// Creates a client of the table's streams.
    pub async fn streams(&self) -> aws_sdk_dynamodbstreams::Client {
        aws_sdk_dynamodbstreams::Client::new(&crate::stack::sdk(&self.url(), "eu-west-1").await)
    }

    /// Stops it: new connections are refused, and open ones break.
    pub async fn stop(&mut self) {
        if let Some(server) = self.server.take() {
            server.abort();
            let _ = server.await;
        }
    }

    /// Starts it again on the same port, with the same data.
    pub async fn start_again(&mut self) {
        let listener = TcpListener::bind(self.address).await.unwrap();
        self.serve(listener);
    }

    fn serve(&mut self, listener: TcpListener) {
        self.server = Some(tokio::spawn(dynoxide::server::serve_on(listener, self.database.0.clone())));
    }
}
