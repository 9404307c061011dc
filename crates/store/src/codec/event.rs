//! Events as items. A short event is one item in format 2 (`short_event`). A large one has an attribute for each field,
//! and its payload, compressed with gzip, continues in `part` items. That is format 1; earlier versions wrote every event
//! in it.

use bitbucket::EventKey;
use jiff::Timestamp;
use relay::{Event, EventId, LinkId, Source};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_dynamo::Item;
use serde_json::Value;

use super::binary::Binary;
use super::bounds::{MAX_ACTOR_BYTES, MAX_CHANGES_BYTES, MAX_NAME_BYTES, MAX_PAYLOAD_BYTES};
use super::{corrupt, expires, gzip, item, json, keys, log, read, short_event, text};
use crate::Error;

/// Largest part of a compressed payload in one item. The rest of DynamoDB's 400 KB
/// (<https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html>) is for the other attributes.
const MAX_PART_BYTES: usize = 350 * 1024;

const PART: &str = "part";

/// An event from the table or from the table's stream.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredEvent {
    /// The event. Its payload is empty if `complete` is false.
    pub event: Event,
    /// True if the item holds the whole payload. If not, read the event with
    /// [`crate::SubjectLog::events`].
    pub complete: bool,
    /// Length of the uncompressed payload.
    pub payload_bytes: u64,
    /// The item's partition key.
    pub pk: String,
    /// The item's sort key.
    pub sk: String,
}

/// Reads an item of the table, or an image of its stream. `None` if the item is no event.
///
/// # Errors
///
/// [`Error::Corrupt`], [`Error::NewerFormat`], [`Error::TooLarge`].
pub fn event_from_item(item: Item) -> Result<Option<StoredEvent>, Error> {
    if text(&item, "kind") != keys::EVENT {
        return Ok(None);
    }
    if item.contains_key(short_event::CONTENT) {
        let (pk, sk) = super::keys_of(&item);
        let event = short_event::decode(item)?;
        let payload_bytes = event.payload.len() as u64;
        return Ok(Some(StoredEvent { event, complete: true, payload_bytes, pk, sk }));
    }
    let read: EventItem = read(item)?;
    let (complete, payload_bytes) = (read.parts <= 1, read.payload_bytes);
    let (pk, sk) = (read.pk.clone(), read.sk.clone());
    let event = if complete { read.event(&[])? } else { read.event_without_payload()? };
    Ok(Some(StoredEvent { event, complete, payload_bytes, pk, sk }))
}

#[derive(Debug, Serialize, Deserialize)]
struct EventItem {
    pk: String,
    sk: String,
    kind: String,
    id: EventId,
    key: EventKey,
    source: Source,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    untrusted: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    unsigned: bool,
    link: LinkId,
    subject: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    repository_name: Option<String>,
    sequence: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    occurred_at: Option<Timestamp>,
    observed_at: Timestamp,
    /// JSON as text: DynamoDB's types cannot hold every value of an actor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    actor: Option<String>,
    /// JSON as text, like the actor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    changes: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    counters: Option<String>,
    /// Name of the actor, for lists.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    actor_name: Option<String>,
    /// Partition of the index `log`.
    #[serde(default)]
    log_partition: String,
    /// Sort key of the index `log`.
    #[serde(default)]
    log_at: String,
    payload: Binary,
    payload_bytes: u64,
    /// Number of items that hold the payload, this one included.
    parts: usize,
}

impl EventItem {
    /// Returns the event with the payload from this item and its parts.
    fn event(mut self, rest: &[PartItem]) -> Result<Event, Error> {
        let mut compressed = std::mem::take(&mut self.payload.0);
        for part in rest {
            compressed.extend_from_slice(&part.payload.0);
        }
        let (pk, sk, expected) = (self.pk.clone(), self.sk.clone(), self.payload_bytes);
        let payload = gzip::decompress(&compressed, MAX_PAYLOAD_BYTES)
            .map_err(|error| corrupt(&pk, &sk, &format!("its payload: {error}")))?;
        if payload.len() as u64 != expected {
            return Err(corrupt(&pk, &sk, &format!("its payload has not {expected} bytes")));
        }
        Ok(Event { payload, ..self.event_without_payload()? })
    }

    /// Reads a field that holds JSON. An error does not repeat its content.
    fn json<T: DeserializeOwned>(&self, name: &str, text: Option<&str>) -> Result<Option<T>, Error> {
        let read = text.map(serde_json::from_str).transpose();
        read.map_err(|error: serde_json::Error| {
            corrupt(&self.pk, &self.sk, &format!("its {name}: {:?}", error.classify()))
        })
    }

    fn event_without_payload(self) -> Result<Event, Error> {
        let subject = self.subject.parse().map_err(|error| corrupt(&self.pk, &self.sk, &error))?;
        Ok(Event {
            actor: self.json("actor", self.actor.as_deref())?,
            changes: self.json("changes", self.changes.as_deref())?,
            counters: self.json("counters", self.counters.as_deref())?,
            id: self.id,
            key: self.key,
            source: self.source,
            trusted: !self.untrusted,
            signed: !self.unsigned,
            link: self.link,
            subject,
            repository_name: self.repository_name,
            sequence: self.sequence,
            occurred_at: self.occurred_at,
            observed_at: self.observed_at,
            payload: Vec::new(),
        })
    }
}

#[derive(Debug, Serialize, Deserialize)]
struct PartItem {
    pk: String,
    sk: String,
    kind: String,
    payload: Binary,
}

/// Returns an event's items: its own first, then its parts.
///
/// # Errors
///
/// [`Error::TooLarge`] for the payload.
pub fn encode_event(pk: &str, event: &Event) -> Result<Vec<Item>, Error> {
    let sk = keys::event(event.sequence);
    if event.payload.len() > MAX_PAYLOAD_BYTES {
        let bytes = event.payload.len();
        return Err(Error::TooLarge { what: "the payload", bytes, max_bytes: MAX_PAYLOAD_BYTES });
    }
    if let Some(item) = short_event::encode(pk, &sk, event)? {
        return Ok(vec![item]);
    }
    let compressed = gzip::compress(&event.payload).map_err(|error| corrupt(pk, &sk, &error))?;
    let parts: Vec<&[u8]> = compressed.chunks(MAX_PART_BYTES).collect();
    let actor = event.actor.as_ref().map(Value::to_string);
    let changes = event.changes.as_ref().map(|changes| json(pk, &sk, changes)).transpose()?;
    let counters = event.counters.as_ref().map(|counters| json(pk, &sk, counters)).transpose()?;
    let first = EventItem {
        pk: pk.to_owned(),
        sk: sk.clone(),
        kind: keys::EVENT.to_owned(),
        id: event.id.clone(),
        key: event.key.clone(),
        source: event.source,
        untrusted: !event.trusted,
        unsigned: !event.signed,
        link: event.link.clone(),
        subject: event.subject.to_string(),
        repository_name: event.repository_name.clone().filter(|name| name.len() <= MAX_NAME_BYTES),
        sequence: event.sequence,
        occurred_at: event.occurred_at,
        observed_at: event.observed_at,
        actor: actor.filter(|actor| actor.len() <= MAX_ACTOR_BYTES),
        changes: changes.filter(|changes| changes.len() <= MAX_CHANGES_BYTES),
        counters,
        actor_name: event.actor.as_ref().and_then(log::actor_name),
        log_partition: log::partition(&event.link, &event.subject),
        log_at: log::at(event.observed_at, event.sequence),
        payload: Binary(parts.first().copied().unwrap_or_default().to_vec()),
        payload_bytes: event.payload.len() as u64,
        parts: parts.len(),
    };
    let mut items = vec![item(pk, &sk, first)?];
    for (number, bytes) in parts.iter().enumerate().skip(1) {
        let sk = keys::part(event.sequence, number);
        let part = PartItem {
            pk: pk.to_owned(),
            sk: sk.clone(),
            kind: PART.to_owned(),
            payload: Binary(bytes.to_vec()),
        };
        items.push(item(pk, &sk, part)?);
    }
    Ok(items)
}

/// Returns the number of events that begin in these items.
pub(crate) fn event_count(items: &[Item]) -> usize {
    items.iter().filter(|item| text(item, "kind") == keys::EVENT).count()
}

/// Returns at most `limit` events from items in the order of their sort keys. An event's parts follow its own item.
/// Leaves out events that DynamoDB has deleted in part, because their retention has ended.
///
/// # Errors
///
/// As [`event_from_item`].
pub fn join_events(items: Vec<Item>, limit: usize) -> Result<Vec<Event>, Error> {
    let mut items = items.into_iter().peekable();
    let mut events = Vec::new();
    while events.len() < limit {
        let Some(item) = items.next() else { break };
        let expires = expires(&item);
        if expires && text(&item, "kind") == PART {
            continue;
        }
        if item.contains_key(short_event::CONTENT) {
            events.push(short_event::decode(item)?);
            continue;
        }
        let first: EventItem = read(item)?;
        let mut rest: Vec<PartItem> = Vec::new();
        while let Some(part) = items.next_if(|item| text(item, "kind") == PART) {
            rest.push(read(part)?);
        }
        if rest.len() + 1 != first.parts.max(1) {
            if expires {
                continue;
            }
            return Err(corrupt(
                &first.pk,
                &first.sk,
                &format!("it has {} parts of {}", rest.len() + 1, first.parts),
            ));
        }
        events.push(first.event(&rest)?);
    }
    Ok(events)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_counted_without_their_parts() {
        let kinds = [keys::EVENT, PART, PART, keys::EVENT, "state"].map(|kind| {
            let kind = ("kind".to_owned(), serde_dynamo::AttributeValue::S(kind.to_owned()));
            Item::from(std::collections::HashMap::from([kind]))
        });
        assert_eq!(event_count(&kinds), 2);
        assert_eq!(event_count(&kinds[1..3]), 0);
    }
}
