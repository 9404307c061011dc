//! The dead-letter queue: the trait that the publisher calls, and the messages that it sends.

use std::future::Future;

use queue::Queue;
use serde_json::{Value, json};

use crate::Error;
use crate::entry::{Entry, SOURCE};
use crate::record::StreamPosition;

/// Largest message that is sent, in bytes. SQS accepts 1 MiB today
/// (<https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html>), but a queue may
/// be limited to the former 256 KiB.
pub const MAX_MESSAGE_BYTES: usize = 256 * 1024;

/// Accepts messages about records that cannot be published.
pub trait DeadLetters: Send + Sync {
    /// Parks a message.
    ///
    /// # Errors
    ///
    /// [`Error::DeadLetterRefused`] if the queue refused the message or did not answer in time.
    fn park(&self, message: String) -> impl Future<Output = Result<(), Error>> + Send;
}

/// Makes the message for a parked record. It holds everything that a redrive needs to find the event in the log.
/// `entry` is the unpublished entry; null if there is none or it does not fit.
pub fn message(position: &StreamPosition, entry: Option<&Entry>, cause: &Error) -> String {
    let with = |entry_view: Value| {
        let message = json!({
            "problem": cause.to_string(),
            "error_code": cause.code(),
            "event_id": entry.map(|entry| &entry.event_id),
            "key": entry.map(|entry| &entry.detail_type),
            "subject": entry.map(|entry| &entry.subject),
            "sequence": entry.map(|entry| entry.sequence),
            "pk": position.pk,
            "sk": position.sk,
            "stream_sequence_number": position.sequence_number,
            "stream_time": position.created_at,
            "entry": entry_view,
        });
        escape_for_sqs(&message.to_string())
    };
    let full = with(entry.map_or(Value::Null, view));
    if full.len() <= MAX_MESSAGE_BYTES { full } else { with(Value::Null) }
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

impl DeadLetters for Queue {
    async fn park(&self, message: String) -> Result<(), Error> {
        self.send(message).await.map_err(|error| Error::DeadLetterRefused(error.code))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn message_has_no_character_that_sqs_refuses() {
        let escaped = escape_for_sqs(&json!({ "text": "a\u{fffe}b\u{ffff}\u{1}é" }).to_string());
        assert_eq!(escaped, r#"{"text":"a\ufffeb\uffff\u0001é"}"#);
        assert_eq!(serde_json::from_str::<Value>(&escaped).unwrap()["text"], "a\u{fffe}b\u{ffff}\u{1}é");
    }
}
