//! An event with a short payload as one item, in format 2.
//!
//! Everything that a list does not show is in one compressed attribute, because the actor and the payload share most of
//! their text. Link, subject, sequence and time of observation are in the keys. So half of all events take one write
//! unit; in format 1 they took three (`make bench-cost`).

use bitbucket::EventKey;
use jiff::Timestamp;
use relay::{Change, Counters, Event, EventId, Source};
use serde::{Deserialize, Serialize};
use serde_dynamo::Item;
use serde_json::Value;

use super::binary::Binary;
use super::bounds::{MAX_ACTOR_BYTES, MAX_CHANGES_BYTES, MAX_NAME_BYTES, MAX_PAYLOAD_BYTES};
use super::{compress, compressed_item, corrupt, json, keys, log, read};
use crate::Error;

/// The attribute that tells format 2 from format 1.
pub(super) const CONTENT: &str = "content";

/// Largest content in this format. A subscriber must be able to read a payload that is too large for the bus with
/// common tools, and a large one gains little from the dictionary.
const MAX_CONTENT_BYTES: usize = 64 * 1024;

#[derive(Debug, Serialize, Deserialize)]
struct ShortEventItem {
    pk: String,
    sk: String,
    kind: String,
    id: EventId,
    key: EventKey,
    source: Source,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    repository_name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    occurred_at: Option<Timestamp>,
    /// Name of the actor, for lists.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    actor_name: Option<String>,
    /// Partition of the index `log`.
    log_partition: String,
    /// Sort key of the index `log`.
    log_at: String,
    /// [`About`] as a line of JSON, then the payload, compressed.
    content: Binary,
}

/// The rest of an event.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct About {
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    untrusted: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    unsigned: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    actor: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    changes: Option<Vec<Change>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    counters: Option<Counters>,
}

/// Returns the item of an event; `None` if the event is too large for this format.
pub(super) fn encode(pk: &str, sk: &str, event: &Event) -> Result<Option<Item>, Error> {
    let about = About {
        untrusted: !event.trusted,
        unsigned: !event.signed,
        actor: within(pk, sk, event.actor.as_ref(), MAX_ACTOR_BYTES)?,
        changes: within(pk, sk, event.changes.as_ref(), MAX_CHANGES_BYTES)?,
        counters: event.counters.clone(),
    };
    let mut content = serde_json::to_vec(&about).map_err(|error| corrupt(pk, sk, &error))?;
    content.push(b'\n');
    if content.len() + event.payload.len() > MAX_CONTENT_BYTES {
        return Ok(None);
    }
    content.extend_from_slice(&event.payload);
    let content = compress::compress(&content).map_err(|error| corrupt(pk, sk, &error))?;
    let item = ShortEventItem {
        pk: pk.to_owned(),
        sk: sk.to_owned(),
        kind: keys::EVENT.to_owned(),
        id: event.id.clone(),
        key: event.key.clone(),
        source: event.source,
        repository_name: event.repository_name.clone().filter(|name| name.len() <= MAX_NAME_BYTES),
        occurred_at: event.occurred_at,
        actor_name: event.actor.as_ref().and_then(log::actor_name),
        log_partition: log::partition(&event.link, &event.subject),
        log_at: log::at(event.observed_at, event.sequence),
        content: Binary(content),
    };
    compressed_item(pk, sk, item).map(Some)
}

/// Returns a field, unless its JSON has more bytes than this.
fn within<T: Serialize + Clone>(
    pk: &str,
    sk: &str,
    field: Option<&T>,
    max_bytes: usize,
) -> Result<Option<T>, Error> {
    let Some(field) = field else { return Ok(None) };
    let bytes = json(pk, sk, field)?.len();
    Ok((bytes <= max_bytes).then(|| field.clone()))
}

/// Reads an item that has [`CONTENT`].
pub(super) fn decode(item: Item) -> Result<Event, Error> {
    let read: ShortEventItem = read(item)?;
    let unreadable = |reason: &dyn std::fmt::Display| corrupt(&read.pk, &read.sk, reason);
    let (link, subject) = keys::parse_subject(&read.pk).map_err(|error| unreadable(&error))?;
    let sequence = keys::sequence(&read.sk).ok_or_else(|| unreadable(&"its key has no sequence"))?;
    let observed_at =
        log::observed_at(&read.log_at).ok_or_else(|| unreadable(&"its `log_at` has no time"))?;
    let content = compress::decompress(&read.content.0, MAX_PAYLOAD_BYTES);
    let content = content.map_err(|error| unreadable(&format!("its content: {error}")))?;
    let end = content.iter().position(|byte| *byte == b'\n');
    let (about, payload) = content.split_at(end.ok_or_else(|| unreadable(&"its content has one part"))?);
    // The parser's message could hold a piece of the content.
    let about: About = serde_json::from_slice(about)
        .map_err(|error| unreadable(&format!("its content: {:?}", error.classify())))?;
    Ok(Event {
        id: read.id,
        key: read.key,
        source: read.source,
        trusted: !about.untrusted,
        signed: !about.unsigned,
        link,
        subject,
        repository_name: read.repository_name,
        sequence,
        occurred_at: read.occurred_at,
        observed_at,
        actor: about.actor,
        changes: about.changes,
        counters: about.counters,
        payload: payload.get(1..).unwrap_or_default().to_vec(),
    })
}
