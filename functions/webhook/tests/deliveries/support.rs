//! A webhook function on a table in memory, and requests as Bitbucket sends them.

use std::sync::Arc;

use axum::body::Body;
use hmac::{Hmac, KeyInit, Mac};
use http::{Request, StatusCode};
use jiff::Timestamp;
use relay::{Event, LinkId, Settings, Subject};
use serde_json::{Value, json};
use sha2::Sha256;
use store::SubjectLog;
use store::clock::ManualClock;
use store::links::CachedLinks;
use store::memory::{MemoryLinks, MemoryTable};
use tower::ServiceExt;
use webhook::{App, router};

pub(crate) const SECRET: &str = "a secret of this test";
pub(crate) const BODY: &str = r#"{ "repository": {"uuid": "{r}", "full_name": "acme/widgets"},
    "pullrequest": {"id": 1, "updated_on": "2026-11-24T10:00:00.000001+00:00"}, "actor": {"display_name": "Älice"} }"#;

pub(crate) type TestApp = App<MemoryTable, MemoryLinks, ManualClock>;

/// The function.
pub(crate) struct Function {
    pub(crate) app: Arc<TestApp>,
}

/// A request as Bitbucket sends it. Tests change parts of it.
#[derive(Clone)]
pub(crate) struct Sent {
    pub(crate) method: &'static str,
    pub(crate) path: String,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Vec<u8>,
}

pub(crate) fn link() -> LinkId {
    "acme".parse().unwrap()
}

pub(crate) fn pull_request() -> Subject {
    "pullrequest/r/1".parse().unwrap()
}

pub(crate) fn sign(secret: &str, body: &[u8]) -> String {
    let mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap().chain_update(body);
    format!("sha256={}", hex::encode(mac.finalize().into_bytes()))
}

pub(crate) fn link_with(secrets: &[&str]) -> String {
    let secrets: Vec<_> =
        secrets.iter().map(|value| json!({ "value": value, "created_at": "2026-11-24T00:00:00Z" })).collect();
    json!({ "version": 1, "template": "bitbucket-webhook", "webhook_secrets": secrets }).to_string()
}

impl Function {
    pub(crate) fn new() -> Self {
        let links = MemoryLinks::default();
        links.set(&link(), link_with(&[SECRET]));
        Self::with(links)
    }

    pub(crate) fn with(links: MemoryLinks) -> Self {
        let clock = ManualClock::at("2026-11-24T10:00:05Z".parse::<Timestamp>().unwrap());
        let (table, settings) = (MemoryTable::default(), Settings::default());
        Self { app: Arc::new(App { table, links: CachedLinks::bounded(links), clock, settings }) }
    }

    pub(crate) async fn answer(&self, sent: Sent) -> (StatusCode, Value) {
        let mut request = Request::builder().method(sent.method).uri(sent.path);
        for (name, value) in sent.headers {
            request = request.header(name, value);
        }
        let response = router(Arc::clone(&self.app))
            .oneshot(request.body(Body::from(sent.body)).unwrap())
            .await
            .unwrap();
        let status = response.status();
        let body = axum::body::to_bytes(response.into_body(), 1 << 20).await.unwrap();
        (status, serde_json::from_slice(&body).unwrap_or(Value::Null))
    }

    pub(crate) async fn status(&self, sent: Sent) -> u16 {
        self.answer(sent).await.0.as_u16()
    }

    pub(crate) async fn log(&self) -> Vec<Event> {
        self.log_of(&pull_request()).await
    }

    pub(crate) async fn log_of(&self, subject: &Subject) -> Vec<Event> {
        self.app.table.events(&link(), subject, 0, 100).await.unwrap()
    }

    pub(crate) fn stored_items(&self) -> usize {
        self.app.table.items().len()
    }
}

impl Sent {
    /// A valid, signed delivery.
    pub(crate) fn good() -> Self {
        Self::signed(SECRET, BODY)
    }

    pub(crate) fn signed(secret: &str, body: impl Into<Vec<u8>>) -> Self {
        let body = body.into();
        let headers = vec![
            ("content-type", "application/json".to_owned()),
            ("user-agent", "Bitbucket-Webhooks/2.0".to_owned()),
            ("x-event-key", "pullrequest:updated".to_owned()),
            ("x-hook-uuid", "{hook-1}".to_owned()),
            ("x-request-uuid", "request-1".to_owned()),
            ("x-attempt-number", "1".to_owned()),
            ("x-hub-signature", sign(secret, &body)),
        ];
        Self { method: "POST", path: "/webhook/acme".to_owned(), headers, body }
    }

    /// Replaces a header.
    pub(crate) fn header(self, name: &'static str, value: impl Into<String>) -> Self {
        self.without(name).and_header(name, value)
    }

    /// Adds another value of a header.
    pub(crate) fn and_header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    pub(crate) fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(other, _)| *other != name);
        self
    }

    pub(crate) fn method(self, method: &'static str) -> Self {
        Self { method, ..self }
    }

    pub(crate) fn path(self, path: &str) -> Self {
        Self { path: path.to_owned(), ..self }
    }
}
