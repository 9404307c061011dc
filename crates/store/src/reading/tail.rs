//! Follows the log live, through the table's stream.

use std::collections::BTreeMap;

use aws_sdk_dynamodbstreams::Client;
use aws_sdk_dynamodbstreams::error::ProvideErrorMetadata;
use aws_sdk_dynamodbstreams::types::{Shard, ShardIteratorType};
use serde_dynamo::Item;

use crate::aws::{self, failure};
use crate::codec::event_from_item;
use crate::{Error, StoredEvent};

const SERVICE: &str = "DynamoDB Streams";

/// Largest number of pages of shards; a page has up to 100.
const MAX_SHARD_PAGES: usize = 100;

/// The events from now on. The publisher reads the same stream, and AWS advises at most two readers
/// (<https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Streams.html>): only one tail at a time.
#[derive(Debug)]
pub struct Tail {
    client: Client,
    stream: String,
    /// The next iterator of each shard; `None` if the shard was read to its end.
    shards: BTreeMap<String, Option<String>>,
}

impl Tail {
    /// Opens the stream at its end, without earlier events.
    ///
    /// # Errors
    ///
    /// The stream's errors; [`Error::Refused`] if the table has no stream.
    pub async fn open(config: &aws_config::SdkConfig, table: &str) -> Result<Self, Error> {
        let config = aws_sdk_dynamodbstreams::config::Builder::from(config)
            .timeout_config(aws::timeouts())
            .retry_config(aws::retries())
            .build();
        let client = Client::from_conf(config);
        let listed = client.list_streams().table_name(table).send().await;
        let listed = listed.map_err(|error| failure(SERVICE, "ListStreams", &error))?;
        let stream = listed.streams().first().and_then(|stream| stream.stream_arn()).map(str::to_owned);
        let reason = || format!("the table {table} has no stream");
        let refused =
            || Error::Refused { service: SERVICE, operation: "ListStreams", code: None, reason: reason() };
        let mut tail = Self { client, stream: stream.ok_or_else(refused)?, shards: BTreeMap::new() };
        for shard in tail.listed().await? {
            let Some(id) = shard.shard_id() else { continue };
            // A closed shard too: the next read finds its end and then its children.
            let place = tail.iterator(id, ShardIteratorType::Latest).await?;
            tail.shards.insert(id.to_owned(), place);
        }
        Ok(tail)
    }

    /// Returns the events since the last call. Each subject's events are in order; subjects mix.
    ///
    /// # Errors
    ///
    /// The stream's errors; [`Error::Corrupt`].
    pub async fn next(&mut self) -> Result<Vec<StoredEvent>, Error> {
        let mut events = Vec::new();
        let mut ended = false;
        let open: Vec<_> =
            self.shards.iter().filter_map(|(id, place)| Some((id.clone(), place.clone()?))).collect();
        for (shard, place) in open {
            let page = match self.client.get_records().shard_iterator(place).send().await {
                Ok(page) => page,
                // Other readers used the shard's limit; the next call reads from the same iterator.
                Err(error) if error.code() == Some("LimitExceededException") => continue,
                Err(error) => return Err(failure(SERVICE, "GetRecords", &error)),
            };
            for image in page.records.into_iter().flatten().filter_map(|record| record.dynamodb?.new_image) {
                events.extend(event_from_item(Item::from(image))?);
            }
            ended |= page.next_shard_iterator.is_none();
            self.shards.insert(shard, page.next_shard_iterator);
        }
        if ended {
            self.follow().await?;
        }
        Ok(events)
    }

    /// Opens the children of shards that ended, from their beginning, so that no event is missed.
    async fn follow(&mut self) -> Result<(), Error> {
        for shard in self.listed().await? {
            let Some(id) = shard.shard_id().filter(|id| !self.shards.contains_key(*id)) else { continue };
            let place = self.iterator(id, ShardIteratorType::TrimHorizon).await?;
            self.shards.insert(id.to_owned(), place);
        }
        Ok(())
    }

    async fn listed(&self) -> Result<Vec<Shard>, Error> {
        let (mut shards, mut from) = (Vec::new(), None);
        for _ in 0..MAX_SHARD_PAGES {
            let described = self.client.describe_stream().stream_arn(&self.stream);
            let described = described.set_exclusive_start_shard_id(from).send().await;
            let described = described.map_err(|error| failure(SERVICE, "DescribeStream", &error))?;
            let Some(page) = described.stream_description else { break };
            shards.extend(page.shards.unwrap_or_default());
            from = page.last_evaluated_shard_id;
            if from.is_none() {
                break;
            }
        }
        Ok(shards)
    }

    async fn iterator(&self, shard: &str, kind: ShardIteratorType) -> Result<Option<String>, Error> {
        let place = self.client.get_shard_iterator().stream_arn(&self.stream).shard_id(shard);
        let place = place.shard_iterator_type(kind).send().await;
        Ok(place.map_err(|error| failure(SERVICE, "GetShardIterator", &error))?.shard_iterator)
    }
}
