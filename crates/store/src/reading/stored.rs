//! Events with their payloads, by their keys.

use std::collections::HashMap;
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{AttributeValue, KeysAndAttributes};
use serde_dynamo::Item;

use crate::aws::{DYNAMODB, failure};
use crate::codec::event_from_item;
use crate::{Error, StoredEvent};

/// Largest number of keys in one request
/// (<https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html>).
const MAX_KEYS: usize = 100;

/// Number of requests for the same keys. DynamoDB leaves keys out when it is throttled, and beyond 16 MB.
const MAX_ATTEMPTS: u32 = 8;

/// Pause before the second request; it doubles with each further one.
const FIRST_PAUSE: Duration = Duration::from_millis(50);

/// The keys of an event's item.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ItemKey {
    /// The partition key.
    pub pk: String,
    /// The sort key.
    pub sk: String,
}

pub(super) async fn read(client: &Client, table: &str, keys: &[ItemKey]) -> Result<Vec<StoredEvent>, Error> {
    let mut found = HashMap::new();
    for keys in keys.chunks(MAX_KEYS) {
        for item in items(client, table, keys).await? {
            if let Some(event) = event_from_item(item)? {
                found.insert(ItemKey { pk: event.pk.clone(), sk: event.sk.clone() }, event);
            }
        }
    }
    Ok(keys.iter().filter_map(|key| found.remove(key)).collect())
}

async fn items(client: &Client, table: &str, keys: &[ItemKey]) -> Result<Vec<Item>, Error> {
    let refused =
        |reason: String| Error::Refused { service: DYNAMODB, operation: "BatchGetItem", code: None, reason };
    let text = |text: &str| AttributeValue::S(text.to_owned());
    let keys = keys
        .iter()
        .map(|key| HashMap::from([("pk".to_owned(), text(&key.pk)), ("sk".to_owned(), text(&key.sk))]));
    let wanted = KeysAndAttributes::builder().set_keys(Some(keys.collect())).consistent_read(true).build();
    let wanted = wanted.map_err(|error| refused(error.to_string()))?;
    let mut left = Some(HashMap::from([(table.to_owned(), wanted)]));
    let mut items = Vec::new();
    for attempt in 0..MAX_ATTEMPTS {
        let answer = client.batch_get_item().set_request_items(left).send().await;
        let answer = answer.map_err(|error| failure(DYNAMODB, "BatchGetItem", &error))?;
        items.extend(answer.responses.into_iter().flat_map(HashMap::into_values).flatten().map(Item::from));
        left = answer.unprocessed_keys.filter(|keys| !keys.is_empty());
        if left.is_none() {
            return Ok(items);
        }
        tokio::time::sleep(pause(attempt)).await;
    }
    let reason = format!("it left keys out {MAX_ATTEMPTS} times");
    Err(Error::Unavailable { service: DYNAMODB, operation: "BatchGetItem", code: None, reason })
}

/// Returns the pause after an attempt, counted from 0. It doubles each time.
fn pause(attempt: u32) -> Duration {
    FIRST_PAUSE.saturating_mul(1 << attempt)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pause_doubles() {
        let pauses_ms = (0..4).map(|attempt| pause(attempt).as_millis());
        assert_eq!(pauses_ms.collect::<Vec<_>>(), [50, 100, 200, 400]);
    }
}
