//! Parts that several targets share.

use std::io::Write as _;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bitbucket::WebhookSecret;
use flate2::Compression;
use flate2::write::GzEncoder;
use jiff::{SignedDuration, Timestamp};
use relay::LinkId;
use serde_json::{Value, json};
use store::Clock;
use store::links::CachedLinks;
use store::memory::{ManualClock, MemoryLinks};
use tokio::runtime::Runtime;
use tokio::time::Instant;

/// Time at which every input begins, unless it sets the clock.
pub(super) const START: &str = "2026-11-02T09:10:05Z";

/// The secret of every link.
pub(super) const SECRET: &str = "a secret of the fuzzer";

/// The token of every link.
pub(super) const TOKEN: &str = "a-token-of-the-fuzzer";

/// A runtime whose time passes only while everything waits.
pub(super) fn runtime() -> Runtime {
    tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap()
}

/// A clock that follows the time of its runtime.
#[derive(Debug, Clone, Copy)]
pub(super) struct PausedClock(Instant);

impl PausedClock {
    /// Starts the clock. Call it inside the runtime.
    pub(super) fn start() -> Self {
        Self(Instant::now())
    }
}

impl Clock for PausedClock {
    fn now(&self) -> Timestamp {
        let elapsed = SignedDuration::try_from(self.0.elapsed()).unwrap_or_default();
        start().saturating_add(elapsed).unwrap_or(Timestamp::MAX)
    }
}

/// A clock that a target sets forward.
#[derive(Debug, Clone)]
pub(super) struct SharedClock(pub(super) Arc<ManualClock>);

impl SharedClock {
    pub(super) fn start() -> Self {
        Self(Arc::new(ManualClock::at(start())))
    }
}

impl Clock for SharedClock {
    fn now(&self) -> Timestamp {
        self.0.now()
    }
}

pub(super) fn start() -> Timestamp {
    START.parse().unwrap()
}

pub(super) fn link() -> LinkId {
    "acme".parse().unwrap()
}

pub(super) fn secret() -> WebhookSecret {
    WebhookSecret::new(SECRET).unwrap()
}

/// Returns the link `acme` with a secret and a token.
pub(super) fn links() -> MemoryLinks {
    let links = MemoryLinks::default();
    let document = json!({
        "version": 1,
        "template": "bitbucket-access-token",
        "webhook_secrets": [{ "value": SECRET, "created_at": "2026-11-24T00:00:00Z" }],
        "credential": { "type": "bearer", "token": TOKEN },
    });
    links.set(&link(), document.to_string());
    links
}

pub(super) fn cached_links() -> CachedLinks<MemoryLinks> {
    CachedLinks::bounded(links())
}

/// Returns the items of a list, or the value itself.
pub(super) fn list<'v>(input: &'v Value, name: &str) -> &'v [Value] {
    let listed = input.get(name).unwrap_or(input);
    listed.as_array().map_or(std::slice::from_ref(listed), Vec::as_slice)
}

pub(super) fn text<'v>(value: &'v Value, name: &str) -> Option<&'v str> {
    value.get(name)?.as_str()
}

/// Returns a body: a text as it is, anything else as JSON.
pub(super) fn body(value: Option<&Value>) -> Vec<u8> {
    match value {
        Some(Value::String(text)) => text.clone().into_bytes(),
        Some(value) => value.to_string().into_bytes(),
        None => Vec::new(),
    }
}

/// Returns a text as the bytes of its characters below 256, and others in UTF-8. So an input can hold any bytes.
pub(super) fn bytes(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    for c in text.chars() {
        match u8::try_from(c) {
            Ok(byte) => bytes.push(byte),
            Err(_) => bytes.extend(c.to_string().into_bytes()),
        }
    }
    bytes
}

pub(super) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// Writes out the short forms of attributes in an item of DynamoDB's JSON: `{"gzip": V}` is V as JSON, compressed, as
/// `B`; `{"json": V}` is V as JSON, as `S`; `{"length_of": V}` is the length of V as JSON, as `N`. Inside `json`,
/// `{"gzip_base64": V}` is V compressed and in base64.
pub(super) fn expand_item(item: &Value) -> Value {
    let Some(attributes) = item.as_object() else { return item.clone() };
    attributes
        .iter()
        .map(|(name, attribute)| (name.clone(), expand(attribute)))
        .collect::<serde_json::Map<_, _>>()
        .into()
}

fn expand(attribute: &Value) -> Value {
    if let Some(content) = attribute.get("gzip") {
        return json!({ "B": STANDARD.encode(gzip(&body(Some(content)))) });
    }
    if let Some(content) = attribute.get("json") {
        return json!({ "S": expand_text(content).to_string() });
    }
    if let Some(content) = attribute.get("length_of") {
        return json!({ "N": body(Some(content)).len().to_string() });
    }
    attribute.clone()
}

fn expand_text(value: &Value) -> Value {
    match value {
        Value::Object(fields) if fields.contains_key("gzip_base64") => {
            STANDARD.encode(gzip(&body(fields.get("gzip_base64")))).into()
        }
        Value::Object(fields) => {
            let fields = fields.iter().map(|(name, field)| (name.clone(), expand_text(field)));
            fields.collect::<serde_json::Map<_, _>>().into()
        }
        Value::Array(items) => items.iter().map(expand_text).collect::<Vec<_>>().into(),
        scalar => scalar.clone(),
    }
}

/// Returns shared routes, as the function makes them.
pub(super) fn shared<T>(value: T) -> Arc<T> {
    Arc::new(value)
}
