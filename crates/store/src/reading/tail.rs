//! Following the log live, through the table's stream.

use std::collections::BTreeMap;

use aws_sdk_dynamodbstreams::Client;
use aws_sdk_dynamodbstreams::error::ProvideErrorMetadata;
use aws_sdk_dynamodbstreams::types::{Shard, ShardIteratorType};
use relay::Event;
use serde_dynamo::Item;

use crate::aws::{self, failure};
use crate::codec::event_from_item;
use crate::{Error, StoredEvent};

const SERVICE: &str = "DynamoDB Streams";

/// The most pages of shards that are read; a page has up to 100.
const MAX_SHARD_PAGES: usize = 100;

/// The events that come from now on. The publisher reads the same stream, and AWS advises at most two readers
/// (<https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Streams.html>): only one tail at a time.
#[derive(Debug)]
pub struct Tail {
    client: Client,
    stream: String,
    /// Where reading goes on in each shard; `None` where it was read to its end.
    shards: BTreeMap<String, Option<String>>,
}

impl Tail {
    /// Begins at the stream's end: what was written before is not told.
    ///
    /// # Errors
    ///
    /// The stream's; [`Error::Refused`] where the table has none.
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
        let refused = || Error::Refused { service: SERVICE, operation: "ListStreams", reason: reason() };
        let mut tail = Self { client, stream: stream.ok_or_else(refused)?, shards: BTreeMap::new() };
        for shard in tail.listed().await? {
            let Some(id) = shard.shard_id() else { continue };
            // Also of a shard that has ended: the next read finds that, and then its children.
            let place = tail.iterator(id, ShardIteratorType::Latest).await?;
            tail.shards.insert(id.to_owned(), place);
        }
        Ok(tail)
    }

    /// The events since the last call; none where there are none. In order for each subject, mixed among them.
    ///
    /// # Errors
    ///
    /// The stream's; [`Error::Corrupt`].
    pub async fn next(&mut self) -> Result<Vec<StoredEvent>, Error> {
        let mut events = Vec::new();
        let mut ended = false;
        let open: Vec<_> =
            self.shards.iter().filter_map(|(id, place)| Some((id.clone(), place.clone()?))).collect();
        for (shard, place) in open {
            let page = match self.client.get_records().shard_iterator(place).send().await {
                Ok(page) => page,
                // Another reader was faster; the place is kept.
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

    /// A shard that ended has children. They are read from their beginning: nothing is missed in between.
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

/// What a list shows of it.
impl From<&StoredEvent> for super::EventSummary {
    fn from(stored: &StoredEvent) -> Self {
        let event: &Event = &stored.event;
        Self::from(event)
    }
}
