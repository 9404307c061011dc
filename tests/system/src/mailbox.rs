//! A step between Bitbucket and the webhook function that can hold webhooks back. The simulator's own delays run in
//! real time; here a webhook is late in injected time.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::request::Parts;
use http::{Request, StatusCode};
use relay::LinkId;
use tokio::net::TcpListener;
use tower::ServiceExt;

/// The largest webhook.
const MAX_BYTES: usize = 1 << 20;

/// Request id of the next repeated webhook.
static NEXT_REQUEST: AtomicU64 = AtomicU64::new(1);

/// Attempts for one webhook, as at Bitbucket.
const MAX_ATTEMPTS: u32 = 3;

/// The step between Bitbucket and the webhook function.
#[derive(Debug)]
pub struct Mailbox {
    function: Router,
    held: Mutex<Held>,
}

#[derive(Debug, Default)]
struct Held {
    holding: bool,
    letters: Vec<Letter>,
}

/// One webhook that was held back.
#[derive(Debug, Clone)]
pub struct Letter {
    parts: Parts,
    body: Bytes,
}

impl Letter {
    /// The event key.
    pub fn key(&self) -> &str {
        self.parts.headers["x-event-key"].to_str().unwrap()
    }

    /// The same body and signature as a new request with another event key. The signature covers the body alone.
    #[must_use]
    pub fn under(&self, key: &str) -> Self {
        let mut letter = self.clone();
        letter.parts.headers.insert("x-event-key", key.parse().unwrap());
        letter.parts.headers.insert("x-request-uuid", NEXT_REQUEST.fetch_add(1, Ordering::Relaxed).into());
        letter
    }
}

impl Mailbox {
    /// Serves a mailbox in front of `function` on a free port, and returns its URL.
    pub async fn open(function: Router) -> (Arc<Self>, String) {
        let mailbox = Arc::new(Self { function, held: Mutex::default() });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let routes = Router::new().fallback(arrives).with_state(Arc::clone(&mailbox));
        tokio::spawn(async move { axum::serve(listener, routes).await });
        (mailbox, url)
    }

    /// Holds webhooks back from now on. Bitbucket gets the answer 200 for them.
    pub fn hold(&self) {
        self.held.lock().unwrap().holding = true;
    }

    /// Stops holding webhooks back, and returns those that were held, in the order of their arrival.
    pub fn stop_holding(&self) -> Vec<Letter> {
        let mut held = self.held.lock().unwrap();
        held.holding = false;
        std::mem::take(&mut held.letters)
    }

    /// Delivers a webhook, with up to two retries after a 5xx answer. Returns the last status.
    pub async fn deliver(&self, letter: &Letter) -> StatusCode {
        let mut status = StatusCode::OK;
        for attempt in 1..=MAX_ATTEMPTS {
            let mut parts = letter.parts.clone();
            parts.headers.insert("x-attempt-number", attempt.into());
            status = self.pass(Request::from_parts(parts, Body::from(letter.body.clone()))).await.status();
            if !status.is_server_error() {
                break;
            }
        }
        status
    }

    /// Delivers a body that somebody made, without a signature. Returns the status.
    pub(crate) async fn deliver_forged(&self, link: &LinkId, key: &str, body: String) -> StatusCode {
        let request = Request::post(format!("/webhook/{link}"))
            .header("content-type", "application/json")
            .header("x-event-key", key)
            .header("x-request-uuid", format!("forged-{}", NEXT_REQUEST.fetch_add(1, Ordering::Relaxed)));
        self.pass(request.body(Body::from(body)).unwrap()).await.status()
    }

    async fn pass(&self, request: Request<Body>) -> Response {
        self.function.clone().oneshot(request).await.unwrap()
    }
}

async fn arrives(State(mailbox): State<Arc<Mailbox>>, request: Request<Body>) -> Response {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, MAX_BYTES).await.unwrap();
    {
        let mut held = mailbox.held.lock().unwrap();
        if held.holding {
            held.letters.push(Letter { parts, body });
            return StatusCode::OK.into_response();
        }
    }
    mailbox.pass(Request::from_parts(parts, Body::from(body))).await
}
