//! How records of the stream end: published, parked or reported; never neither.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "test code")]

mod support;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use metrics::Metrics;
use publisher::{Error, Outcome};
use serde_json::{Value, json};
use support::{FakeBus, FakeDeadLetters, Told, event, now, publisher, reported};

fn bus() -> FakeBus {
    FakeBus::default()
}

fn queue() -> FakeDeadLetters {
    FakeDeadLetters::default()
}

const NONE: Vec<String> = Vec::new();

#[tokio::test(start_paused = true)]
async fn every_event_is_published_in_order() {
    let publisher = publisher(bus(), queue());
    let outcomes = publisher.gets((1..=25).map(event)).await;
    assert_eq!(publisher.published(), (1..=25).collect::<Vec<_>>());
    assert_eq!(outcomes.len(), 25);
    assert_eq!(reported(outcomes), NONE);
}

#[tokio::test(start_paused = true)]
async fn an_entry_says_what_happened_and_when() {
    let publisher = publisher(bus(), queue());
    let _ = publisher.gets([event(3)]).await;
    let entry = publisher.bus.taken.lock().unwrap()[0].clone();
    assert_eq!((entry.detail_type.as_str(), entry.time), ("pullrequest:comment_created", now()));
    let detail: Value = serde_json::from_str(&entry.detail).unwrap();
    assert_eq!(detail["id"], "id-3");
    assert_eq!(detail["sequence"], 3);
    assert_eq!(detail["payload"], json!({ "filler": "xx" }));
    assert_eq!(detail.get("payload_reference"), None);
}

#[tokio::test(start_paused = true)]
async fn a_request_takes_ten_entries() {
    let publisher = publisher(bus(), queue());
    let _ = publisher.gets((1..=21).map(event)).await;
    let sizes: Vec<usize> = publisher.bus.calls.lock().unwrap().iter().map(Vec::len).collect();
    assert_eq!(sizes, [10, 10, 1]);
}

#[tokio::test(start_paused = true)]
async fn large_entries_share_a_request_only_as_far_as_it_holds_them() {
    let publisher = publisher(bus(), queue());
    let _ = publisher.gets((1..=5).map(|n| event(n).with_payload_bytes(100_000))).await;
    assert_eq!(*publisher.bus.calls.lock().unwrap(), [vec![1, 2], vec![3, 4], vec![5]]);
}

#[tokio::test(start_paused = true)]
async fn what_is_no_new_event_is_left_alone() {
    let publisher = publisher(bus(), queue());
    let outcomes =
        publisher.gets([event(1).of_the_state(), event(2).named("MODIFY"), event(3).named("REMOVE")]).await;
    assert_eq!(outcomes, []);
    assert!(publisher.bus.calls.lock().unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn an_entry_that_failed_inside_a_success_is_tried_again() {
    let publisher = publisher(bus().refuses(2, &["ThrottlingException", "InternalFailure"]), queue());
    let outcomes = publisher.gets((1..=3).map(event)).await;
    assert_eq!(*publisher.bus.calls.lock().unwrap(), [vec![1, 2, 3], vec![2], vec![2]]);
    assert_eq!(reported(outcomes), NONE);
    assert_eq!(publisher.published(), [1, 3, 2]);
}

#[tokio::test(start_paused = true)]
async fn each_wait_is_longer_than_the_one_before() {
    let publisher = publisher(bus().down(), queue());
    let _ = publisher.gets([event(1)]).await;
    let times = publisher.bus.call_times.lock().unwrap();
    let waits: Vec<Duration> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert_eq!(waits.len(), 3);
    assert!(waits.is_sorted_by(|a, b| a < b), "{waits:?}");
}

#[tokio::test(start_paused = true)]
async fn an_entry_that_keeps_failing_is_reported_and_no_other() {
    let publisher =
        publisher(bus().refuses(2, &["ThrottlingException"; 9]).refuses(4, &["SomethingNew"; 9]), queue());
    let outcomes = publisher.gets((1..=5).map(event)).await;
    assert_eq!(reported(outcomes), ["1002", "1004"]);
    assert_eq!(publisher.published(), [1, 3, 5]);
    assert_eq!(publisher.parked(), [] as [Value; 0]);
}

#[tokio::test(start_paused = true)]
async fn an_entry_that_can_never_be_taken_is_parked_at_once_and_the_others_pass() {
    let publisher = publisher(bus().refuses(2, &["MalformedDetail"; 9]), queue());
    let outcomes = publisher.gets((1..=3).map(event)).await;
    assert_eq!(publisher.published(), [1, 3]);
    assert_eq!(reported(outcomes), NONE);
    assert_eq!(publisher.bus.calls.lock().unwrap().len(), 1);
    let message = publisher.parked().remove(0);
    assert_eq!(
        (&message["pk"], &message["sk"], &message["event_id"], &message["key"], &message["error_code"]),
        (
            &json!("the-subject"),
            &json!("event-2"),
            &json!("id-2"),
            &json!("pullrequest:comment_created"),
            &json!("MalformedDetail")
        )
    );
    let detail: Value = serde_json::from_str(message["entry"]["Detail"].as_str().unwrap()).unwrap();
    assert_eq!(detail["sequence"], 2);
}

#[tokio::test(start_paused = true)]
async fn a_request_refused_for_one_of_its_entries_is_taken_apart() {
    let publisher = publisher(bus().refuses_requests_with(2, "ValidationException"), queue());
    let outcomes = publisher.gets((1..=3).map(event)).await;
    assert_eq!(publisher.published(), [1, 3]);
    assert_eq!(reported(outcomes), NONE);
    assert_eq!(publisher.parked().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_record_that_cannot_be_read_is_parked_and_the_others_pass() {
    let publisher = publisher(bus(), queue());
    let outcomes = publisher.gets([event(1), event(2).undecodable(), event(3).garbled(), event(4)]).await;
    assert_eq!(publisher.published(), [1, 4]);
    assert_eq!(reported(outcomes), NONE);
    let parked = publisher.parked();
    let places: Vec<_> = parked.iter().map(|message| message["sk"].as_str().unwrap()).collect();
    assert_eq!(places, ["event-2", "event-3"]);
    assert_eq!(parked[0]["error_code"], "RecordInvalid");
    assert_eq!(parked[0]["stream_sequence_number"], "1002");
}

#[tokio::test(start_paused = true)]
async fn a_record_behind_a_failed_one_is_parked_when_its_turn_comes_and_only_once() {
    let publisher = publisher(bus().refuses(1, &["InternalFailure"; 4]), queue());
    let outcomes = publisher.gets([event(1), event(2).undecodable()]).await;
    assert_eq!(reported(outcomes), ["1001", "1002"]);
    assert_eq!(publisher.parked(), [] as [Value; 0]);
    // Lambda sends again from the lowest failed one on.
    let outcomes = publisher.gets([event(1), event(2).undecodable()]).await;
    assert_eq!(reported(outcomes), NONE);
    assert_eq!(publisher.parked().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn what_the_dead_letter_queue_does_not_take_is_reported() {
    let publisher = publisher(
        bus().refuses(2, &["MalformedDetail"]),
        FakeDeadLetters { refuses: true, ..FakeDeadLetters::default() },
    );
    let outcomes = publisher.gets([event(1), event(2), event(3).undecodable()]).await;
    assert_eq!(reported(outcomes), ["1002", "1003"]);
    assert_eq!(publisher.published(), [1]);
}

#[tokio::test(start_paused = true)]
async fn an_event_that_is_too_large_is_published_with_a_reference_to_its_payload() {
    let publisher = publisher(bus(), queue());
    let outcomes = publisher.gets([event(1).with_payload_bytes(300_000)]).await;
    assert_eq!(reported(outcomes), NONE);
    let detail: Value = serde_json::from_str(&publisher.bus.taken.lock().unwrap()[0].detail).unwrap();
    assert_eq!(detail["payload"], Value::Null);
    assert_eq!(
        detail["payload_reference"],
        json!({ "table": "the-table", "pk": "the-subject", "sk": "event-1", "bytes": 300_013 })
    );
}

#[tokio::test(start_paused = true)]
async fn an_event_whose_payload_is_split_is_published_with_a_reference_to_it() {
    let publisher = publisher(bus(), queue());
    let _ = publisher.gets([event(1).split()]).await;
    let detail: Value = serde_json::from_str(&publisher.bus.taken.lock().unwrap()[0].detail).unwrap();
    assert_eq!(detail["payload"], Value::Null);
    assert_eq!(detail["payload_reference"]["sk"], "event-1");
}

#[tokio::test(start_paused = true)]
async fn an_outage_of_the_bus_parks_nothing_and_reports_everything() {
    let publisher = publisher(bus().down(), queue());
    let outcomes = publisher.gets([event(1).written_minutes_ago(60), event(2).written_minutes_ago(30)]).await;
    assert_eq!(reported(outcomes), ["1001", "1002"]);
    assert_eq!(publisher.parked(), [] as [Value; 0]);
    // The bus is back: the stream sends them again.
    *publisher.bus.outage.lock().unwrap() = None;
    let outcomes = publisher.gets([event(1), event(2)]).await;
    assert_eq!(reported(outcomes), NONE);
    assert_eq!(publisher.published(), [1, 2]);
}

#[tokio::test(start_paused = true)]
async fn a_policy_that_forbids_publishing_is_an_outage() {
    let denied = Error::BusRefused { code: "AccessDeniedException".to_owned() };
    let publisher = publisher(bus().refuses_everything_with(denied), queue());
    let outcomes = publisher.gets([event(1).written_minutes_ago(60)]).await;
    assert_eq!(reported(outcomes), ["1001"]);
    assert_eq!(publisher.parked(), [] as [Value; 0]);
}

#[tokio::test(start_paused = true)]
async fn an_old_record_that_is_refused_while_others_pass_is_parked() {
    let publisher = publisher(bus().refuses(1, &["InternalFailure"; 9]), queue());
    let outcomes = publisher.gets([event(1).written_minutes_ago(11), event(2)]).await;
    assert_eq!(reported(outcomes), NONE);
    assert_eq!(publisher.published(), [2]);
    assert_eq!(publisher.parked()[0]["error_code"], "InternalFailure");
}

#[tokio::test(start_paused = true)]
async fn a_young_record_that_is_refused_while_others_pass_is_not_parked_yet() {
    let publisher = publisher(bus().refuses(1, &["InternalFailure"; 9]), queue());
    let outcomes = publisher.gets([event(1).written_minutes_ago(9), event(2)]).await;
    assert_eq!(reported(outcomes), ["1001"]);
    assert_eq!(publisher.parked(), [] as [Value; 0]);
}

#[tokio::test(start_paused = true)]
async fn what_there_is_no_time_for_is_reported_and_not_parked() {
    let publisher = publisher(bus(), queue());
    let batch = publisher::record::Batch { records: vec![event(1).written_minutes_ago(60).into_json()] };
    let outcomes = publisher.handle(batch, now() + jiff::SignedDuration::from_secs(14)).await.0;
    assert_eq!(outcomes, [("1001".to_owned(), Outcome::Failed)]);
    assert!(publisher.bus.calls.lock().unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn an_old_record_that_was_not_even_tried_is_not_parked() {
    let mut publisher = publisher(bus(), queue());
    publisher.bus.call_time = Duration::from_secs(46);
    let outcomes = publisher.gets((1..=20).map(|n| event(n).written_minutes_ago(60))).await;
    assert_eq!(publisher.published(), (1..=10).collect::<Vec<_>>());
    assert_eq!(reported(outcomes), (1011..=1020).map(|n| n.to_string()).collect::<Vec<_>>());
    assert_eq!(publisher.parked(), [] as [Value; 0]);
}

/// What an invocation with these outcomes writes.
fn measured(outcomes: Vec<(String, Outcome)>) -> Vec<Value> {
    let lines = Arc::new(Mutex::new(Vec::<String>::new()));
    publisher::Outcomes(outcomes).measure(&Metrics::new("bitrelay".parse().unwrap(), lines.clone()), now());
    let lines = lines.lock().unwrap();
    lines.iter().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[tokio::test(start_paused = true)]
async fn an_invocation_says_how_many_events_it_published_and_how_many_it_parked() {
    let refusing = bus().refuses(2, &["MalformedDetail"; 9]).refuses(5, &["ThrottlingException"; 9]);
    let publisher = publisher(refusing, queue());
    let [line] = measured(publisher.gets((1..=5).map(event)).await).try_into().unwrap();
    assert_eq!((&line["EventsPublished"], &line["EventsDeadLettered"]), (&json!(3), &json!(1)));
    assert_eq!(line["_aws"]["CloudWatchMetrics"][0]["Dimensions"], json!([["stack"]]));
}

#[tokio::test(start_paused = true)]
async fn an_invocation_without_an_event_has_no_metrics() {
    let publisher = publisher(bus(), queue());
    assert_eq!(measured(publisher.gets([event(1).of_the_state()]).await), [] as [Value; 0]);
}
