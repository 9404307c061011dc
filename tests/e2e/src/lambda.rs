//! AWS Lambda as the functions see it: the Runtime API, with processes that can be killed, and an HTTP API before the
//! webhook function.
//!
//! `cargo lambda watch` (see [`crate::runtime`]) does not notice that a process is gone, and gives no usable deadline,
//! which the poller needs. The protocol: <https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html>.

mod gateway;
mod processes;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderName, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot};

pub use gateway::event;
pub use processes::Function;
pub(crate) use processes::environment;

/// A running Lambda with some functions.
#[derive(Debug, Clone)]
pub struct Lambda {
    address: SocketAddr,
    world: Arc<World>,
}

#[derive(Debug)]
struct World {
    functions: BTreeMap<&'static str, Queue>,
    /// The senders of answers, by the id of the invocation.
    answers: Mutex<HashMap<u64, oneshot::Sender<Result<Value, String>>>>,
    /// The invocation that each process works on.
    running: Mutex<HashMap<u64, u64>>,
    processes: processes::Processes,
    /// The folder with the functions of another version, by the functions that are of that version.
    other_versions: Mutex<BTreeMap<&'static str, PathBuf>>,
    /// Ids of events in answers with 2xx.
    answered: Mutex<BTreeSet<String>>,
    last_id: AtomicU64,
}

/// Invocations that wait for a process of their function.
#[derive(Debug)]
struct Queue {
    function: Function,
    waiting: mpsc::UnboundedSender<Invocation>,
    taken: tokio::sync::Mutex<mpsc::UnboundedReceiver<Invocation>>,
}

#[derive(Debug)]
struct Invocation {
    id: u64,
    event: Value,
}

impl Lambda {
    /// Starts these functions, each with its processes.
    pub async fn start(functions: Vec<Function>) -> Self {
        Self::start_version(functions, None).await
    }

    /// Starts these functions from a folder with those of another version.
    pub async fn start_version(functions: Vec<Function>, folder: Option<PathBuf>) -> Self {
        let names = functions.iter().map(|function| function.name);
        let other_versions = names.filter_map(|name| Some((name, folder.clone()?))).collect();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let queues = functions.into_iter().map(|function| {
            let (waiting, taken) = mpsc::unbounded_channel();
            (function.name, Queue { function, waiting, taken: tokio::sync::Mutex::new(taken) })
        });
        let world = Arc::new(World {
            functions: queues.collect(),
            answers: Mutex::default(),
            running: Mutex::default(),
            processes: processes::Processes::default(),
            other_versions: Mutex::new(other_versions),
            answered: Mutex::default(),
            last_id: AtomicU64::new(0),
        });
        let lambda = Self { address, world };
        let routes = Router::new()
            .route("/runtime/{function}/{process}/2018-06-01/runtime/invocation/next", get(next))
            .route(
                "/runtime/{function}/{process}/2018-06-01/runtime/invocation/{id}/response",
                post(responded),
            )
            .route("/runtime/{function}/{process}/2018-06-01/runtime/invocation/{id}/error", post(failed))
            .with_state(Arc::clone(&lambda.world));
        let routes = routes.merge(Router::new().fallback(gateway::receive).with_state(lambda.clone()));
        tokio::spawn(async { axum::serve(listener, routes).await });
        for queue in lambda.world.functions.values() {
            for _ in 0..queue.function.processes {
                lambda.start_process(&queue.function);
            }
        }
        lambda
    }

    /// Root of the HTTP API before the webhook function.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Returns the ids of the events in answers with 2xx so far.
    pub fn answered(&self) -> BTreeSet<String> {
        self.world.answered.lock().unwrap().clone()
    }

    /// Sends a request to the webhook function, and returns the status and the body of its answer. Its failure is 502,
    /// like with API Gateway.
    pub async fn request(&self, event: Value) -> (u16, String) {
        let answer = self.invoke("webhook", event).await.unwrap_or_else(|_| json!({ "statusCode": 502 }));
        let status =
            answer["statusCode"].as_u64().and_then(|status| u16::try_from(status).ok()).unwrap_or(502);
        let body = answer["body"].as_str().unwrap_or_default().to_owned();
        if status < 300 {
            let stored: Value = serde_json::from_str(&body).unwrap_or_default();
            let ids = stored["events"].as_array().into_iter().flatten().filter_map(Value::as_str);
            self.world.answered.lock().unwrap().extend(ids.map(str::to_owned));
        }
        (status, body)
    }

    /// Invokes a function and awaits its answer.
    ///
    /// # Errors
    ///
    /// The function's error, the end of its process, or no answer within its timeout.
    pub async fn invoke(&self, function: &str, event: Value) -> Result<Value, String> {
        let queue = &self.world.functions[function];
        let id = self.world.last_id.fetch_add(1, Ordering::Relaxed);
        let (sender, answer) = oneshot::channel();
        self.world.answers.lock().unwrap().insert(id, sender);
        queue.waiting.send(Invocation { id, event }).unwrap();
        let Ok(answered) = tokio::time::timeout(queue.function.timeout, answer).await else {
            self.world.answers.lock().unwrap().remove(&id);
            return Err("no answer within the timeout".to_owned());
        };
        answered.unwrap_or_else(|_| Err("the answer was dropped".to_owned()))
    }
}

impl World {
    fn answer(&self, id: u64, answer: Result<Value, String>) {
        if let Some(sender) = self.answers.lock().unwrap().remove(&id) {
            // Nobody waits any more after a timeout.
            let _ = sender.send(answer);
        }
    }
}

/// Gives a process its next invocation, and waits for one.
async fn next(State(world): State<Arc<World>>, Path((function, process)): Path<(String, u64)>) -> Response {
    let Some(queue) = world.functions.get(function.as_str()) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let Invocation { id, event } = loop {
        let Some(invocation) = queue.taken.lock().await.recv().await else {
            return StatusCode::GONE.into_response();
        };
        if !world.processes.lives(process) {
            // The request of a process that was killed meanwhile.
            let _ = queue.waiting.send(invocation);
            return StatusCode::GONE.into_response();
        }
        // An invocation whose sender gave up is not worth a process.
        if world.answers.lock().unwrap().contains_key(&invocation.id) {
            break invocation;
        }
    };
    world.running.lock().unwrap().insert(process, id);
    let header = HeaderName::from_static;
    let headers = [
        (header("lambda-runtime-aws-request-id"), id.to_string()),
        (header("lambda-runtime-deadline-ms"), deadline_ms(queue.function.timeout).to_string()),
        (
            header("lambda-runtime-invoked-function-arn"),
            format!("arn:aws:lambda:eu-west-1:000000000000:function:{function}"),
        ),
        (header("lambda-runtime-trace-id"), "Root=1-0-0".to_owned()),
        (header("content-type"), "application/json".to_owned()),
    ];
    (headers, event.to_string()).into_response()
}

fn deadline_ms(timeout: Duration) -> u128 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    (now + timeout).as_millis()
}

async fn responded(
    State(world): State<Arc<World>>,
    Path((_, process, id)): Path<(String, u64, u64)>,
    body: Bytes,
) -> StatusCode {
    world.running.lock().unwrap().remove(&process);
    let answer = serde_json::from_slice(&body).map_err(|error| format!("the answer is not JSON: {error}"));
    world.answer(id, answer);
    StatusCode::ACCEPTED
}

async fn failed(
    State(world): State<Arc<World>>,
    Path((_, process, id)): Path<(String, u64, u64)>,
    body: Bytes,
) -> StatusCode {
    world.running.lock().unwrap().remove(&process);
    world.answer(id, Err(String::from_utf8_lossy(&body).into_owned()));
    StatusCode::ACCEPTED
}
