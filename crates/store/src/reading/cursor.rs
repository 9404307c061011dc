//! A position in a log, to continue there later.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_dynamodb::types::AttributeValue;
use serde::{Deserialize, Serialize};

use super::summary::EventSummary;
use crate::codec::log;

type Attributes = HashMap<String, AttributeValue>;

/// A position in a log: the last event that was passed, in each partition of the index. As JSON, it can be kept in a
/// file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor(BTreeMap<String, Passed>);

/// The keys of an event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Passed {
    log_at: String,
    pk: String,
    sk: String,
}

impl Cursor {
    /// Moves behind an event. Events must pass in the order of the log.
    pub fn pass(&mut self, event: &EventSummary) {
        let log_at = log::at(event.observed_at, event.sequence);
        let key = event.item_key();
        let passed = Passed { log_at, pk: key.pk, sk: key.sk };
        self.0.insert(log::partition(&event.link, &event.subject), passed);
    }

    /// The start of a query of this partition of the index.
    pub(super) fn index_key(&self, partition: &str) -> Option<Attributes> {
        let passed = self.0.get(partition)?;
        let mut key = passed.table_key();
        key.insert("log_partition".to_owned(), AttributeValue::S(partition.to_owned()));
        key.insert("log_at".to_owned(), AttributeValue::S(passed.log_at.clone()));
        Some(key)
    }

    /// The start of a query of this partition of the table.
    pub(super) fn table_key(&self, pk: &str) -> Option<Attributes> {
        let passed = self.0.values().find(|passed| passed.pk == pk)?;
        Some(passed.table_key())
    }
}

impl Passed {
    fn table_key(&self) -> Attributes {
        let text = |text: &str| AttributeValue::S(text.to_owned());
        HashMap::from([("pk".to_owned(), text(&self.pk)), ("sk".to_owned(), text(&self.sk))])
    }
}
