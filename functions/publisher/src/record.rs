//! Reads records of the table's stream one by one, so that a malformed record does not affect the others.

use aws_lambda_events::event::dynamodb::EventRecord;
use jiff::Timestamp;
use serde::Deserialize;
use serde_dynamo::{AttributeValue, Item};
use serde_json::Value;

use crate::Error;

/// The records of one invocation: one shard, in order. Each stays JSON until it is read.
#[derive(Debug, Default, Deserialize)]
pub struct Batch {
    /// The records.
    #[serde(default, rename = "Records")]
    pub records: Vec<Value>,
}

/// Position of a record in the stream, and the key of its item in the table.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StreamPosition {
    /// The stream's sequence number. Empty if the record has none; reporting an empty one fails the whole batch.
    pub sequence_number: String,
    /// Approximate time of the write, by AWS's clock.
    pub created_at: Option<Timestamp>,
    /// The item's partition key.
    pub pk: Option<String>,
    /// The item's sort key.
    pub sk: Option<String>,
}

/// Content of one record.
#[derive(Debug)]
pub enum Reading {
    /// A new item.
    Inserted(Item),
    /// Any other change. Events are written once and never change, so it holds no event.
    Other,
}

/// Reads a record. Its position is returned even if the rest is malformed.
pub fn read(record: Value) -> (StreamPosition, Result<Reading, Error>) {
    let text = |pointer: &str| record.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
    let mut position = StreamPosition {
        sequence_number: text("/dynamodb/SequenceNumber").unwrap_or_default(),
        created_at: None,
        pk: text("/dynamodb/Keys/pk/S"),
        sk: text("/dynamodb/Keys/sk/S"),
    };
    let Ok(record) = serde_json::from_value::<EventRecord>(record) else {
        // The error omits the reason, which would repeat values of the item.
        return (position, Err(Error::RecordInvalid("not a DynamoDB stream record".to_owned())));
    };
    // A record without a time reads as 1970. It must not count as old.
    let created_ms = record.change.approximate_creation_date_time.timestamp_millis();
    position.created_at = Timestamp::from_millisecond(created_ms).ok().filter(|_| created_ms > 0);
    if matches!(record.event_name.as_str(), "MODIFY" | "REMOVE") {
        return (position, Ok(Reading::Other));
    }
    let image = record.change.new_image;
    let key = |name: &str| match image.get(name) {
        Some(AttributeValue::S(text)) => Some(text.clone()),
        _ => None,
    };
    position.pk = position.pk.or_else(|| key("pk"));
    position.sk = position.sk.or_else(|| key("sk"));
    (position, Ok(Reading::Inserted(image)))
}
