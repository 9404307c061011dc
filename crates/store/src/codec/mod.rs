//! How states, events and markers are written as items of the table, and read back.

mod authorization;
mod binary;
mod event;
mod gzip;
mod head;
pub(crate) mod keys;
mod marker;
pub(crate) mod state;

pub(crate) use authorization::AuthorizationItem;
pub use event::{StoredEvent, event_from_item};
pub(crate) use event::{encode_event, event_count, join_events};
pub(crate) use head::{HeadItem, current_pull_request};
pub(crate) use marker::{BodyItem, BudgetItem, DeliveryItem, FactItem, LeaseItem};
pub(crate) use state::{StateItem, due_watch, state_from_item};

use serde::Serialize;
use serde_dynamo::{AttributeValue, Item};
use sha2::{Digest, Sha256};

use crate::Error;

/// An item of the table. Values of a type that DynamoDB has no word for cannot occur in ours.
pub(crate) fn item<T: Serialize>(pk: &str, sk: &str, value: T) -> Result<Item, Error> {
    serde_dynamo::to_item(value).map_err(|error| corrupt(pk, sk, &error))
}

/// JSON as text, for an attribute.
pub(crate) fn json(pk: &str, sk: &str, value: &impl Serialize) -> Result<String, Error> {
    serde_json::to_string(value).map_err(|error| corrupt(pk, sk, &error))
}

pub(crate) fn corrupt(pk: &str, sk: &str, reason: &dyn std::fmt::Display) -> Error {
    Error::Corrupt { pk: pk.to_owned(), sk: sk.to_owned(), reason: reason.to_string() }
}

/// A text attribute; empty where there is none.
pub(crate) fn text<'i>(item: &'i Item, name: &str) -> &'i str {
    match item.get(name) {
        Some(AttributeValue::S(text)) => text,
        _ => "",
    }
}

/// The size of an item as DynamoDB counts it, about: names and values
/// (<https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html>). Ours are flat.
pub(crate) fn item_bytes(item: &Item) -> usize {
    let value_bytes = |value: &AttributeValue| match value {
        AttributeValue::S(text) | AttributeValue::N(text) => text.len(),
        AttributeValue::B(bytes) => bytes.len(),
        _ => 1,
    };
    item.iter().map(|(name, value)| name.len() + value_bytes(value)).sum()
}

/// The SHA-256 of a body in hex, as [`crate::DeliveryMark`] has it.
pub fn sha256_hex(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

#[cfg(test)]
mod tests;
