//! Restoring: items of a copy of the table, as point-in-time recovery makes one, are put back where they are missing.
//!
//! Nothing is overwritten, so a restore can be stopped and run again.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::types::AttributeValue;
use futures::{StreamExt as _, TryStreamExt as _};
use serde_dynamo::Item;
use std::collections::HashMap;

use crate::Error;
use crate::aws::{DYNAMODB, dynamodb, failure};
use crate::codec::{StateItem, corrupt, keys, keys_of, state_from_item, text};

/// Numbers that a restored subject leaves out of its sequence. Events that were published after the copy was made and
/// are lost had the next numbers. No number is used twice, so subscribers do not mistake new events for old ones.
pub const SEQUENCE_JUMP: u64 = 1_000_000;

/// Kinds that are only valid for the moment.
const PASSING: [&str; 3] = ["budget", "lease", "authorization"];

/// Concurrent writes.
const WRITES_AT_ONCE: usize = 16;

/// Returns the item to put back for an item of the copy; `None` if it is only valid for the moment.
///
/// # Errors
///
/// [`Error::Corrupt`] or [`Error::NewerFormat`] for a state that cannot be read.
pub fn restored(item: Item) -> Result<Option<Item>, Error> {
    if PASSING.contains(&text(&item, "kind")) {
        return Ok(None);
    }
    let (pk, sk) = keys_of(&item);
    if sk != keys::STATE {
        return Ok(Some(item));
    }
    let (link, _) = keys::parse_subject(&pk).map_err(|error| corrupt(&pk, &sk, &error))?;
    let mut state = state_from_item(item)?;
    state.sequence = state.sequence.saturating_add(SEQUENCE_JUMP);
    StateItem::encode(&pk, &link, &state).map(Some)
}

/// Number of items of a copy, by what became of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Restored {
    /// Put back.
    pub put: u64,
    /// Not put, because the table has an item of the same key.
    pub present: u64,
    /// Left out: they are only valid for the moment.
    pub passing: u64,
}

/// A restore from a copy into a table.
#[derive(Debug)]
pub struct Restore {
    client: Client,
    copy: String,
    table: String,
    /// The key after which the next page starts.
    after: Option<HashMap<String, AttributeValue>>,
    is_done: bool,
}

impl Restore {
    /// Prepares a restore. Nothing is sent yet.
    pub fn new(config: &aws_config::SdkConfig, copy: impl Into<String>, table: impl Into<String>) -> Self {
        let (client, copy, table) = (dynamodb(config), copy.into(), table.into());
        Self { client, copy, table, after: None, is_done: false }
    }

    /// Puts the items of the next page back; `None` at the end.
    ///
    /// # Errors
    ///
    /// Those of [`restored`] and of both tables. The page can be tried again.
    pub async fn next(&mut self) -> Result<Option<Restored>, Error> {
        if self.is_done {
            return Ok(None);
        }
        let scan = self.client.scan().table_name(&self.copy).consistent_read(true);
        let page = scan.set_exclusive_start_key(self.after.clone()).send().await;
        let page = page.map_err(|error| failure(DYNAMODB, "Scan", &error))?;
        let writes = page.items.unwrap_or_default().into_iter().map(|item| self.put(Item::from(item)));
        let writes = futures::stream::iter(writes).buffer_unordered(WRITES_AT_ONCE);
        let count = async |mut sum: Restored, one: Restored| {
            sum.put += one.put;
            sum.present += one.present;
            sum.passing += one.passing;
            Ok(sum)
        };
        let counts = writes.try_fold(Restored::default(), count).await?;
        self.after = page.last_evaluated_key;
        self.is_done = self.after.is_none();
        Ok(Some(counts))
    }

    async fn put(&self, item: Item) -> Result<Restored, Error> {
        let Some(item) = restored(item)? else { return Ok(Restored { passing: 1, ..Restored::default() }) };
        let put = self.client.put_item().table_name(&self.table).set_item(Some(item.into()));
        match put.condition_expression("attribute_not_exists(pk)").send().await {
            Ok(_) => Ok(Restored { put: 1, ..Restored::default() }),
            Err(error) => match error.as_service_error() {
                Some(PutItemError::ConditionalCheckFailedException(_)) => {
                    Ok(Restored { present: 1, ..Restored::default() })
                }
                _ => Err(failure(DYNAMODB, "PutItem", &error)),
            },
        }
    }
}
