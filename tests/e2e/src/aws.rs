//! A stand-in for Secrets Manager, EventBridge and SQS. It counts calls and fails on command. It forwards calls to
//! `DynamoDB`.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Response, StatusCode};
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// Behaviour of the bus.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BusBehaviour {
    /// Accepts everything.
    Up,
    /// Answers 503.
    Down,
}

/// The stand-in.
#[derive(Debug, Clone)]
pub struct Aws {
    url: String,
    world: Arc<World>,
}

#[derive(Debug)]
struct World {
    http: reqwest::Client,
    dynamo_url: String,
    secrets: Mutex<BTreeMap<String, String>>,
    calls: Mutex<Vec<String>>,
    bus: Mutex<Bus>,
    parked: Mutex<Vec<Value>>,
}

#[derive(Debug)]
struct Bus {
    behaviour: BusBehaviour,
    published: Vec<Value>,
    refused: VecDeque<(String, String)>,
}

impl Aws {
    /// Starts the stand-in in front of a `DynamoDB`.
    pub async fn start(dynamo_url: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let bus = Bus { behaviour: BusBehaviour::Up, published: Vec::new(), refused: VecDeque::new() };
        let world = Arc::new(World {
            http: reqwest::Client::new(),
            dynamo_url: dynamo_url.to_owned(),
            secrets: Mutex::default(),
            calls: Mutex::default(),
            bus: Mutex::new(bus),
            parked: Mutex::default(),
        });
        let routes = Router::new().fallback(call).with_state(Arc::clone(&world));
        tokio::spawn(async { axum::serve(listener, routes).await });
        Self { url, world }
    }

    /// Returns its URL.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Stores a secret.
    pub fn put_secret(&self, name: &str, value: &Value) {
        self.world.secrets.lock().unwrap().insert(name.to_owned(), value.to_string());
    }

    /// Returns the operations called since the last call of this, such as `GetItem`.
    pub fn take_calls(&self) -> Vec<String> {
        std::mem::take(&mut self.world.calls.lock().unwrap())
    }

    /// Sets the behaviour of the bus.
    pub fn set_bus(&self, behaviour: BusBehaviour) {
        self.world.bus.lock().unwrap().behaviour = behaviour;
    }

    /// Makes the bus refuse one entry whose detail contains `text`, once, with an error code inside a 200.
    pub fn refuse(&self, text: &str, code: &str) {
        self.world.bus.lock().unwrap().refused.push_back((text.to_owned(), code.to_owned()));
    }

    /// Returns the details of the entries that the bus accepted, in order.
    pub fn published(&self) -> Vec<Value> {
        self.world.bus.lock().unwrap().published.clone()
    }

    /// Returns the messages in the dead-letter queue.
    pub fn parked(&self) -> Vec<Value> {
        self.world.parked.lock().unwrap().clone()
    }
}

async fn call(State(world): State<Arc<World>>, headers: HeaderMap, body: Bytes) -> Response<Body> {
    let target =
        headers.get("x-amz-target").and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    let (service, operation) = target.split_once('.').unwrap_or_default();
    world.calls.lock().unwrap().push(operation.to_owned());
    match (service, operation) {
        (service, _) if service.starts_with("DynamoDB") => forward(&world, &headers, body).await,
        ("secretsmanager", "GetSecretValue") => get_secret(&world, &body),
        ("AWSEvents", "PutEvents") => put_events(&world, &body),
        ("AmazonSQS", "SendMessage") => send_message(&world, &body),
        _ => answer(
            StatusCode::BAD_REQUEST,
            &json!({ "__type": "UnknownOperationException", "message": target }),
        ),
    }
}

async fn forward(world: &World, headers: &HeaderMap, body: Bytes) -> Response<Body> {
    let mut headers = headers.clone();
    headers.remove("host");
    let Ok(passed) = world.http.post(&world.dynamo_url).headers(headers).body(body).send().await else {
        return answer(StatusCode::SERVICE_UNAVAILABLE, &json!({}));
    };
    let status = passed.status();
    let mut response = Response::new(Body::from(passed.bytes().await.unwrap_or_default()));
    *response.status_mut() = status;
    response
}

fn get_secret(world: &World, body: &[u8]) -> Response<Body> {
    let request: Value = serde_json::from_slice(body).unwrap();
    let name = request["SecretId"].as_str().unwrap();
    match world.secrets.lock().unwrap().get(name) {
        Some(secret) => answer(StatusCode::OK, &json!({ "Name": name, "SecretString": secret })),
        None => answer(
            StatusCode::BAD_REQUEST,
            &json!({ "__type": "ResourceNotFoundException", "message": "none" }),
        ),
    }
}

fn put_events(world: &World, body: &[u8]) -> Response<Body> {
    let request: Value = serde_json::from_slice(body).unwrap();
    let mut bus = world.bus.lock().unwrap();
    if bus.behaviour == BusBehaviour::Down {
        return answer(
            StatusCode::SERVICE_UNAVAILABLE,
            &json!({ "__type": "ServiceUnavailable", "message": "down" }),
        );
    }
    let mut results = Vec::new();
    for entry in request["Entries"].as_array().unwrap() {
        let detail = entry["Detail"].as_str().unwrap();
        let refused = bus.refused.iter().position(|(text, _)| detail.contains(text.as_str()));
        if let Some((_, code)) = refused.and_then(|at| bus.refused.remove(at)) {
            results.push(json!({ "ErrorCode": code, "ErrorMessage": "refused by the test" }));
        } else {
            bus.published.push(serde_json::from_str(detail).unwrap());
            results.push(json!({ "EventId": format!("event-{}", bus.published.len()) }));
        }
    }
    let failed = results.iter().filter(|result| result.get("ErrorCode").is_some()).count();
    answer(StatusCode::OK, &json!({ "FailedEntryCount": failed, "Entries": results }))
}

fn send_message(world: &World, body: &[u8]) -> Response<Body> {
    let request: Value = serde_json::from_slice(body).unwrap();
    let text = request["MessageBody"].as_str().unwrap();
    world.parked.lock().unwrap().push(serde_json::from_str(text).unwrap());
    answer(StatusCode::OK, &json!({ "MessageId": "m" }))
}

fn answer(status: StatusCode, body: &Value) -> Response<Body> {
    let mut response = Response::new(Body::from(body.to_string()));
    *response.status_mut() = status;
    response.headers_mut().insert("content-type", "application/x-amz-json-1.1".parse().unwrap());
    response
}
