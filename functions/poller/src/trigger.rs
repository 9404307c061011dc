//! The event that invokes the function: the rule of each minute, or a shard that the minute's run handed over.

use serde_json::Value;

use crate::error::Error;
use crate::shard_queue::HandedShard;

/// The work of an invocation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trigger {
    /// The rule fired: all shards.
    Minute,
    /// A message of the queue: one shard.
    Shard(HandedShard),
}

impl Trigger {
    /// Reads an event: a rule's
    /// (<https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-run-lambda-schedule.html>) or a queue's with one
    /// message (<https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html>).
    ///
    /// # Errors
    ///
    /// [`Error::UnknownEvent`] for anything else. The error names the shape of the event, never its contents.
    pub fn from_event(event: &Value) -> Result<Self, Error> {
        let text = |name: &str| event.get(name).and_then(Value::as_str);
        if text("source") == Some("aws.events") && text("detail-type") == Some("Scheduled Event") {
            return Ok(Self::Minute);
        }
        match event.get("Records").and_then(Value::as_array).map(Vec::as_slice) {
            Some([record]) => read_message(record).map(Self::Shard),
            Some(records) => Err(unknown(format!("{} records instead of one", records.len()))),
            None => Err(unknown(shape(event))),
        }
    }
}

fn read_message(record: &Value) -> Result<HandedShard, Error> {
    let text = |name: &str| record.get(name).and_then(Value::as_str).unwrap_or_default();
    match text("eventSource") {
        "aws:sqs" => serde_json::from_str(text("body"))
            .map_err(|error| unknown(format!("a message that holds no shard: {error}"))),
        other => Err(unknown(format!("a record of {other:?}"))),
    }
}

/// The names of an event's fields.
fn shape(event: &Value) -> String {
    let Some(fields) = event.as_object() else { return "a value that is not an object".to_owned() };
    format!("an object with {:?}", fields.keys().take(20).collect::<Vec<_>>())
}

const fn unknown(what: String) -> Error {
    Error::UnknownEvent(what)
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use store::Shard;

    use super::*;

    fn message(body: &str) -> Value {
        json!({ "Records": [{ "messageId": "1", "eventSource": "aws:sqs", "body": body }] })
    }

    #[test]
    fn rule_starts_the_minute_and_message_its_shard() {
        let minute = json!({ "source": "aws.events", "detail-type": "Scheduled Event", "detail": {} });
        assert_eq!(Trigger::from_event(&minute).unwrap(), Trigger::Minute);
        let handed = HandedShard {
            shard: Shard::try_from(3).unwrap(),
            until: "2026-11-24T10:00:55Z".parse().unwrap(),
        };
        let sent = serde_json::to_string(&handed).unwrap();
        assert_eq!(sent, r#"{"shard":3,"until":"2026-11-24T10:00:55Z"}"#);
        assert_eq!(Trigger::from_event(&message(&sent)).unwrap(), Trigger::Shard(handed));
    }

    #[test]
    fn unexpected_event_is_refused_and_named() {
        let two = json!({ "Records": [{}, {}] });
        let stream = json!({ "Records": [{ "eventSource": "aws:dynamodb" }] });
        for (event, what) in [
            (json!({ "hello": "secret" }), "an object with [\"hello\"]"),
            (json!("secret"), "a value that is not an object"),
            (two, "2 records instead of one"),
            (stream, "a record of \"aws:dynamodb\""),
            (message(r#"{"shard":9,"until":"2026-11-24T10:00:55Z"}"#), "there is no shard 9"),
            (message("secret"), "a message that holds no shard"),
        ] {
            let error = Trigger::from_event(&event).unwrap_err().to_string();
            assert!(error.contains(what) && !error.contains("secret"), "{error}");
        }
    }
}
