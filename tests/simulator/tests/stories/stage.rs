//! A simulator with a standing clock, three people, and a receiver that records every webhook.

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use jiff::Timestamp;
use serde_json::{Value, json};
use simulator::deliveries::DeliveryRecord;
use simulator::world::pull_request_events;
use simulator::{Answer, ClockStart, Person, Sending, Settings, Simulator};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Events besides those of pull requests that the stories subscribe to.
const REPOSITORY_EVENTS: [&str; 4] =
    ["repo:push", "repo:commit_comment_created", "repo:commit_status_created", "repo:commit_status_updated"];

pub(crate) const SECRET: &str = "a shared secret";

/// Answer of the receiver to one request.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Reply {
    Status(u16),
    /// No answer within the simulator's time-out.
    Hang,
}

/// One request that reached the receiver.
#[derive(Debug, Clone)]
pub(crate) struct Received {
    headers: HeaderMap,
    pub(crate) bytes: Bytes,
}

impl Received {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map(|value| value.to_str().unwrap()).unwrap_or_default()
    }

    pub(crate) fn key(&self) -> &str {
        self.header("X-Event-Key")
    }

    pub(crate) fn body(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap()
    }
}

#[derive(Debug, Default)]
struct Inbox {
    received: Mutex<Vec<Received>>,
    replies: Mutex<VecDeque<Reply>>,
}

async fn receive(State(inbox): State<Arc<Inbox>>, headers: HeaderMap, bytes: Bytes) -> StatusCode {
    inbox.received.lock().unwrap().push(Received { headers, bytes });
    let reply = inbox.replies.lock().unwrap().pop_front();
    match reply {
        None => StatusCode::OK,
        Some(Reply::Status(status)) => StatusCode::from_u16(status).unwrap(),
        Some(Reply::Hang) => {
            tokio::time::sleep(Duration::from_mins(1)).await;
            StatusCode::OK
        }
    }
}

/// The simulator, its receiver and its people.
pub(crate) struct Stage {
    pub(crate) simulator: Simulator,
    pub(crate) alice: Person,
    pub(crate) bob: Person,
    pub(crate) hook_url: String,
    inbox: Arc<Inbox>,
}

/// Start of the clock in every story.
pub(crate) fn start_of_time() -> Timestamp {
    "2026-01-01T00:00:00Z".parse().unwrap()
}

pub(crate) fn settings() -> Settings {
    Settings {
        clock: ClockStart::Manual(start_of_time()),
        sending: Sending {
            timeout: Duration::from_millis(300),
            resend_after: Duration::from_millis(5),
            ..Sending::default()
        },
        ..Settings::default()
    }
}

impl Stage {
    /// A simulator with a hook for everything.
    pub(crate) async fn open() -> Self {
        Self::with(settings()).await
    }

    pub(crate) async fn with(settings: Settings) -> Self {
        let stage = Self::without_hook(settings).await;
        let events: Vec<_> = REPOSITORY_EVENTS.into_iter().chain(pull_request_events()).collect();
        let hook = json!({ "url": stage.hook_url, "events": events, "secret": SECRET });
        expect(201, stage.alice.post("/hooks", hook).await.unwrap());
        stage
    }

    pub(crate) async fn without_hook(settings: Settings) -> Self {
        let inbox = Arc::new(Inbox::default());
        let receiver = axum::Router::new().fallback(receive).with_state(inbox.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let hook_url = format!("http://{}/webhook/test", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, receiver).await });
        let simulator = Simulator::start(settings).await.unwrap();
        let (alice, bob) = (simulator.person("alice").unwrap(), simulator.person("bob").unwrap());
        Self { simulator, alice, bob, hook_url, inbox }
    }

    /// Answers of the receiver to the next requests; after them it answers 200.
    pub(crate) fn will_reply(&self, replies: &[Reply]) {
        self.inbox.replies.lock().unwrap().extend(replies);
    }

    /// All webhooks so far, when no more are on their way.
    pub(crate) async fn received(&self) -> Vec<Received> {
        self.simulator.settle(Duration::from_secs(20)).await.unwrap();
        self.inbox.received.lock().unwrap().clone()
    }

    pub(crate) async fn keys(&self) -> Vec<String> {
        self.received().await.iter().map(|webhook| webhook.key().to_owned()).collect()
    }

    /// The last webhook, which must be of this event key.
    pub(crate) async fn last(&self, key: &str) -> Value {
        let last = self.received().await.pop().expect("no webhook was sent");
        assert_eq!(last.key(), key);
        last.body()
    }

    /// Forgets all webhooks so far.
    pub(crate) async fn forget(&self) {
        self.received().await;
        self.inbox.received.lock().unwrap().clear();
    }

    pub(crate) fn records(&self, what: &str) -> Vec<DeliveryRecord> {
        self.simulator.deliveries().into_iter().filter(|record| record.what == what).collect()
    }

    pub(crate) fn pass(&self, seconds: u64) {
        self.simulator.clock().advance(Duration::from_secs(seconds));
    }

    /// Alice opens a pull request and gets its path.
    pub(crate) async fn pull_request(&self) -> String {
        let body = json!({ "title": "Add a gear", "source": { "branch": { "name": "gear" } } });
        let shown = expect(201, self.alice.post("/pullrequests", body).await.unwrap());
        format!("/pullrequests/{}", shown["id"])
    }

    /// Alice comments and gets the comment's path.
    pub(crate) async fn comment(&self, pull_request: &str, body: Value) -> String {
        let shown = expect(201, self.alice.post(&format!("{pull_request}/comments"), body).await.unwrap());
        format!("{pull_request}/comments/{}", shown["id"])
    }

    /// Alice edits a comment.
    pub(crate) async fn edit(&self, comment: &str, text: &str) -> Value {
        expect(200, self.alice.put(comment, content(text)).await.unwrap())
    }

    /// Alice reads.
    pub(crate) async fn read(&self, path: &str) -> Value {
        expect(200, self.alice.get(path).await.unwrap())
    }

    /// A call to the control API.
    pub(crate) async fn control(&self, path: &str, body: Value) -> Answer {
        self.alice.post(&format!("{}/_control/{path}", self.simulator.url()), body).await.unwrap()
    }
}

/// The body of an answer that must have this status.
pub(crate) fn expect(status: u16, (found, body): Answer) -> Value {
    assert_eq!(found, status, "{body}");
    body
}

pub(crate) fn content(text: &str) -> Value {
    json!({ "content": { "raw": text } })
}

pub(crate) fn inline(text: &str) -> Value {
    json!({ "content": { "raw": text }, "inline": { "path": "src/gear.rs", "to": 3 } })
}
