//! Stream records to the publisher, by Lambda's rules for streams: a batch goes on only when it was handled, a partial
//! failure is repeated from its lowest failed record
//! (<https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-batchfailurereporting.html>). The emulator of the local stack
//! does not honour them.

use aws_sdk_dynamodbstreams::Client;
use aws_sdk_dynamodbstreams::types::{AttributeValue, Record, ShardIteratorType};
use base64::Engine;
use serde_json::{Map, Value, json};

use crate::runtime::Runtime;
use crate::table::TABLE;

/// The most records of a batch, as in the template.
const BATCH: usize = 100;

/// A stream of the table with a place in it.
#[derive(Debug)]
pub struct Pump {
    waiting: Vec<Value>,
    iterator: Option<String>,
    client: Client,
}

impl Pump {
    /// From the stream's beginning.
    pub async fn start(client: Client) -> Self {
        let streams = client.list_streams().table_name(TABLE).send().await.unwrap();
        let arn = streams.streams()[0].stream_arn().unwrap().to_owned();
        let described = client.describe_stream().stream_arn(&arn).send().await.unwrap();
        let shard = described.stream_description().unwrap().shards()[0].shard_id().unwrap().to_owned();
        let iterator = client
            .get_shard_iterator()
            .stream_arn(&arn)
            .shard_id(shard)
            .shard_iterator_type(ShardIteratorType::TrimHorizon)
            .send()
            .await
            .unwrap();
        Self { waiting: Vec::new(), iterator: iterator.shard_iterator, client }
    }

    /// Adds a record that no store ever wrote, in front of what comes next.
    pub fn inject(&mut self, record: Value) {
        self.waiting.push(record);
    }

    /// Hands one batch to the publisher. Gives the number of records that are done.
    pub async fn turn(&mut self, runtime: &Runtime) -> usize {
        self.read().await;
        let batch: Vec<_> = self.waiting.iter().take(BATCH).cloned().collect();
        if batch.is_empty() {
            return 0;
        }
        let Ok(answer) = runtime.invoke("publisher", &json!({ "Records": batch })).await else { return 0 };
        let failed: Vec<_> = answer["batchItemFailures"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|failure| failure["itemIdentifier"].as_str())
            .collect();
        let number = |record: &Value| record["dynamodb"]["SequenceNumber"].as_str().unwrap().to_owned();
        let done =
            batch.iter().position(|record| failed.contains(&number(record).as_str())).unwrap_or(batch.len());
        self.waiting.drain(..done);
        done
    }

    /// Whether all that was read is done.
    pub fn is_done(&self) -> bool {
        self.waiting.is_empty()
    }

    async fn read(&mut self) {
        let Some(iterator) = self.iterator.take() else { return };
        let page = self.client.get_records().shard_iterator(iterator).send().await.unwrap();
        // The template's filter: inserts of events only.
        let records = page.records().iter().map(record).filter(|record| {
            record["eventName"] == "INSERT" && record["dynamodb"]["NewImage"]["kind"]["S"] == "event"
        });
        self.waiting.extend(records);
        self.iterator = page.next_shard_iterator;
    }
}

/// A record as Lambda hands it over.
fn record(record: &Record) -> Value {
    let change = record.dynamodb().unwrap();
    let image = |image: Option<&std::collections::HashMap<String, AttributeValue>>| {
        let fields = image.into_iter().flatten();
        fields.map(|(name, value)| (name.clone(), attribute(value))).collect::<Map<_, _>>()
    };
    json!({
        "eventID": record.event_id(),
        "eventName": record.event_name().map(|name| name.as_str().to_owned()),
        "eventVersion": "1.1",
        "eventSource": "aws:dynamodb",
        "awsRegion": "eu-west-1",
        "eventSourceARN": format!("arn:aws:dynamodb:eu-west-1:000000000000:table/{TABLE}/stream/1"),
        "dynamodb": {
            "ApproximateCreationDateTime": change.approximate_creation_date_time().map_or(0.0, aws_sdk_dynamodbstreams::primitives::DateTime::as_secs_f64),
            "Keys": image(change.keys()),
            "NewImage": image(change.new_image()),
            "SequenceNumber": change.sequence_number(),
            "SizeBytes": change.size_bytes(),
            "StreamViewType": "NEW_IMAGE",
        },
    })
}

fn attribute(value: &AttributeValue) -> Value {
    match value {
        AttributeValue::S(text) => json!({ "S": text }),
        AttributeValue::N(number) => json!({ "N": number }),
        AttributeValue::Bool(flag) => json!({ "BOOL": flag }),
        AttributeValue::Null(_) => json!({ "NULL": true }),
        AttributeValue::B(bytes) => {
            json!({ "B": base64::engine::general_purpose::STANDARD.encode(bytes.as_ref()) })
        }
        other => panic!("an event has no attribute like {other:?}"),
    }
}
