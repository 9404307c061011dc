//! Payloads for facts that Bitbucket did not report, in the shape of its own payloads.

use bitbucket::EventKey;
use jiff::Timestamp;
use serde_json::{Map, Value};

use super::context::{EventBody, FoldContext};
use crate::event::{Change, EventId, Source};
use crate::state::Known;

/// A larger snapshot is cut. Bitbucket repeats a description up to five times in one payload, a state has to fit one
/// item of the table, and each event of a poll repeats the snapshot.
const MAX_SNAPSHOT_BYTES: usize = 64 * 1024;

/// The lists of accounts in a `pullrequest` object.
const PEOPLE: [&str; 2] = ["participants", "reviewers"];

const ACCOUNT_FIELDS: [&str; 5] = ["type", "uuid", "account_id", "display_name", "nickname"];

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
    ctx.emit(
        fact,
        key,
        EventBody { source: Source::Poll, trusted: true, occurred_at, actor, changes, payload },
    );
}

/// Returns a `pullrequest` or `commit` object in a form that is not too large: without long texts, then with short
/// accounts, then without accounts.
pub(super) fn snapshot(mut raw: Value) -> Value {
    let without =
        |raw: &mut Value, name: &str| drop(raw.as_object_mut().and_then(|fields| fields.remove(name)));
    for long_text in ["rendered", "summary", "description", "message"] {
        if rough_bytes(&raw) > MAX_SNAPSHOT_BYTES {
            without(&mut raw, long_text);
        }
    }
    for accounts in PEOPLE {
        if rough_bytes(&raw) > MAX_SNAPSHOT_BYTES {
            raw.get_mut(accounts).into_iter().for_each(shorten);
        }
    }
    for accounts in PEOPLE {
        if rough_bytes(&raw) > MAX_SNAPSHOT_BYTES {
            without(&mut raw, accounts);
        }
    }
    raw
}

/// Leaves the fields that make an account and its review recognisable.
fn shorten(people: &mut Value) {
    let keep = |value: &mut Value, kept: &[&str]| {
        if let Some(fields) = value.as_object_mut() {
            fields.retain(|name, _| kept.contains(&name.as_str()));
        }
    };
    for person in people.as_array_mut().into_iter().flatten() {
        if let Some(user) = person.get_mut("user") {
            keep(user, &ACCOUNT_FIELDS);
            keep(person, &["type", "user", "role", "approved", "state", "participated_on"]);
        } else {
            keep(person, &ACCOUNT_FIELDS);
        }
    }
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
