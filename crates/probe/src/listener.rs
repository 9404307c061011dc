//! The receiver of the sandbox's webhooks.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::Error;

/// The most webhooks that are kept. A probe causes about 60.
const MAX_DELIVERIES: usize = 2_000;

/// A webhook as it arrived.
#[derive(Debug, Clone)]
pub(crate) struct Delivery {
    /// Event key; empty if there was none.
    pub(crate) key: String,
    /// `X-Request-UUID`; empty if there was none.
    pub(crate) request: String,
    /// Headers whose names speak of a signature.
    pub(crate) signatures: Vec<(String, String)>,
    /// Bytes of the body.
    pub(crate) raw: Bytes,
    /// The body as JSON; `Null` if it is none.
    pub(crate) body: Value,
}

impl Delivery {
    fn new(headers: &HeaderMap, raw: Bytes) -> Self {
        let text = |name: &str| {
            headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned()
        };
        let names = headers.keys().map(axum::http::HeaderName::as_str);
        let signing = names.filter(|name| name.contains("signature"));
        Self {
            key: text("x-event-key"),
            request: text("x-request-uuid").trim_matches(['{', '}']).to_owned(),
            signatures: signing.map(|name| (name.to_owned(), text(name))).collect(),
            body: serde_json::from_slice(&raw).unwrap_or_default(),
            raw,
        }
    }

    /// True if it is about a comment.
    pub(crate) fn is_about(&self, comment: u64) -> bool {
        self.body.pointer("/comment/id").and_then(Value::as_u64) == Some(comment)
    }
}

#[derive(Debug, Default)]
struct Received {
    deliveries: Mutex<Vec<Delivery>>,
    /// True if webhooks are answered 500.
    fails: AtomicBool,
}

/// A server that keeps each webhook. It ends when it is dropped.
#[derive(Debug)]
pub struct Listener {
    address: SocketAddr,
    received: Arc<Received>,
    server: JoinHandle<()>,
}

impl Listener {
    /// Begins to listen.
    ///
    /// # Errors
    ///
    /// [`Error::Listen`] if the address cannot be used.
    pub async fn open(address: SocketAddr) -> Result<Self, Error> {
        let failed = |error: std::io::Error| Error::Listen { address, reason: error.to_string() };
        let socket = TcpListener::bind(address).await.map_err(failed)?;
        let address = socket.local_addr().map_err(failed)?;
        let received = Arc::<Received>::default();
        let routes = Router::new().fallback(post(receive)).with_state(Arc::clone(&received));
        let server = tokio::spawn(async move {
            // It serves until it is aborted.
            let _ = axum::serve(socket, routes).await;
        });
        Ok(Self { address, received, server })
    }

    /// The address, with the port that the system chose.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Everything that arrived so far.
    pub(crate) fn deliveries(&self) -> Vec<Delivery> {
        self.received.deliveries.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Answers webhooks with 500 from now on, or not any more.
    pub(crate) fn fail(&self, fails: bool) {
        self.received.fails.store(fails, Ordering::Relaxed);
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn receive(State(received): State<Arc<Received>>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let mut deliveries = received.deliveries.lock().unwrap_or_else(PoisonError::into_inner);
    if deliveries.len() < MAX_DELIVERIES {
        deliveries.push(Delivery::new(&headers, body));
    }
    if received.fails.load(Ordering::Relaxed) { StatusCode::INTERNAL_SERVER_ERROR } else { StatusCode::OK }
}
