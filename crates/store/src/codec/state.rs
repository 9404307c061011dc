//! States as items. A state with a watch also appears in the sparse index `due`.

use jiff::Timestamp;
use relay::state::MAX_STATE_WEIGHT;
use relay::{LinkId, Subject, SubjectState};
use relay::{Reason, Watch};
use serde::{Deserialize, Serialize};
use serde_dynamo::Item;

use super::binary::Binary;
use super::{compress, compressed_item, corrupt, keys, read};
use crate::Error;
use crate::shard::{Shard, WatchKind};

/// Largest compressed state. DynamoDB accepts 400 KB per item
/// (<https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html>).
const MAX_STATE_BYTES: usize = 380 * 1024;

// The fold keeps every state below its weight, which a test compares with what is stored.
const _: () = assert!(MAX_STATE_WEIGHT < MAX_STATE_BYTES);

/// Largest state before compression. It limits the memory for reading a state.
const MAX_STATE_JSON_BYTES: usize = 16 * 1024 * 1024;

const KIND: &str = "state";

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct StateItem {
    pk: String,
    sk: String,
    kind: String,
    version: u64,
    state: Binary,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    due_partition: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    due_at_ms: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    due_reason: Option<Reason>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    due_deadline_ms: Option<i64>,
}

impl StateItem {
    pub(crate) fn encode(pk: &str, link: &LinkId, state: &SubjectState) -> Result<Item, Error> {
        let unwritable = |error: &dyn std::fmt::Display| corrupt(pk, keys::STATE, error);
        let json = serde_json::to_vec(state).map_err(|error| unwritable(&error))?;
        within("the state before compression", json.len(), MAX_STATE_JSON_BYTES)?;
        let compressed = compress::compress(&json).map_err(|error| unwritable(&error))?;
        within("the compressed state", compressed.len(), MAX_STATE_BYTES)?;
        let shard = Shard::of(link);
        let state_item = Self {
            pk: pk.to_owned(),
            sk: keys::STATE.to_owned(),
            kind: KIND.to_owned(),
            version: state.version,
            state: Binary(compressed),
            due_partition: state.watch.map(|watch| shard.due_partition(WatchKind::of(state, watch))),
            due_at_ms: state.watch.map(|watch| rounded_up_ms(watch.due_at)),
            due_reason: state.watch.map(|watch| watch.reason),
            due_deadline_ms: state.watch.and_then(|watch| watch.deadline).map(rounded_up_ms),
        };
        compressed_item(pk, keys::STATE, state_item)
    }
}

/// Rounds up, so that no watch is due too early.
pub(crate) fn rounded_up_ms(time: Timestamp) -> i64 {
    let whole = time.as_millisecond();
    if time.subsec_nanosecond() % 1_000_000 > 0 { whole.saturating_add(1) } else { whole }
}

const fn within(what: &'static str, bytes: usize, max_bytes: usize) -> Result<(), Error> {
    if bytes > max_bytes { Err(Error::TooLarge { what, bytes, max_bytes }) } else { Ok(()) }
}

/// Reads the item of a state.
pub(crate) fn state_from_item(item: Item) -> Result<SubjectState, Error> {
    let read: StateItem = read(item)?;
    let unreadable = |reason: &dyn std::fmt::Display| corrupt(&read.pk, keys::STATE, reason);
    let json =
        compress::decompress(&read.state.0, MAX_STATE_JSON_BYTES).map_err(|error| unreadable(&error))?;
    // The parser's message could hold a piece of a payload.
    let state: SubjectState = serde_json::from_slice(&json)
        .map_err(|error| unreadable(&format!("{:?} error at column {}", error.classify(), error.column())))?;
    if state.version != read.version {
        return Err(unreadable(&"its version is not that of the state in it"));
    }
    if state.version.max(state.sequence) >= keys::MAX_SEQUENCE {
        return Err(unreadable(&"its version or its sequence is impossible"));
    }
    Ok(state)
}

/// A watch that is due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DueWatch {
    /// The link whose credential the poll uses.
    pub link: LinkId,
    /// The subject to poll.
    pub subject: Subject,
    /// The watch: its time (to the millisecond) and reason.
    pub watch: Watch,
}

/// The attributes of a state's item in the index `due`.
#[derive(Debug, Deserialize)]
struct DueItem {
    pk: String,
    due_at_ms: i64,
    due_reason: Reason,
    #[serde(default)]
    due_deadline_ms: Option<i64>,
}

/// Reads an item of the index. An unreadable item raises an alarm and is skipped, so that the other watches are still
/// polled.
pub(crate) fn due_watch(item: Item) -> Option<DueWatch> {
    read_due_watch(item)
        .inspect_err(|error| tracing::error!(alarm = "watch_unreadable", %error, "due watch cannot be read; its subject is not polled"))
        .ok()
}

fn read_due_watch(item: Item) -> Result<DueWatch, Error> {
    let read: DueItem = read(item)?;
    let unreadable = |reason: &dyn std::fmt::Display| corrupt(&read.pk, keys::STATE, reason);
    let (link, subject): (LinkId, Subject) =
        keys::parse_subject(&read.pk).map_err(|error| unreadable(&error))?;
    let due_at = Timestamp::from_millisecond(read.due_at_ms).map_err(|error| unreadable(&error))?;
    let deadline = read.due_deadline_ms.and_then(|ms| Timestamp::from_millisecond(ms).ok());
    Ok(DueWatch { link, subject, watch: Watch { due_at, reason: read.due_reason, deadline } })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn size_within_its_limit_is_accepted() {
        assert!(within("a state", 5, 5).is_ok());
        assert!(within("a state", 6, 5).is_err());
    }

    #[test]
    fn watch_is_never_due_too_early() {
        for (nanosecond, rounded_ms) in [(0, 0), (1, 1), (999_999, 1), (1_000_000, 1), (1_000_001, 2)] {
            assert_eq!(rounded_up_ms(Timestamp::from_nanosecond(nanosecond).unwrap()), rounded_ms);
        }
    }
}
