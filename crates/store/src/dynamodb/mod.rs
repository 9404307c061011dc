//! The table in DynamoDB.

mod transact;

use std::collections::HashMap;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::http::HttpResponse;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::types::AttributeValue;
use bitbucket::{PullRequestId, RepositoryId};
use jiff::Timestamp;
use relay::ShortHash;
use relay::{Event, LinkId, Subject, SubjectState};
use serde_dynamo::Item;

use crate::Error;
use crate::aws::{self, DYNAMODB, failure};
use crate::codec::{self, DueWatch, LeaseItem, keys};
use crate::commit::{Commit, CommitError};
use crate::document::{self, Document, Documents};
use crate::kept::KeptKey;
use crate::retention::Retention;
use crate::shard::Shard;
use crate::table::{Leases, SubjectLog};
use crate::transaction::{Condition, writes};

/// The name of the sparse index of due watches.
const DUE_INDEX: &str = "due";

/// Largest number of pages per query. A page is up to 1 MB, which is at least one event.
const MAX_PAGES: usize = 100;

/// Number of pull requests with one head, now or lately, that are read.
const HEADS_READ: usize = 100;

type Attributes = HashMap<String, AttributeValue>;

/// The table in DynamoDB. Keys and items are those of [`crate::codec`].
#[derive(Debug, Clone)]
pub struct DynamoTable {
    client: Client,
    table: String,
    retention: Retention,
}

impl DynamoTable {
    /// Uses the table of this name. Nothing is sent yet. Every call ends within 5 seconds.
    pub fn connect(config: &aws_config::SdkConfig, table: impl Into<String>) -> Self {
        Self { client: aws::dynamodb(config), table: table.into(), retention: Retention::default() }
    }

    /// Keeps new events so long. Stored events keep their own time.
    #[must_use]
    pub fn with_retention(self, retention: Retention) -> Self {
        Self { retention, ..self }
    }

    /// Reads one item, strongly consistent.
    async fn get(&self, pk: String, sk: &str) -> Result<Option<Item>, Error> {
        let answer = self
            .client
            .get_item()
            .table_name(&self.table)
            .set_key(Some(key(pk, sk)))
            .consistent_read(true)
            .send()
            .await
            .map_err(|error| failure(DYNAMODB, "GetItem", &error))?;
        Ok(answer.item.map(Item::from))
    }

    /// Puts an item of this version, if the version before it is stored. False if it is not.
    async fn put_after(&self, version: u64, item: Item) -> Result<bool, Error> {
        let put = self.client.put_item().table_name(&self.table).set_item(Some(item.into()));
        let put = match Condition::before(version) {
            Condition::VersionIs(before) => put
                .condition_expression("version = :version")
                .expression_attribute_values(":version", AttributeValue::N(before.to_string())),
            _ => put.condition_expression("attribute_not_exists(pk)"),
        };
        condition_held("PutItem", put.send().await)
    }

    /// Returns at most `limit` items of one partition of the index that are due at `until` and that `read` can read.
    async fn due_of<R: Send>(
        &self,
        partition: String,
        until: Timestamp,
        limit: usize,
        read: fn(Item) -> Option<R>,
    ) -> Result<Vec<R>, Error> {
        let mut due = Vec::new();
        let mut from = None;
        for _ in 0..MAX_PAGES {
            let page = self
                .client
                .query()
                .table_name(&self.table)
                .index_name(DUE_INDEX)
                .key_condition_expression("due_partition = :due AND due_at_ms <= :until")
                .expression_attribute_values(":due", text(&partition))
                .expression_attribute_values(":until", number(until.as_millisecond()))
                .limit(page_size(limit.saturating_sub(due.len())))
                .set_exclusive_start_key(from)
                .send()
                .await
                .map_err(|error| failure(DYNAMODB, "Query", &error))?;
            due.extend(page.items.unwrap_or_default().into_iter().filter_map(|item| read(item.into())));
            from = page.last_evaluated_key;
            if from.is_none() || due.len() >= limit {
                break;
            }
        }
        due.truncate(limit);
        Ok(due)
    }
}

impl SubjectLog for DynamoTable {
    async fn read(&self, link: &LinkId, subject: &Subject) -> Result<SubjectState, Error> {
        let item = self.get(keys::subject(link, subject)?, keys::STATE).await?;
        item.map_or_else(|| Ok(SubjectState::default()), codec::state_from_item)
    }

    async fn commit(&self, commit: &Commit<'_>) -> Result<(), CommitError> {
        transact::write(&self.client, &self.table, writes(commit, self.retention)?).await
    }

    async fn due_in(&self, shard: Shard, until: Timestamp, limit: usize) -> Result<Vec<DueWatch>, Error> {
        let mut due = Vec::new();
        for partition in shard.due_partitions() {
            due.extend(self.due_of(partition, until, limit, codec::due_watch).await?);
        }
        due.sort_by_key(|due: &DueWatch| due.watch.due_at);
        Ok(due)
    }

    async fn kept_in(&self, shard: Shard, until: Timestamp, limit: usize) -> Result<Vec<KeptKey>, Error> {
        let key = |item: Item| Some(KeptKey::stored(codec::keys_of(&item).0));
        self.due_of(shard.kept_partition(), until, limit, key).await
    }

    async fn events(
        &self,
        link: &LinkId,
        subject: &Subject,
        after_sequence: u64,
        limit: usize,
    ) -> Result<Vec<Event>, Error> {
        let pk = keys::subject(link, subject)?;
        let mut items = Vec::new();
        let mut from = None;
        for _ in 0..MAX_PAGES {
            let page = self
                .client
                .query()
                .table_name(&self.table)
                .key_condition_expression("pk = :pk AND sk BETWEEN :first AND :last")
                .expression_attribute_values(":pk", text(&pk))
                .expression_attribute_values(":first", text(keys::event(after_sequence.saturating_add(1))))
                .expression_attribute_values(":last", text(keys::LAST_EVENT))
                .consistent_read(true)
                .limit(page_size(limit.saturating_add(1)))
                .set_exclusive_start_key(from)
                .send()
                .await
                .map_err(|error| failure(DYNAMODB, "Query", &error))?;
            items.extend(page.items.unwrap_or_default().into_iter().map(Item::from));
            from = page.last_evaluated_key;
            if from.is_none() || codec::event_count(&items) > limit {
                break;
            }
        }
        // If reading stopped early, the last event may continue in a part that was not read.
        let whole =
            if from.is_none() { limit } else { codec::event_count(&items).saturating_sub(1).min(limit) };
        codec::join_events(items, whole)
    }

    async fn pull_requests_with_head(
        &self,
        link: &LinkId,
        repository: &RepositoryId,
        head: &ShortHash,
        limit: usize,
    ) -> Result<Vec<PullRequestId>, Error> {
        // One page: a commit is the head of few pull requests, and former heads are deleted in time.
        let page = self
            .client
            .query()
            .table_name(&self.table)
            .key_condition_expression("pk = :pk")
            .expression_attribute_values(":pk", text(keys::head(link, repository, head)))
            .consistent_read(true)
            .limit(page_size(HEADS_READ))
            .send()
            .await
            .map_err(|error| failure(DYNAMODB, "Query", &error))?;
        let items = page.items.unwrap_or_default().into_iter().map(Item::from);
        codec::current_pull_requests(items, limit)
    }
}

impl Documents for DynamoTable {
    async fn read_document<D: Document>(&self, key: &D::Key) -> Result<D, Error> {
        document::decode(self.get(D::pk(key), D::KIND).await?)
    }

    async fn store_document<D: Document>(&self, key: &D::Key, document: &D) -> Result<bool, Error> {
        self.put_after(document.version(), document::encode(key, document)?).await
    }
}

impl Leases for DynamoTable {
    async fn lease(&self, name: &str, holder: &str, now: Timestamp, seconds: u32) -> Result<bool, Error> {
        let item = codec::item(&keys::lease(name), keys::LEASE, LeaseItem::new(name, holder, now, seconds))?;
        let put = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(item.into()))
            .condition_expression("attribute_not_exists(pk) OR until_ms <= :now OR holder = :holder")
            .expression_attribute_values(":now", number(now.as_millisecond()))
            .expression_attribute_values(":holder", text(holder))
            .send()
            .await;
        condition_held("PutItem", put)
    }

    async fn release(&self, name: &str, holder: &str) -> Result<bool, Error> {
        let deleted = self
            .client
            .delete_item()
            .table_name(&self.table)
            .set_key(Some(key(keys::lease(name), keys::LEASE)))
            .condition_expression("holder = :holder")
            .expression_attribute_values(":holder", text(holder))
            .send()
            .await;
        condition_held("DeleteItem", deleted)
    }
}

/// True if a conditional write happened.
fn condition_held<T, E>(
    operation: &'static str,
    written: Result<T, SdkError<E, HttpResponse>>,
) -> Result<bool, Error>
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    match written {
        Ok(_) => Ok(true),
        Err(error) if error.code() == Some("ConditionalCheckFailedException") => Ok(false),
        Err(error) => Err(failure(DYNAMODB, operation, &error)),
    }
}

fn key(pk: String, sk: &str) -> Attributes {
    HashMap::from([("pk".to_owned(), AttributeValue::S(pk)), ("sk".to_owned(), text(sk))])
}

fn text(text: impl Into<String>) -> AttributeValue {
    AttributeValue::S(text.into())
}

fn number(number: i64) -> AttributeValue {
    AttributeValue::N(number.to_string())
}

/// DynamoDB's `Limit` counts items; it must be at least 1.
fn page_size(limit: usize) -> i32 {
    i32::try_from(limit.clamp(1, 1_000)).unwrap_or(1)
}
