//! States, events and markers as items of the table.

mod binary;
mod bounds;
pub(crate) mod compress;
mod event;
pub(crate) mod gzip;
mod head;
pub(crate) mod keys;
pub(crate) mod log;
mod marker;
mod short_event;
pub(crate) mod state;

pub(crate) use event::event_count;
pub use event::{StoredEvent, encode_event, event_from_item, join_events};
pub(crate) use head::{HeadItem, current_pull_requests};
pub(crate) use marker::{DeliveryItem, FactItem, LeaseItem};
pub use state::DueWatch;
pub(crate) use state::{StateItem, due_watch, rounded_up_ms, state_from_item};

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_dynamo::{AttributeValue, Item};
use sha2::{Digest, Sha256};

use crate::Error;

/// Number of the format of most items.
const FORMAT: u64 = 1;

/// Number of the format of states and of most events: compressed with a dictionary. Any change that an earlier version of
/// bitrelay would misread needs a new number.
const COMPRESSED_FORMAT: u64 = 2;

/// The newest format that this version reads.
const NEWEST_FORMAT: u64 = COMPRESSED_FORMAT;

/// The attribute with the number of an item's format.
pub(crate) const FORMAT_ATTRIBUTE: &str = "format";

/// The attribute with the time, in seconds since 1970, after which DynamoDB deletes an item.
const EXPIRES_ATTRIBUTE: &str = "expires_at";

/// Returns an item of the table, with the number of its format. DynamoDB has a type for every value of bitrelay's
/// items.
pub(crate) fn item<T: Serialize>(pk: &str, sk: &str, value: T) -> Result<Item, Error> {
    item_of(FORMAT, pk, sk, value)
}

/// Returns an item whose content is compressed.
fn compressed_item<T: Serialize>(pk: &str, sk: &str, value: T) -> Result<Item, Error> {
    item_of(COMPRESSED_FORMAT, pk, sk, value)
}

fn item_of<T: Serialize>(format: u64, pk: &str, sk: &str, value: T) -> Result<Item, Error> {
    let mut item: Item = serde_dynamo::to_item(value).map_err(|error| corrupt(pk, sk, &error))?;
    item.insert(FORMAT_ATTRIBUTE.to_owned(), AttributeValue::N(format.to_string()));
    Ok(item)
}

/// Reads an item of the table, unless a newer version of bitrelay wrote it.
pub(crate) fn read<T: DeserializeOwned>(item: Item) -> Result<T, Error> {
    let (pk, sk) = keys_of(&item);
    let format = number(&item, FORMAT_ATTRIBUTE).unwrap_or_default();
    if u64::try_from(format).is_ok_and(|format| format > NEWEST_FORMAT) {
        return Err(Error::NewerFormat { pk, sk, format });
    }
    serde_dynamo::from_item(item).map_err(|error| corrupt(&pk, &sk, &error))
}

/// Lets an item expire. DynamoDB deletes it within days after that
/// (<https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/TTL.html>).
pub(crate) fn expire(item: &mut Item, at_seconds: Option<i64>) {
    if let Some(at) = at_seconds {
        item.insert(EXPIRES_ATTRIBUTE.to_owned(), AttributeValue::N(at.to_string()));
    }
}

/// True if DynamoDB will delete the item, or could have deleted its neighbours: it deletes items one by one.
pub(crate) fn expires(item: &Item) -> bool {
    item.contains_key(EXPIRES_ATTRIBUTE)
}

/// Returns the keys of an item, for errors.
pub(crate) fn keys_of(item: &Item) -> (String, String) {
    (text(item, "pk").to_owned(), text(item, "sk").to_owned())
}

/// Returns JSON as text, for an attribute.
pub(crate) fn json(pk: &str, sk: &str, value: &impl Serialize) -> Result<String, Error> {
    serde_json::to_string(value).map_err(|error| corrupt(pk, sk, &error))
}

pub(crate) fn corrupt(pk: &str, sk: &str, reason: &dyn std::fmt::Display) -> Error {
    Error::Corrupt { pk: pk.to_owned(), sk: sk.to_owned(), reason: reason.to_string() }
}

/// Returns a text attribute; empty if the item has none.
pub(crate) fn text<'i>(item: &'i Item, name: &str) -> &'i str {
    match item.get(name) {
        Some(AttributeValue::S(text)) => text,
        _ => "",
    }
}

/// Returns a number attribute.
pub(crate) fn number(item: &Item, name: &str) -> Option<i64> {
    match item.get(name)? {
        AttributeValue::N(number) => number.parse().ok(),
        _ => None,
    }
}

/// Size of an item as DynamoDB counts it, in bytes: names and values
/// (<https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html>). Ours are flat.
pub fn item_bytes(item: &Item) -> usize {
    item.iter().map(|(name, value)| name.len() + value_bytes(value)).sum()
}

/// A number takes a byte for two digits, and one more.
fn value_bytes(value: &AttributeValue) -> usize {
    match value {
        AttributeValue::S(text) => text.len(),
        AttributeValue::N(number) => number.len().div_ceil(2) + 1,
        AttributeValue::B(bytes) => bytes.len(),
        _ => 1,
    }
}

/// Returns the SHA-256 of a body in hex, as [`crate::DeliveryMark`] holds it.
pub fn sha256_hex(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}
