//! `DynamoDB`'s write units of everything that was written, from the images in the table's stream
//! (<https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html>).

use std::collections::BTreeMap;

use aws_sdk_dynamodbstreams::types::{AttributeValue, OperationType, Record};

/// A write unit covers an item of this size.
const UNIT_BYTES: usize = 1_024;

/// Units for each kilobyte of an item that a transaction writes.
const TRANSACTIONAL: usize = 2;

/// Kinds of items that are written alone, without a transaction.
const ALONE: [&str; 4] = ["kept", "budget", "lease", "authorization"];

/// Written items and their units, by the kind of item.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Written(BTreeMap<String, Units>);

/// Items and units of one kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Units {
    /// Writes.
    pub writes: usize,
    /// Bytes of their images.
    pub bytes: usize,
    /// Write units of the table.
    pub table: usize,
    /// Write units of the indexes `due` and `log`: one for each entry that is put or removed.
    pub index: usize,
}

impl Written {
    /// Adds a record of the stream.
    pub(crate) fn add(&mut self, record: &Record) {
        let Some(image) = record.dynamodb().and_then(|change| change.new_image()) else { return };
        let kind = image.get("kind").and_then(|kind| kind.as_s().ok()).map_or("", String::as_str);
        let bytes = image.iter().map(|(name, value)| name.len() + value_bytes(value)).sum::<usize>();
        let each = if ALONE.contains(&kind) { 1 } else { TRANSACTIONAL };
        let is_change = record.event_name() == Some(&OperationType::Modify);
        let is_due = image.contains_key("due_at_ms");
        let is_logged = image.contains_key("log_partition");
        let units = self.0.entry(kind.to_owned()).or_default();
        units.writes += 1;
        units.bytes += bytes;
        units.table += each * bytes.div_ceil(UNIT_BYTES).max(1);
        // A changed key of an index is two writes: the old entry goes, the new one comes. An event never changes.
        units.index += usize::from(is_due) + usize::from(is_due && is_change) + usize::from(is_logged);
    }

    /// Returns the kinds with their units.
    pub fn kinds(&self) -> impl Iterator<Item = (&str, &Units)> {
        self.0.iter().map(|(kind, units)| (kind.as_str(), units))
    }

    /// Returns the units of all kinds together.
    pub fn total(&self) -> Units {
        self.0.values().fold(Units::default(), |sum, units| Units {
            writes: sum.writes + units.writes,
            bytes: sum.bytes + units.bytes,
            table: sum.table + units.table,
            index: sum.index + units.index,
        })
    }
}

/// Size of a value as `DynamoDB` counts it
/// (<https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html>). A number takes a
/// byte for two digits, and one more.
fn value_bytes(value: &AttributeValue) -> usize {
    match value {
        AttributeValue::S(text) => text.len(),
        AttributeValue::N(number) => number.len().div_ceil(2) + 1,
        AttributeValue::B(bytes) => bytes.as_ref().len(),
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_dynamodbstreams::types::StreamRecord;

    use super::*;

    fn record(kind: &str, bytes: usize, key: Option<&str>, name: OperationType) -> Record {
        let image = StreamRecord::builder()
            .new_image("kind", AttributeValue::S(kind.to_owned()))
            .new_image("text", AttributeValue::S("x".repeat(bytes)));
        let image =
            key.into_iter().fold(image, |image, key| image.new_image(key, AttributeValue::N("1".to_owned())));
        Record::builder().event_name(name).dynamodb(image.build()).build()
    }

    #[test]
    fn units_follow_from_size_transaction_and_index() {
        let mut written = Written::default();
        written.add(&record("event", 100, Some("log_partition"), OperationType::Insert));
        written.add(&record("event", 1_100, Some("log_partition"), OperationType::Insert));
        written.add(&record("state", 100, Some("due_at_ms"), OperationType::Modify));
        written.add(&record("kept", 1_100, Some("due_at_ms"), OperationType::Insert));
        let units: Vec<_> = written.kinds().map(|(kind, units)| (kind, units.table, units.index)).collect();
        assert_eq!(units, [("event", 2 + 4, 2), ("kept", 2, 1), ("state", 2, 2)]);
        assert_eq!(written.total().table, 10);
    }
}
