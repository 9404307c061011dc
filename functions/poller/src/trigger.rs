//! The event that invokes the function: the rule that fires each minute, or a shard that the minute's run handed over.

use serde_json::Value;

use crate::error::Error;
use crate::shard_queue::HandedShard;

/// The work of an invocation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trigger {
    /// The rule fired: the run serves all shards, or hands some over.
    Minute,
    /// A message of the queue: the run serves one shard.
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

/// Describes an event by the names of its fields.
fn shape(event: &Value) -> String {
    let Some(fields) = event.as_object() else { return "a value that is not an object".to_owned() };
    format!("an object with {:?}", fields.keys().take(20).collect::<Vec<_>>())
}

const fn unknown(what: String) -> Error {
    Error::UnknownEvent(what)
}
