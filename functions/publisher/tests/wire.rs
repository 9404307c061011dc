//! Formats: a record as Lambda sends it, with an item as the store writes it, and the answer for Lambda.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "test code")]

use aws_sdk_eventbridge::operation::put_events::PutEventsOutput;
use aws_sdk_eventbridge::types::PutEventsResultEntry;
use bus::entry::EntryLimit;
use bus::{Entry, Results};
use jiff::Timestamp;
use publisher::handler::{deadline, decode};
use publisher::record::{self, Batch, Reading};
use publisher::{Outcome, Outcomes};
use serde_json::{Value, json};

/// `{"comment":{"id":4001}}`, compressed with gzip and written as base64.
const PAYLOAD: &str = "H4sIAAAAAAACA6tWSs7PzU3NK1GyqlbKTFGyMjEwMKytBQBjSvnrFwAAAA==";

fn batch() -> Batch {
    serde_json::from_value(json!({ "Records": [image()] })).unwrap()
}

/// A record with the item of an event.
fn image() -> Value {
    json!({
        "eventID": "c4ca4238a0b923820dcc509a6f75849b",
        "eventName": "INSERT",
        "eventVersion": "1.1",
        "eventSource": "aws:dynamodb",
        "awsRegion": "eu-west-1",
        "dynamodb": {
            "ApproximateCreationDateTime": 1_790_000_000.0,
            "Keys": { "pk": { "S": "acme#pullrequest/ab/7" }, "sk": { "S": "event#000000000003" } },
            "NewImage": {
                "pk": { "S": "acme#pullrequest/ab/7" },
                "sk": { "S": "event#000000000003" },
                "kind": { "S": "event" },
                "id": { "S": "238b76bd74dc8fe447a42d5296176651" },
                "key": { "S": "pullrequest:comment_created" },
                "source": { "S": "webhook" },
                "link": { "S": "acme" },
                "subject": { "S": "pullrequest/ab/7" },
                "repository_name": { "S": "acme/widgets" },
                "sequence": { "N": "3" },
                "occurred_at": { "S": "2026-11-02T09:00:10Z" },
                "observed_at": { "S": "2026-11-02T09:00:11Z" },
                "actor": { "S": "{\"nickname\":\"bob\"}" },
                "payload": { "B": PAYLOAD },
                "payload_bytes": { "N": "23" },
                "parts": { "N": "1" },
            },
            "SequenceNumber": "111100000000000000000001",
            "SizeBytes": 412,
            "StreamViewType": "NEW_IMAGE",
        },
        "eventSourceARN": "arn:aws:dynamodb:eu-west-1:123456789012:table/t/stream/2026-11-02T00:00:00.000",
    })
}

#[test]
fn entry_of_an_unsigned_delivery_says_so() {
    let detail = |change: fn(&mut Value)| {
        let mut batch = json!({ "Records": [image()] });
        change(&mut batch["Records"][0]["dynamodb"]["NewImage"]);
        let mut batch: Batch = serde_json::from_value(batch).unwrap();
        let Ok(Reading::Inserted(item)) = record::read(batch.records.remove(0)).1 else {
            panic!("an insert")
        };
        let entry = Entry::from_event(&decode(item).unwrap().unwrap(), "t", EntryLimit::default()).unwrap();
        serde_json::from_str::<Value>(&entry.detail).unwrap()
    };
    assert_eq!(detail(|_| ()).get("signed"), None);
    assert_eq!(detail(|image| image["unsigned"] = json!({ "BOOL": true }))["signed"], false);
}

#[test]
fn stored_item_becomes_a_bus_entry() {
    let (position, reading) = record::read(batch().records.remove(0));
    assert_eq!(position.sequence_number, "111100000000000000000001");
    assert_eq!(position.created_at, Timestamp::from_second(1_790_000_000).ok());
    let Ok(Reading::Inserted(item)) = reading else { panic!("expected an insert") };
    let entry = Entry::from_event(&decode(item).unwrap().unwrap(), "t", EntryLimit::default()).unwrap();
    assert_eq!(entry.detail_type, "pullrequest:comment_created");
    assert_eq!(entry.time.to_string(), "2026-11-02T09:00:10Z");
    let detail: Value = serde_json::from_str(&entry.detail).unwrap();
    assert_eq!(detail["payload"], json!({ "comment": { "id": 4001 } }));
    assert_eq!((&detail["sequence"], &detail["actor"]["nickname"]), (&json!(3), &json!("bob")));
}

#[test]
fn record_without_a_time_does_not_count_as_old() {
    let mut record = batch().records.remove(0);
    record["dynamodb"].as_object_mut().unwrap().remove("ApproximateCreationDateTime");
    assert_eq!(record::read(record).0.created_at, None);
}

#[test]
fn answer_names_failed_records() {
    let outcomes =
        [("1", Outcome::Published), ("2", Outcome::Failed), ("3", Outcome::Parked), ("4", Outcome::Failed)];
    let records = outcomes.map(|(number, outcome)| (number.to_owned(), outcome)).to_vec();
    let outcomes = Outcomes { records, ..Outcomes::default() };
    assert_eq!(
        serde_json::to_value(outcomes.into_response()).unwrap(),
        json!({ "batchItemFailures": [{ "itemIdentifier": "2" }, { "itemIdentifier": "4" }] })
    );
}

#[test]
fn deadline_is_lambdas_or_thirty_seconds_away() {
    let now = Timestamp::from_second(1_790_000_000).unwrap();
    assert_eq!(deadline(1_790_000_060_000, now).as_second(), 1_790_000_060);
    for unknown in [0, 600_000, 1_790_000_000_000, u64::MAX] {
        assert_eq!(deadline(unknown, now).as_second(), 1_790_000_030, "{unknown}");
    }
}

#[test]
fn entry_fails_without_an_event_id_or_with_an_error_code() {
    let entry = PutEventsResultEntry::builder;
    let answer = PutEventsOutput::builder()
        .failed_entry_count(2)
        .entries(entry().event_id("1").build())
        .entries(entry().error_code("ThrottlingException").build())
        .entries(entry().build())
        .build();
    let refused = |code: &str| Err(bus::Error::BusRefused { code: code.to_owned() });
    let each = Results::from_answer(3, &answer).unwrap().into_inner();
    assert_eq!(each, [Ok(()), refused("ThrottlingException"), refused("NoEventId")]);
    assert!(Results::from_answer(4, &answer).is_err());
}
