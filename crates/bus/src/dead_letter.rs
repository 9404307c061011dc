//! Messages of the dead-letter queue. The publisher writes one for each event that it cannot publish; Lambda writes one
//! for each batch of records that grew too old.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::entry::{Entry, SOURCE};

/// Largest message that is sent, in bytes. SQS accepts 1 MiB today
/// (<https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html>), but a queue may
/// be limited to the former 256 KiB.
pub const MAX_MESSAGE_BYTES: usize = 256 * 1024;

/// A message of the dead-letter queue.
#[derive(Debug, Clone, PartialEq)]
pub enum Message {
    /// One event, from the publisher.
    Event(Box<DeadLetter>),
    /// Records of the stream, from Lambda.
    Batch(LostBatch),
}

/// A record that the publisher could not publish, with everything that a redrive needs to find its event in the log.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DeadLetter {
    /// The reason, as text.
    pub problem: String,
    /// Short name of the reason: AWS's error code if there is one.
    pub error_code: String,
    /// The id of the event; `None` if the record is unreadable.
    pub event_id: Option<String>,
    /// Its key.
    pub key: Option<String>,
    /// Its subject.
    pub subject: Option<String>,
    /// Its sequence.
    pub sequence: Option<u64>,
    /// The partition key of its item.
    pub pk: Option<String>,
    /// The sort key of its item.
    pub sk: Option<String>,
    /// The stream's number of the record.
    pub stream_sequence_number: String,
    /// Time of the write, by AWS's clock.
    pub stream_time: Option<Timestamp>,
    /// The unpublished entry with the field names of `PutEvents`; `None` if there is none or it does not fit.
    pub entry: Option<Value>,
}

/// A batch of records that Lambda gave up, because the bus was down until the records were too old
/// (<https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-errors.html>). It does not hold the records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LostBatch {
    /// The condition that ended the retries, such as `RetryAttemptsExhausted`.
    pub condition: String,
    /// Number of records. Some may hold no event.
    pub records: u64,
    /// Time of the first record's write, to the second.
    pub first_at: Timestamp,
    /// Time of the last record's write, to the second.
    pub last_at: Timestamp,
}

/// The part of Lambda's message that is used.
#[derive(Deserialize)]
struct LambdaMessage {
    #[serde(rename = "requestContext")]
    request: RequestContext,
    #[serde(rename = "DDBStreamBatchInfo")]
    batch: BatchInfo,
}

#[derive(Deserialize)]
struct RequestContext {
    condition: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct BatchInfo {
    approximate_arrival_of_first_record: Timestamp,
    approximate_arrival_of_last_record: Timestamp,
    batch_size: u64,
}

impl Message {
    /// Reads a message; `None` if neither the publisher nor Lambda wrote it.
    pub fn parse(text: &str) -> Option<Self> {
        if let Ok(letter) = serde_json::from_str(text) {
            return Some(Self::Event(letter));
        }
        let LambdaMessage { request, batch } = serde_json::from_str(text).ok()?;
        Some(Self::Batch(LostBatch {
            condition: request.condition,
            records: batch.batch_size,
            first_at: batch.approximate_arrival_of_first_record,
            last_at: batch.approximate_arrival_of_last_record,
        }))
    }
}

impl DeadLetter {
    /// Adds the unpublished entry, and what it tells about its event.
    #[must_use]
    pub fn with_entry(self, entry: &Entry) -> Self {
        Self {
            event_id: Some(entry.event_id.clone()),
            key: Some(entry.detail_type.clone()),
            subject: Some(entry.subject.clone()),
            sequence: Some(entry.sequence),
            entry: Some(view(entry)),
            ..self
        }
    }

    /// Returns the text of the message. Without the entry if it would not fit.
    pub fn to_text(&self) -> String {
        let text = |letter: &Self| escape_for_sqs(&serde_json::to_string(letter).unwrap_or_default());
        let full = text(self);
        if full.len() <= MAX_MESSAGE_BYTES { full } else { text(&Self { entry: None, ..self.clone() }) }
    }
}

/// The entry with the field names of `PutEvents`, so that it can be resent unchanged.
fn view(entry: &Entry) -> Value {
    json!({ "Source": SOURCE, "DetailType": entry.detail_type, "Detail": entry.detail, "Time": entry.time })
}

/// Escapes the two characters that JSON allows and SQS refuses
/// (<https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html>). JSON escapes control
/// characters itself.
fn escape_for_sqs(json: &str) -> String {
    json.replace('\u{fffe}', "\\ufffe").replace('\u{ffff}', "\\uffff")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn letter() -> DeadLetter {
        DeadLetter {
            problem: "the bus refused the entry: MalformedDetail".to_owned(),
            error_code: "MalformedDetail".to_owned(),
            event_id: None,
            key: None,
            subject: None,
            sequence: None,
            pk: Some("acme#pullrequest/0a1b/7".to_owned()),
            sk: Some("event#000000000001".to_owned()),
            stream_sequence_number: "1".to_owned(),
            stream_time: Some("2026-11-24T10:00:00Z".parse().unwrap()),
            entry: None,
        }
    }

    #[test]
    fn message_has_no_character_that_sqs_refuses() {
        let escaped = escape_for_sqs(&json!({ "text": "a\u{fffe}b\u{ffff}\u{1}é" }).to_string());
        assert_eq!(escaped, r#"{"text":"a\ufffeb\uffff\u0001é"}"#);
        assert_eq!(serde_json::from_str::<Value>(&escaped).unwrap()["text"], "a\u{fffe}b\u{ffff}\u{1}é");
    }

    #[test]
    fn message_reads_back() {
        let letter = letter();
        assert_eq!(Message::parse(&letter.to_text()), Some(Message::Event(Box::new(letter))));
        for foreign in ["", "{}", "hello", r#"{"requestContext":{"condition":"x"}}"#] {
            assert_eq!(Message::parse(foreign), None, "{foreign}");
        }
    }

    #[test]
    fn entry_that_does_not_fit_is_left_out() {
        let large = DeadLetter { entry: Some("x".repeat(MAX_MESSAGE_BYTES).into()), ..letter() };
        assert_eq!(Message::parse(&large.to_text()), Some(Message::Event(Box::new(letter()))));
    }

    /// The message of AWS's documentation.
    #[test]
    fn batch_that_lambda_gave_up_is_read() {
        let text = r#"{
            "requestContext": {
                "requestId": "316aa6d0-8154-xmpl-9af7-85d5f4a6bc81",
                "functionArn": "arn:aws:lambda:us-east-2:123456789012:function:myfunction",
                "condition": "RetryAttemptsExhausted",
                "approximateInvokeCount": 1
            },
            "responseContext": { "statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled" },
            "version": "1.0",
            "timestamp": "2019-11-14T00:13:49.717Z",
            "DDBStreamBatchInfo": {
                "shardId": "shardId-00000001573689847184-864758bb",
                "startSequenceNumber": "800000000003126276362",
                "endSequenceNumber": "800000000003126276362",
                "approximateArrivalOfFirstRecord": "2019-11-14T00:13:19Z",
                "approximateArrivalOfLastRecord": "2019-11-14T00:13:19Z",
                "batchSize": 1,
                "streamArn": "arn:aws:dynamodb:us-east-2:123456789012:table/mytable/stream/2019-11-14T00:04:06.388"
            }
        }"#;
        let at = "2019-11-14T00:13:19Z".parse().unwrap();
        let condition = "RetryAttemptsExhausted".to_owned();
        let batch = LostBatch { condition, records: 1, first_at: at, last_at: at };
        assert_eq!(Message::parse(text), Some(Message::Batch(batch)));
    }
}
