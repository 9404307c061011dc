//! A stand-in for AWS in front of dynoxide: it counts what is read of the table, and has a bus and a queue that fail on
//! command. Its links are `acme` and `globex`.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Response, StatusCode};
use serde_json::{Value, json};

use crate::typing::Shell;

pub(crate) const QUEUE_URL: &str = "http://127.0.0.1/000000000000/dead-letters";

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
    bus: Mutex<Bus>,
    queue: Mutex<Vec<Message>>,
}

/// Reads of the table.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Reads {
    /// Calls, by operation.
    pub(crate) calls: BTreeMap<String, usize>,
    /// Items that were read, filtered ones too.
    pub(crate) items: usize,
}

/// The bus.
#[derive(Debug, Default)]
pub(crate) struct Bus {
    /// Entries in `PutEvents` form, as they were accepted.
    pub(crate) taken: Vec<Value>,
    /// Number of entries after which it is down.
    pub(crate) down_after: Option<usize>,
    /// Refuses entries whose detail contains a text, once each, with an error code inside a 200.
    pub(crate) refused: VecDeque<(String, &'static str)>,
}

impl Bus {
    /// Returns the details of the accepted entries.
    pub(crate) fn details(&self) -> Vec<Value> {
        let detail = |entry: &Value| serde_json::from_str(entry["Detail"].as_str().unwrap()).unwrap();
        self.taken.iter().map(detail).collect()
    }
}

/// A message of the queue.
#[derive(Debug, Clone)]
struct Message {
    id: String,
    body: String,
    is_hidden: bool,
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
            bus: Mutex::default(),
            queue: Mutex::default(),
        });
        let routes = Router::new().fallback(call).with_state(Arc::clone(&world));
        tokio::spawn(async { axum::serve(listener, routes).await });
        Self { url, world }
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Returns a shell that reaches AWS through the stand-in, and keeps the progress of replays in this folder.
    pub(crate) fn shell(&self, shell: &Shell, state: &str) -> Shell {
        let shell = shell.clone().with("AWS_ENDPOINT_URL", &self.url).with("XDG_STATE_HOME", state);
        let shell = shell.with("BITRELAY_LINK_SECRET_PREFIX", "link/");
        shell.with("BITRELAY_BUS", "bitrelay").with("BITRELAY_DEAD_LETTER_QUEUE_URL", QUEUE_URL)
    }

    /// Returns the reads since the last call of this.
    pub(crate) fn take_reads(&self) -> Reads {
        std::mem::take(&mut self.world.reads.lock().unwrap())
    }

    /// Returns the number of queries since the last [`Amazon::take_reads`].
    pub(crate) fn queries(&self) -> usize {
        self.world.reads.lock().unwrap().calls.get("Query").copied().unwrap_or_default()
    }

    pub(crate) fn bus(&self) -> MutexGuard<'_, Bus> {
        self.world.bus.lock().unwrap()
    }

    /// Puts a message into the queue.
    pub(crate) fn park(&self, body: &str) {
        park(&self.world, body);
    }

    /// Returns the ids of the messages in the queue, and true for those that are hidden.
    pub(crate) fn parked(&self) -> Vec<(String, bool)> {
        self.world
            .queue
            .lock()
            .unwrap()
            .iter()
            .map(|message| (message.id.clone(), message.is_hidden))
            .collect()
    }
}

async fn call(State(world): State<Arc<World>>, headers: HeaderMap, body: Bytes) -> Response<Body> {
    let target =
        headers.get("x-amz-target").and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    let (service, operation) = target.split_once('.').unwrap_or_default();
    if service.starts_with("DynamoDB") {
        return table(&world, operation, &headers, body).await;
    }
    let request: Value = serde_json::from_slice(&body).unwrap();
    match (service, operation) {
        ("AWSEvents", "PutEvents") => put_events(&world, &request),
        ("secretsmanager", "ListSecrets") => {
            let names =
                ["acme", "globex", "globex/grant"].map(|link| json!({ "Name": format!("link/{link}") }));
            answer(StatusCode::OK, &json!({ "SecretList": names }))
        }
        ("AmazonSQS", operation) => answer(StatusCode::OK, &queue(&world, operation, &request)),
        _ => answer(StatusCode::BAD_REQUEST, &json!({ "__type": "UnknownOperation", "message": target })),
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
    let tables = answer["Responses"].as_object().into_iter().flat_map(|tables| tables.values());
    let by_key: usize = tables.map(|items| items.as_array().unwrap().len()).sum();
    let scanned = answer["ScannedCount"].as_u64().unwrap_or(answer.get("Item").is_some().into());
    let mut reads = world.reads.lock().unwrap();
    *reads.calls.entry(operation.to_owned()).or_default() += 1;
    reads.items += by_key + usize::try_from(scanned).unwrap();
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = status;
    response
}

fn put_events(world: &World, request: &Value) -> Response<Body> {
    let mut bus = world.bus.lock().unwrap();
    if bus.down_after.is_some_and(|count| bus.taken.len() >= count) {
        return answer(StatusCode::SERVICE_UNAVAILABLE, &json!({ "__type": "ServiceUnavailable" }));
    }
    let mut results = Vec::new();
    for entry in request["Entries"].as_array().unwrap() {
        let detail = entry["Detail"].as_str().unwrap();
        let refused = bus.refused.iter().position(|(text, _)| detail.contains(text.as_str()));
        results.push(if let Some((_, code)) = refused.and_then(|at| bus.refused.remove(at)) {
            json!({ "ErrorCode": code, "ErrorMessage": "refused by the test" })
        } else {
            bus.taken.push(entry.clone());
            json!({ "EventId": format!("event-{}", bus.taken.len()) })
        });
    }
    let failed = results.iter().filter(|result| result.get("ErrorCode").is_some()).count();
    answer(StatusCode::OK, &json!({ "FailedEntryCount": failed, "Entries": results }))
}

/// Answers for the queue. A received message stays hidden until it is released.
fn queue(world: &World, operation: &str, request: &Value) -> Value {
    assert_eq!(request["QueueUrl"], QUEUE_URL);
    if operation == "SendMessage" {
        park(world, request["MessageBody"].as_str().unwrap());
        return json!({ "MessageId": "m" });
    }
    let mut messages = world.queue.lock().unwrap();
    let receipt = request["ReceiptHandle"].as_str().unwrap_or_default();
    match operation {
        "ReceiveMessage" => {
            let visible = messages.iter_mut().filter(|message| !message.is_hidden).take(10);
            let received = visible.map(|message| {
                message.is_hidden = true;
                let attributes = json!({ "SentTimestamp": "1795514400000" });
                json!({ "MessageId": message.id, "ReceiptHandle": message.id, "Body": message.body, "Attributes": attributes })
            });
            json!({ "Messages": received.collect::<Vec<_>>() })
        }
        "DeleteMessage" => {
            messages.retain(|message| message.id != receipt);
            json!({})
        }
        "ChangeMessageVisibility" => {
            assert_eq!(request["VisibilityTimeout"], 0);
            messages.iter_mut().find(|message| message.id == receipt).unwrap().is_hidden = false;
            json!({})
        }
        other => panic!("{other}"),
    }
}

fn park(world: &World, body: &str) {
    let mut messages = world.queue.lock().unwrap();
    let id = format!("message-{}", messages.len() + 1);
    messages.push(Message { id, body: body.to_owned(), is_hidden: false });
}

fn answer(status: StatusCode, body: &Value) -> Response<Body> {
    let mut response = Response::new(Body::from(body.to_string()));
    *response.status_mut() = status;
    response.headers_mut().insert("content-type", "application/x-amz-json-1.1".parse().unwrap());
    response
}
