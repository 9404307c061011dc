//! Sends stream records to the publisher by Lambda's rules for streams. The next batch follows only when the last one
//! was handled, and a partial failure is retried from its lowest failed record
//! (<https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-batchfailurereporting.html>). The emulator of the local
//! stack does not follow these rules.

use aws_sdk_dynamodbstreams::Client;
use aws_sdk_dynamodbstreams::primitives::DateTime;
use aws_sdk_dynamodbstreams::types::{AttributeValue, Record, ShardIteratorType};
use base64::Engine;
use serde_json::{Map, Value, json};

use crate::cost::Counted;
use crate::runtime::Runtime;
use crate::table::TABLE;

/// Largest number of records in a batch, as in the template.
const BATCH: usize = 100;

/// A stream of the table with a position in it.
#[derive(Debug)]
pub struct Pump {
    waiting: Vec<Value>,
    iterator: Option<String>,
    /// Everything that was written to the table, as far as it was read.
    pub counted: Counted,
    client: Client,
}

impl Pump {
    /// Starts at the stream's beginning.
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
        Self { waiting: Vec::new(), iterator: iterator.shard_iterator, counted: Counted::default(), client }
    }

    /// Inserts a record that the store did not write, before the records that are read next.
    pub fn inject(&mut self, record: Value) {
        self.waiting.push(record);
    }

    /// Invokes the publisher with one batch. Returns the number of records that it handled.
    pub async fn turn(&mut self, runtime: &Runtime) -> usize {
        self.turn_by(async |event| runtime.invoke("publisher", &event).await).await
    }

    /// As [`Pump::turn`], with another way to invoke the publisher.
    pub async fn turn_by(&mut self, invoke: impl AsyncFnOnce(Value) -> Result<Value, String>) -> usize {
        self.read().await;
        let batch: Vec<_> = self.waiting.iter().take(BATCH).cloned().collect();
        if batch.is_empty() {
            return 0;
        }
        let Ok(answer) = invoke(json!({ "Records": batch })).await else { return 0 };
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

    /// True if every record that was read is handled.
    pub fn is_done(&self) -> bool {
        self.waiting.is_empty()
    }

    async fn read(&mut self) {
        let Some(iterator) = self.iterator.take() else { return };
        let Ok(page) = self.client.get_records().shard_iterator(&iterator).send().await else {
            // The table is stopped. The same place is read again.
            self.iterator = Some(iterator);
            return;
        };
        self.counted.add(page.records());
        // The template's filter: inserts of events only.
        let records = page.records().iter().map(record).filter(|record| {
            record["eventName"] == "INSERT" && record["dynamodb"]["NewImage"]["kind"]["S"] == "event"
        });
        self.waiting.extend(records);
        self.iterator = page.next_shard_iterator;
    }
}

/// Converts a record to Lambda's form.
fn record(record: &Record) -> Value {
    let change = record.dynamodb().unwrap();
    let image = |image: Option<&std::collections::HashMap<String, AttributeValue>>| {
        let fields = image.into_iter().flatten();
        fields.map(|(name, value)| (name.clone(), attribute(value))).collect::<Map<_, _>>()
    };
    let created_at = change.approximate_creation_date_time().map_or(0.0, DateTime::as_secs_f64);
    json!({
        "eventID": record.event_id(),
        "eventName": record.event_name().map(|name| name.as_str().to_owned()),
        "eventVersion": "1.1",
        "eventSource": "aws:dynamodb",
        "awsRegion": "eu-west-1",
        "eventSourceARN": format!("arn:aws:dynamodb:eu-west-1:000000000000:table/{TABLE}/stream/1"),
        "dynamodb": {
            "ApproximateCreationDateTime": created_at,
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
        other => panic!("unexpected attribute of an event: {other:?}"),
    }
}
