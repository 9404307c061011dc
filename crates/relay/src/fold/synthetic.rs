//! Payloads for facts that Bitbucket did not report, in the shape of its own payloads.

use bitbucket::EventKey;
use jiff::Timestamp;
use serde_json::{Map, Value};

use super::context::{EventBody, FoldContext};
use crate::event::{Change, EventId, Source};
use crate::state::Known;

/// A larger snapshot is kept without its long texts. Bitbucket repeats a description up to five times in one payload,
/// and a state has to fit one item of the table.
const MAX_SNAPSHOT_BYTES: usize = 64 * 1024;

/// The item of a synthetic event.
#[derive(Debug)]
pub(super) enum Item {
    Comment(Value),
    Task(Value),
    /// An approval or a request for changes, under its name in Bitbucket's payload.
    Review(&'static str, Value),
    /// The pull request itself.
    PullRequest,
}

/// The fields of a synthetic event that are known.
#[derive(Debug, Default)]
pub(super) struct Synthetic {
    pub(super) occurred_at: Option<Timestamp>,
    pub(super) actor: Option<Value>,
    pub(super) changes: Option<Vec<Change>>,
}

/// Publishes a fact that a poll found: `actor`, `repository`, `pullrequest` or `commit`, and the item, in Bitbucket's
/// order. The pull request is the newest snapshot; its counters are as old as that.
pub(super) fn emit(ctx: &mut FoldContext<'_>, fact: EventId, key: &EventKey, event: Synthetic, item: &Item) {
    let Synthetic { occurred_at, actor, changes } = event;
    let (repository, about_name, snapshot) = match &ctx.state.known {
        Some(Known::PullRequest(pr)) => (&pr.repository, "pullrequest", &pr.snapshot),
        Some(Known::Commit(commit)) => (&commit.repository, "commit", &commit.commit),
        _ => return,
    };
    let about = match item {
        Item::Comment(comment) => Some(("comment", comment)),
        Item::Task(task) => Some(("task", task)),
        Item::Review(name, review) => Some((*name, review)),
        Item::PullRequest => None,
    };
    let fields = [
        ("actor", actor.as_ref().unwrap_or(&Value::Null)),
        ("repository", repository),
        (about_name, snapshot),
    ];
    let payload: Map<String, Value> =
        fields.into_iter().chain(about).map(|(name, value)| (name.to_owned(), value.clone())).collect();
    let payload = Value::Object(payload).to_string().into_bytes();
    ctx.emit(fact, key, EventBody { source: Source::Poll, occurred_at, actor, changes, payload });
}

/// Returns a `pullrequest` or `commit` object without long texts if it is too large.
pub(super) fn snapshot(mut raw: Value) -> Value {
    for long_text in ["rendered", "summary", "description", "message"] {
        if rough_bytes(&raw) <= MAX_SNAPSHOT_BYTES {
            break;
        }
        if let Some(fields) = raw.as_object_mut() {
            fields.remove(long_text);
        }
    }
    raw
}

/// Estimates the size of JSON as text. Escapes are not counted.
fn rough_bytes(value: &Value) -> usize {
    const AROUND_EACH_BYTES: usize = 4;
    let within = match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => 1,
        Value::String(text) => text.len(),
        Value::Array(items) => items.iter().map(rough_bytes).sum(),
        Value::Object(fields) => fields.iter().map(|(name, value)| name.len() + rough_bytes(value)).sum(),
    };
    within + AROUND_EACH_BYTES
}
