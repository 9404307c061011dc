//! What the function is invoked for: the minute, or a shard that the minute's run handed over.

use serde_json::Value;

use crate::Error;
use crate::fan_out::HandedShard;

/// What an invocation is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Call {
    /// The rule fired: everything that is due.
    Minute,
    /// A message of the queue: one shard.
    Shard(HandedShard),
}

impl Call {
    /// Reads an event: a rule's
    /// (<https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-run-lambda-schedule.html>) or a queue's with one message
    /// (<https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html>).
    ///
    /// # Errors
    ///
    /// [`Error::UnknownEvent`] for anything else. It says what came, and never what stood in it.
    pub fn read(event: &Value) -> Result<Self, Error> {
        let text = |name: &str| event.get(name).and_then(Value::as_str);
        if text("source") == Some("aws.events") && text("detail-type") == Some("Scheduled Event") {
            return Ok(Self::Minute);
        }
        match event.get("Records").and_then(Value::as_array).map(Vec::as_slice) {
            Some([record]) => read_message(record).map(Self::Shard),
            Some(records) => Err(unknown(format!("{} records, and not one", records.len()))),
            None => Err(unknown(shape(event))),
        }
    }
}

fn read_message(record: &Value) -> Result<HandedShard, Error> {
    let text = |name: &str| record.get(name).and_then(Value::as_str).unwrap_or_default();
    match text("eventSource") {
        "aws:sqs" => serde_json::from_str(text("body"))
            .map_err(|error| unknown(format!("a message that is no shard: {error}"))),
        other => Err(unknown(format!("a record of {other:?}"))),
    }
}

/// The names of an event's fields.
fn shape(event: &Value) -> String {
    let Some(fields) = event.as_object() else { return "something that is no object".to_owned() };
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
    fn the_rule_asks_for_the_minute_and_a_message_for_its_shard() {
        let minute = json!({ "source": "aws.events", "detail-type": "Scheduled Event", "detail": {} });
        assert_eq!(Call::read(&minute).unwrap(), Call::Minute);
        let handed = HandedShard {
            shard: Shard::try_from(3).unwrap(),
            until: "2026-11-24T10:00:55Z".parse().unwrap(),
        };
        let sent = serde_json::to_string(&handed).unwrap();
        assert_eq!(sent, r#"{"shard":3,"until":"2026-11-24T10:00:55Z"}"#);
        assert_eq!(Call::read(&message(&sent)).unwrap(), Call::Shard(handed));
    }

    #[test]
    fn anything_else_is_refused_and_named() {
        let two = json!({ "Records": [{}, {}] });
        let stream = json!({ "Records": [{ "eventSource": "aws:dynamodb" }] });
        for (event, what) in [
            (json!({ "hello": "secret" }), "an object with [\"hello\"]"),
            (json!("secret"), "something that is no object"),
            (two, "2 records, and not one"),
            (stream, "a record of \"aws:dynamodb\""),
            (message(r#"{"shard":9,"until":"2026-11-24T10:00:55Z"}"#), "there is no shard 9"),
            (message("secret"), "a message that is no shard"),
        ] {
            let error = Call::read(&event).unwrap_err().to_string();
            assert!(error.contains(what) && !error.contains("secret"), "{error}");
        }
    }
}
