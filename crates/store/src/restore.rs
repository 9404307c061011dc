//! Restoring: items of a copy of the table, as point-in-time recovery makes one, are put back where they are missing.
//!
//! Nothing is overwritten, so a restore can be stopped and run again.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::types::AttributeValue;
use futures::{StreamExt as _, TryStreamExt as _};
use relay::EventId;
use serde_dynamo::Item;
use std::collections::HashMap;

use crate::Error;
use crate::aws::{DYNAMODB, dynamodb, failure};
use crate::codec::{self, FactItem, StateItem, corrupt, keys, keys_of, state_from_item, text};

/// Numbers that a restored subject leaves out of its sequence. Events that were published after the copy was made and
/// are lost had the next numbers. No number is used twice, so subscribers do not mistake new events for old ones.
pub const SEQUENCE_JUMP: u64 = 1_000_000;

/// Kinds that are only valid for the moment.
const PASSING: [&str; 3] = ["budget", "lease", "authorization"];

/// Concurrent writes.
const WRITES_AT_ONCE: usize = 16;

/// True if an item of the copy is put back: it is not only valid for the moment.
pub(crate) fn lasts(item: &Item) -> bool {
    !PASSING.contains(&text(item, "kind"))
}

/// Returns the items to put back for a state of the copy, in this order. `logged` are the ids of its subject's events in
/// the table. *Safety* (G5): the copy does not know those that were stored after it was made.
///
/// # Errors
///
/// [`Error::Corrupt`] or [`Error::NewerFormat`] for a state that cannot be read.
pub(crate) fn restored_state(item: Item, logged: Vec<EventId>) -> Result<Vec<Item>, Error> {
    let (pk, sk) = keys_of(&item);
    let (link, _) = keys::parse_subject(&pk).map_err(|error| corrupt(&pk, &sk, &error))?;
    let mut state = state_from_item(item)?;
    state.sequence = state.sequence.saturating_add(SEQUENCE_JUMP);
    let facts = if state.facts_are_stored { Vec::new() } else { state.remember_logged(logged) };
    let facts = facts.iter().map(|id| codec::item(&pk, &keys::fact(id), FactItem::new(&pk, id)));
    facts.chain([StateItem::encode(&pk, &link, &state)]).collect()
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

impl std::ops::AddAssign for Restored {
    fn add_assign(&mut self, other: Self) {
        self.put += other.put;
        self.present += other.present;
        self.passing += other.passing;
    }
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
    /// [`Error::Corrupt`] or [`Error::NewerFormat`] for a state that cannot be read, and those of both tables. The page
    /// can be tried again.
    pub async fn next(&mut self) -> Result<Option<Restored>, Error> {
        if self.is_done {
            return Ok(None);
        }
        let scan = self.client.scan().table_name(&self.copy).consistent_read(true);
        let page = scan.set_exclusive_start_key(self.after.clone()).send().await;
        let page = page.map_err(|error| failure(DYNAMODB, "Scan", &error))?;
        let writes = page.items.unwrap_or_default().into_iter().map(|item| self.put(Item::from(item)));
        let writes = futures::stream::iter(writes).buffer_unordered(WRITES_AT_ONCE);
        let count = async |mut sum: Restored, one| {
            sum += one;
            Ok(sum)
        };
        let counts = writes.try_fold(Restored::default(), count).await?;
        self.after = page.last_evaluated_key;
        self.is_done = self.after.is_none();
        Ok(Some(counts))
    }

    /// Puts an item back, if it lasts and is missing.
    async fn put(&self, item: Item) -> Result<Restored, Error> {
        if !lasts(&item) {
            return Ok(Restored { passing: 1, ..Restored::default() });
        }
        let (pk, sk) = keys_of(&item);
        if sk != keys::STATE {
            return self.put_missing(item).await;
        }
        let mut outcome = Restored::default();
        for item in restored_state(item, self.logged(&pk).await?)? {
            outcome = self.put_missing(item).await?;
        }
        Ok(outcome)
    }

    /// Returns the ids of the events that the table has of a subject.
    async fn logged(&self, pk: &str) -> Result<Vec<EventId>, Error> {
        let query = self.client.query().table_name(&self.table).consistent_read(true);
        let query = query
            .key_condition_expression("pk = :pk AND begins_with(sk, :event)")
            .expression_attribute_values(":pk", AttributeValue::S(pk.to_owned()))
            .expression_attribute_values(":event", AttributeValue::S("event#".to_owned()))
            .projection_expression("id");
        let items: Vec<_> = query
            .into_paginator()
            .items()
            .send()
            .try_collect()
            .await
            .map_err(|error| failure(DYNAMODB, "Query", &error))?;
        let ids = items.iter().filter_map(|item| item.get("id")?.as_s().ok());
        Ok(ids.map(EventId::stored).collect())
    }

    async fn put_missing(&self, item: Item) -> Result<Restored, Error> {
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
