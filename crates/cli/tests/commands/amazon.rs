//! A stand-in for AWS in front of dynoxide. It counts what is read of the table.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Response, StatusCode};
use serde_json::{Value, json};

use crate::typing::Shell;

/// The stand-in.
#[derive(Debug, Clone)]
pub(crate) struct Amazon {
    url: String,
    world: Arc<World>,
}

#[derive(Debug)]
struct World {
    http: reqwest::Client,
    dynamo_url: String,
    reads: Mutex<Reads>,
}

/// Reads of the table.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Reads {
    /// Calls, by operation.
    pub(crate) calls: BTreeMap<String, usize>,
    /// Items that were read, filtered ones too.
    pub(crate) items: usize,
}

impl Amazon {
    /// Starts the stand-in in front of the shell's DynamoDB.
    pub(crate) async fn before(shell: &Shell) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let world = Arc::new(World {
            http: reqwest::Client::new(),
            dynamo_url: shell.variables["AWS_ENDPOINT_URL"].clone(),
            reads: Mutex::default(),
        });
        let routes = Router::new().fallback(call).with_state(Arc::clone(&world));
        tokio::spawn(async { axum::serve(listener, routes).await });
        Self { url, world }
    }

    /// Returns a shell that reaches AWS through the stand-in.
    pub(crate) fn shell(&self, shell: &Shell) -> Shell {
        shell.clone().with("AWS_ENDPOINT_URL", &self.url)
    }

    /// Returns the reads since the last call of this.
    pub(crate) fn take_reads(&self) -> Reads {
        std::mem::take(&mut self.world.reads.lock().unwrap())
    }
}

async fn call(State(world): State<Arc<World>>, headers: HeaderMap, body: Bytes) -> Response<Body> {
    let target =
        headers.get("x-amz-target").and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    let (service, operation) = target.split_once('.').unwrap_or_default();
    match service {
        service if service.starts_with("DynamoDB") => table(&world, operation, &headers, body).await,
        _ => answer(
            StatusCode::BAD_REQUEST,
            &json!({ "__type": "UnknownOperationException", "message": target }),
        ),
    }
}

/// Forwards a call to DynamoDB and counts what it reads.
async fn table(world: &World, operation: &str, headers: &HeaderMap, body: Bytes) -> Response<Body> {
    let mut headers = headers.clone();
    headers.remove("host");
    let passed = world.http.post(&world.dynamo_url).headers(headers).body(body).send().await.unwrap();
    let status = passed.status();
    let text = passed.bytes().await.unwrap();
    let answer: Value = serde_json::from_slice(&text).unwrap();
    let by_key: usize =
        answer["Responses"].as_object().into_iter().flat_map(|tables| tables.values()).map(count).sum();
    let scanned = answer["ScannedCount"].as_u64().unwrap_or(answer.get("Item").is_some().into());
    let mut reads = world.reads.lock().unwrap();
    *reads.calls.entry(operation.to_owned()).or_default() += 1;
    reads.items += by_key + usize::try_from(scanned).unwrap();
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = status;
    response
}

fn count(list: &Value) -> usize {
    list.as_array().map_or(0, Vec::len)
}

fn answer(status: StatusCode, body: &Value) -> Response<Body> {
    let mut response = Response::new(Body::from(body.to_string()));
    *response.status_mut() = status;
    response.headers_mut().insert("content-type", "application/x-amz-json-1.1".parse().unwrap());
    response
}
