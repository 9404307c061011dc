//! Payloads for facts that Bitbucket did not report, in the shape of its own payloads.

use bitbucket::EventKey;
use jiff::Timestamp;
use serde_json::{Map, Value};

use super::bounds;
use super::context::{EventBody, FoldContext, MAX_SYNTHETIC_BYTES};
use crate::event::{Change, EventId, Source};
use crate::state::{Known, json_bytes};

/// Name of the note of what was cut.
const CUT: &str = "cut";

/// Largest note of what was cut: names of fields, and a link.
const MAX_NOTE_BYTES: usize = 4 * 1024;

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
    /// True if the changes are those since an unsigned snapshot.
    pub(super) since_unsigned: bool,
}

impl Item {
    fn into_field(self) -> Option<(&'static str, Value)> {
        match self {
            Self::Comment(comment) => Some(("comment", comment)),
            Self::Task(task) => Some(("task", task)),
            Self::Review(name, review) => Some((name, review)),
            Self::PullRequest => None,
        }
    }
}

/// Publishes a fact that a poll found: `actor`, `repository`, `pullrequest` or `commit`, and the item, in Bitbucket's
/// order. The pull request is the newest snapshot; its counters are as old as that. An item that is too large is cut,
/// and `cut` says so.
pub(super) fn emit(ctx: &mut FoldContext<'_>, fact: EventId, key: &EventKey, event: Synthetic, item: Item) {
    let Synthetic { occurred_at, actor, changes, since_unsigned } = event;
    let signed = !since_unsigned && !ctx.state.is_unsigned();
    let (repository, about_name, snapshot) = match &ctx.state.known {
        Some(Known::PullRequest(pr)) => (&pr.repository, "pullrequest", &pr.snapshot),
        Some(Known::Commit(commit)) => (&commit.repository, "commit", &commit.commit),
        _ => return,
    };
    let actor = actor.map(bounds::account);
    let fields = [("actor", actor.clone().unwrap_or_default()), ("repository", repository.clone())];
    let fields = fields.into_iter().chain([(about_name, snapshot.clone())]);
    let mut payload: Map<String, Value> = fields.map(|(name, value)| (name.to_owned(), value)).collect();
    if let Some((name, mut value)) = item.into_field() {
        let room = MAX_SYNTHETIC_BYTES.saturating_sub(json_bytes(&payload) + MAX_NOTE_BYTES);
        let note = bounds::item(&mut value, name, room);
        payload.insert(name.to_owned(), value);
        payload.extend(note.map(|note| (CUT.to_owned(), note)));
    }
    let payload = Value::Object(payload).to_string().into_bytes();
    ctx.emit(
        fact,
        key,
        EventBody { source: Source::Poll, trusted: true, signed, occurred_at, actor, changes, payload },
    );
}
