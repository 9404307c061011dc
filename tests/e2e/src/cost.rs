//! `DynamoDB`'s write units of everything that was written, from the images in the table's stream.

use std::collections::HashMap;

use aws_sdk_dynamodbstreams::types::{AttributeValue, Record};
use serde_dynamo::Item;
use store::units::Call;
pub use store::units::{Units, Written};

/// Kinds of items that are written alone, without a transaction.
const ALONE: [&str; 4] = ["kept", "budget", "lease", "authorization"];

/// The newest image of each item, and the units so far.
#[derive(Debug, Default)]
pub struct Counted {
    images: HashMap<(String, String), Item>,
    /// The units.
    pub written: Written,
}

impl Counted {
    /// Adds the records of one read.
    pub(crate) fn add(&mut self, records: &[Record]) {
        for record in records {
            let Some(image) = record.dynamodb().and_then(|change| change.new_image()) else { continue };
            let item: Item = image
                .iter()
                .map(|(name, value)| (name.clone(), plain(value)))
                .collect::<HashMap<_, _>>()
                .into();
            let text =
                |name: &str| image.get(name).and_then(|value| value.as_s().ok()).cloned().unwrap_or_default();
            let call = if ALONE.contains(&&*text("kind")) { Call::Alone } else { Call::Transaction };
            let before = self.images.remove(&(text("pk"), text("sk")));
            self.written.put(before.as_ref(), &item, call);
            self.images.insert((text("pk"), text("sk")), item);
        }
    }
}

fn plain(value: &AttributeValue) -> serde_dynamo::AttributeValue {
    match value {
        AttributeValue::S(text) => serde_dynamo::AttributeValue::S(text.clone()),
        AttributeValue::N(number) => serde_dynamo::AttributeValue::N(number.clone()),
        AttributeValue::B(bytes) => serde_dynamo::AttributeValue::B(bytes.as_ref().to_vec()),
        _ => serde_dynamo::AttributeValue::Null(true),
    }
}
