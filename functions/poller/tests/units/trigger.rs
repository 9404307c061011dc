//! Events that invoke the function.

use poller::Trigger;
use poller::shard_queue::HandedShard;
use serde_json::{Value, json};
use store::Shard;

fn message(body: &str) -> Value {
    json!({ "Records": [{ "messageId": "1", "eventSource": "aws:sqs", "body": body }] })
}

#[test]
fn rule_starts_the_minute_and_message_its_shard() {
    let minute = json!({ "source": "aws.events", "detail-type": "Scheduled Event", "detail": {} });
    assert_eq!(Trigger::from_event(&minute).unwrap(), Trigger::Minute);
    let handed =
        HandedShard { shard: Shard::try_from(3).unwrap(), until: "2026-11-24T10:00:55Z".parse().unwrap() };
    let sent = serde_json::to_string(&handed).unwrap();
    assert_eq!(sent, r#"{"shard":3,"until":"2026-11-24T10:00:55Z"}"#);
    assert_eq!(Trigger::from_event(&message(&sent)).unwrap(), Trigger::Shard(handed));
}

#[test]
fn unexpected_event_is_refused_and_named() {
    let other = json!({ "source": "aws.events", "detail-type": "AWS API Call via CloudTrail" });
    let foreign = json!({ "source": "somebody", "detail-type": "Scheduled Event" });
    let two = json!({ "Records": [{}, {}] });
    let stream = json!({ "Records": [{ "eventSource": "aws:dynamodb" }] });
    for (event, what) in [
        (json!({ "hello": "secret" }), "an object with [\"hello\"]"),
        (json!("secret"), "a value that is not an object"),
        (other, "an object with ["),
        (foreign, "an object with ["),
        (two, "2 records instead of one"),
        (stream, "a record of \"aws:dynamodb\""),
        (message(r#"{"shard":9,"until":"2026-11-24T10:00:55Z"}"#), "there is no shard 9"),
        (message("secret"), "a message that holds no shard"),
    ] {
        let error = Trigger::from_event(&event).unwrap_err().to_string();
        assert!(error.contains(what) && !error.contains("secret"), "{error}");
    }
}
