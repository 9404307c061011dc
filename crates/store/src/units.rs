//! DynamoDB's write units of what a table in memory stores, so that tests and benchmarks can count the cost
//! (<https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html>).

use std::collections::BTreeMap;

use serde_dynamo::{AttributeValue, Item};

use crate::codec::{item_bytes, text};

/// A write unit covers an item of this size.
const UNIT_BYTES: usize = 1_024;

/// Keys of the index `due`, and the attributes that it copies.
const DUE: [&str; 4] = ["due_partition", "due_at_ms", "due_reason", "due_deadline_ms"];

/// Keys of the index `log`, and the attributes that it copies.
const LOG: [&str; 9] = [
    "log_partition",
    "log_at",
    "format",
    "id",
    "key",
    "source",
    "repository_name",
    "occurred_at",
    "actor_name",
];

/// Written items and their units, by the kind of item.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Written(BTreeMap<String, Units>);

/// Items and units of one kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Units {
    /// Writes.
    pub writes: usize,
    /// Bytes of the items.
    pub bytes: usize,
    /// Write units of the table.
    pub table: usize,
    /// Write units of the indexes.
    pub index: usize,
}

impl Units {
    /// Write units of the table and of its indexes.
    pub const fn all(&self) -> usize {
        self.table + self.index
    }
}

/// The call that puts an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Call {
    /// `PutItem`.
    Alone,
    /// `TransactWriteItems`, which costs double.
    Transaction,
}

impl Written {
    /// Adds a put, which took the place of `before`.
    pub fn put(&mut self, before: Option<&Item>, item: &Item, call: Call) {
        let bytes = item_bytes(item);
        let each = if call == Call::Transaction { 2 } else { 1 };
        let units = self.0.entry(text(item, "kind").to_owned()).or_default();
        units.writes += 1;
        units.bytes += bytes;
        // An item that becomes smaller costs its earlier size.
        units.table += each * bytes.max(before.map_or(0, item_bytes)).div_ceil(UNIT_BYTES).max(1);
        units.index += index_units(before, item, &DUE) + index_units(before, item, &LOG);
    }

    /// Returns what was added since an earlier count.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Self {
        let difference = |(kind, now): (&String, &Units)| {
            let before = earlier.0.get(kind).copied().unwrap_or_default();
            let units = Units {
                writes: now.writes - before.writes,
                bytes: now.bytes - before.bytes,
                table: now.table - before.table,
                index: now.index - before.index,
            };
            (kind.clone(), units)
        };
        Self(self.0.iter().map(difference).collect())
    }

    /// Returns the kinds with their units.
    pub fn kinds(&self) -> impl Iterator<Item = (&str, &Units)> {
        self.0.iter().map(|(kind, units)| (kind.as_str(), units))
    }

    /// Returns the units of one kind.
    pub fn of(&self, kind: &str) -> Units {
        self.0.get(kind).copied().unwrap_or_default()
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

/// Returns the units of a sparse index. Its first two attributes are its keys. An entry whose key changes costs two: it
/// is deleted and put. An index is written after the transaction, at the usual price.
fn index_units(before: Option<&Item>, item: &Item, attributes: &[&str]) -> usize {
    let entry = |item: &Item| -> Vec<Option<AttributeValue>> {
        attributes.iter().map(|name| item.get(*name).cloned()).collect()
    };
    let is_in = |entry: &Vec<Option<AttributeValue>>| entry.first().is_some_and(Option::is_some);
    let (before, after) = (before.map(entry).filter(is_in), Some(entry(item)).filter(is_in));
    match (&before, &after) {
        (None, None) => 0,
        (before, after) if before == after => 0,
        (Some(before), Some(after)) if before.get(..2) != after.get(..2) => 2,
        _ => 1,
    }
}
