//! Outcomes of stream records: published, parked or reported.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "test code")]

mod support;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bus::entry::EntryLimit;
use metrics::Metrics;
use publisher::{Outcome, Outcomes};
use serde_json::{Value, json};
use support::{FakeBus, FakeDeadLetters, PublisherExt, event, now, publisher, reported};

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
async fn entry_holds_the_envelope_and_the_time() {
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
async fn request_holds_at_most_ten_entries() {
    let publisher = publisher(bus(), queue());
    let _ = publisher.gets((1..=21).map(event)).await;
    let sizes: Vec<usize> = publisher.bus.calls.lock().unwrap().iter().map(Vec::len).collect();
    assert_eq!(sizes, [10, 10, 1]);
}

#[tokio::test(start_paused = true)]
async fn large_entries_are_split_over_requests() {
    let publisher = publisher(bus(), queue());
    let _ = publisher.gets((1..=5).map(|n| event(n).with_payload_bytes(100_000))).await;
    assert_eq!(*publisher.bus.calls.lock().unwrap(), [vec![1, 2], vec![3, 4], vec![5]]);
}

#[tokio::test(start_paused = true)]
async fn records_without_a_new_event_are_ignored() {
    let publisher = publisher(bus(), queue());
    let outcomes =
        publisher.gets([event(1).of_the_state(), event(2).named("MODIFY"), event(3).named("REMOVE")]).await;
    assert_eq!(outcomes, []);
    assert!(publisher.bus.calls.lock().unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn failed_entry_of_a_successful_request_is_retried() {
    let publisher = publisher(bus().refuses(2, &["ThrottlingException", "InternalFailure"]), queue());
    let outcomes = publisher.gets((1..=3).map(event)).await;
    assert_eq!(*publisher.bus.calls.lock().unwrap(), [vec![1, 2, 3], vec![2], vec![2]]);
    assert_eq!(reported(outcomes), NONE);
    assert_eq!(publisher.published(), [1, 3, 2]);
}

#[tokio::test(start_paused = true)]
async fn delays_between_retries_grow() {
    let publisher = publisher(bus().down(), queue());
    let _ = publisher.gets([event(1)]).await;
    let times = publisher.bus.call_times.lock().unwrap();
    let waits: Vec<Duration> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert_eq!(waits.len(), 3);
    assert!(waits.is_sorted_by(|a, b| a < b), "{waits:?}");
}

#[tokio::test(start_paused = true)]
async fn only_entries_that_keep_failing_are_reported() {
    let publisher =
        publisher(bus().refuses(2, &["ThrottlingException"; 9]).refuses(4, &["SomethingNew"; 9]), queue());
    let outcomes = publisher.gets((1..=5).map(event)).await;
    assert_eq!(reported(outcomes), ["1002", "1004"]);
    assert_eq!(publisher.published(), [1, 3, 5]);
    assert_eq!(publisher.parked(), [] as [Value; 0]);
}

#[tokio::test(start_paused = true)]
async fn permanently_refused_entry_is_parked_at_once() {
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
async fn request_refused_for_one_entry_is_split() {
    let publisher = publisher(bus().refuses_requests_with(2, "ValidationException"), queue());
    let outcomes = publisher.gets((1..=3).map(event)).await;
    assert_eq!(publisher.published(), [1, 3]);
    assert_eq!(reported(outcomes), NONE);
    assert_eq!(publisher.parked().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn malformed_record_is_parked_and_others_are_published() {
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
async fn record_behind_a_failed_one_is_parked_once() {
    let publisher = publisher(bus().refuses(1, &["InternalFailure"; 4]), queue());
    let outcomes = publisher.gets([event(1), event(2).undecodable()]).await;
    assert_eq!(reported(outcomes), ["1001", "1002"]);
    assert_eq!(publisher.parked(), [] as [Value; 0]);
    // Lambda resends from the lowest failed record on.
    let outcomes = publisher.gets([event(1), event(2).undecodable()]).await;
    assert_eq!(reported(outcomes), NONE);
    assert_eq!(publisher.parked().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn record_refused_by_the_dead_letter_queue_is_reported() {
    let publisher = publisher(
        bus().refuses(2, &["MalformedDetail"]),
        FakeDeadLetters { refuses: true, ..FakeDeadLetters::default() },
    );
    let outcomes = publisher.gets([event(1), event(2), event(3).undecodable()]).await;
    assert_eq!(reported(outcomes), ["1002", "1003"]);
    assert_eq!(publisher.published(), [1]);
}

#[tokio::test(start_paused = true)]
async fn large_event_is_published_with_a_payload_reference() {
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
async fn higher_limit_publishes_a_large_event_whole() {
    let mut publisher = publisher(bus(), queue());
    publisher.entry_limit = EntryLimit::new(1 << 20).unwrap();
    let _ = publisher.gets((1..=4).map(|n| event(n).with_payload_bytes(300_000))).await;
    assert_eq!(*publisher.bus.calls.lock().unwrap(), [vec![1, 2, 3], vec![4]]);
    for entry in publisher.bus.taken.lock().unwrap().iter() {
        let detail: Value = serde_json::from_str(&entry.detail).unwrap();
        assert_eq!(detail["payload"]["filler"].as_str().map(str::len), Some(300_000));
        assert_eq!(detail.get("payload_reference"), None);
    }
}

#[test]
fn limit_of_the_template_is_that_of_the_code() {
    let template = include_str!("../../../template.yaml");
    let parameter = template.split_once("\n  MaxEntryBytes:\n").unwrap().1;
    let value = |name: &str| parameter.split_once(name).unwrap().1.lines().next().unwrap().parse().ok();
    assert_eq!(value("Default: "), Some(EntryLimit::default().request_bytes()));
    assert_eq!(value("MinValue: "), Some(EntryLimit::LOWEST_BYTES));
    assert_eq!(value("MaxValue: "), Some(EntryLimit::HIGHEST_BYTES));
    assert!(template.contains("BITRELAY_MAX_ENTRY_BYTES: !Ref MaxEntryBytes\n"));
}

#[tokio::test(start_paused = true)]
async fn split_payload_is_published_as_a_reference() {
    let publisher = publisher(bus(), queue());
    let _ = publisher.gets([event(1).split()]).await;
    let detail: Value = serde_json::from_str(&publisher.bus.taken.lock().unwrap()[0].detail).unwrap();
    assert_eq!(detail["payload"], Value::Null);
    assert_eq!(detail["payload_reference"]["sk"], "event-1");
}

#[tokio::test(start_paused = true)]
async fn bus_outage_parks_nothing_and_reports_everything() {
    let publisher = publisher(bus().down(), queue());
    let outcomes = publisher.gets([event(1).written_minutes_ago(60), event(2).written_minutes_ago(30)]).await;
    assert_eq!(reported(outcomes), ["1001", "1002"]);
    assert_eq!(publisher.parked(), [] as [Value; 0]);
    // The bus is back, and the stream resends.
    *publisher.bus.outage.lock().unwrap() = None;
    let outcomes = publisher.gets([event(1), event(2)]).await;
    assert_eq!(reported(outcomes), NONE);
    assert_eq!(publisher.published(), [1, 2]);
}

#[tokio::test(start_paused = true)]
async fn denied_permission_counts_as_an_outage() {
    let denied = bus::Error::BusRefused { code: "AccessDeniedException".to_owned() };
    let publisher = publisher(bus().refuses_everything_with(denied), queue());
    let outcomes = publisher.gets([event(1).written_minutes_ago(60)]).await;
    assert_eq!(reported(outcomes), ["1001"]);
    assert_eq!(publisher.parked(), [] as [Value; 0]);
}

#[tokio::test(start_paused = true)]
async fn old_record_refused_while_others_pass_is_parked() {
    let publisher = publisher(bus().refuses(1, &["InternalFailure"; 9]), queue());
    let outcomes = publisher.gets([event(1).written_minutes_ago(11), event(2)]).await;
    assert_eq!(reported(outcomes), NONE);
    assert_eq!(publisher.published(), [2]);
    assert_eq!(publisher.parked()[0]["error_code"], "InternalFailure");
}

#[tokio::test(start_paused = true)]
async fn young_record_refused_while_others_pass_is_reported() {
    let publisher = publisher(bus().refuses(1, &["InternalFailure"; 9]), queue());
    let outcomes = publisher.gets([event(1).written_minutes_ago(9), event(2)]).await;
    assert_eq!(reported(outcomes), ["1001"]);
    assert_eq!(publisher.parked(), [] as [Value; 0]);
}

#[tokio::test(start_paused = true)]
async fn record_without_time_left_is_reported() {
    let publisher = publisher(bus(), queue());
    let batch = publisher::record::Batch { records: vec![event(1).written_minutes_ago(60).into_json()] };
    let outcomes = publisher.handle(batch, now() + jiff::SignedDuration::from_secs(14)).await.records;
    assert_eq!(outcomes, [("1001".to_owned(), Outcome::Failed)]);
    assert!(publisher.bus.calls.lock().unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn record_is_parked_only_if_the_call_ends_before_the_invocation() {
    let call = jiff::SignedDuration::from_secs(queue::SEND_SECONDS.cast_signed());
    let moment = jiff::SignedDuration::from_millis(1);
    for (left, expected) in [(call, Outcome::Parked), (call - moment, Outcome::Failed)] {
        let publisher = publisher(bus(), queue());
        let batch = publisher::record::Batch { records: vec![event(1).undecodable().into_json()] };
        let outcomes = publisher.handle(batch, now() + left).await.records;
        assert_eq!(outcomes, [("1001".to_owned(), expected)]);
    }
}

#[tokio::test(start_paused = true)]
async fn key_of_an_item_is_read_from_its_image_if_the_record_has_none() {
    let publisher = publisher(bus(), queue());
    let _ = publisher.gets([event(1).undecodable().without_keys()]).await;
    let message = publisher.parked().remove(0);
    assert_eq!((&message["pk"], &message["sk"]), (&json!("the-subject"), &json!("event-1")));
}

#[tokio::test(start_paused = true)]
async fn old_record_that_was_not_sent_is_not_parked() {
    let mut publisher = publisher(bus(), queue());
    publisher.bus.call_time = Duration::from_secs(46);
    let outcomes = publisher.gets((1..=20).map(|n| event(n).written_minutes_ago(60))).await;
    assert_eq!(publisher.published(), (1..=10).collect::<Vec<_>>());
    assert_eq!(reported(outcomes), (1011..=1020).map(|n| n.to_string()).collect::<Vec<_>>());
    assert_eq!(publisher.parked(), [] as [Value; 0]);
}

/// Metric lines of an invocation with these outcomes.
fn measured(outcomes: &Outcomes) -> Vec<Value> {
    let lines = Arc::new(Mutex::new(Vec::<String>::new()));
    outcomes.measure(&Metrics::new("bitrelay".parse().unwrap(), lines.clone()), now());
    let lines = lines.lock().unwrap();
    lines.iter().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[tokio::test(start_paused = true)]
async fn invocation_counts_published_and_parked_events() {
    let refusing = bus().refuses(2, &["MalformedDetail"; 9]).refuses(5, &["ThrottlingException"; 9]);
    let publisher = publisher(refusing, queue());
    let [line, _] = measured(&publisher.handles((1..=5).map(event)).await).try_into().unwrap();
    assert_eq!((&line["EventsPublished"], &line["EventsDeadLettered"]), (&json!(3), &json!(1)));
    assert_eq!(line["_aws"]["CloudWatchMetrics"][0]["Dimensions"], json!([["stack"]]));
}

#[tokio::test(start_paused = true)]
async fn invocation_without_events_writes_no_metrics() {
    let publisher = publisher(bus(), queue());
    assert_eq!(measured(&publisher.handles([event(1).of_the_state()]).await), [] as [Value; 0]);
}

#[tokio::test(start_paused = true)]
async fn delay_of_each_published_event_is_measured_by_source() {
    let publisher = publisher(bus().refuses(4, &["MalformedDetail"; 9]), queue());
    let late = [3, 90].into_iter().zip(2..).map(|(seconds, n)| event(n).found_by_a_poll_after(seconds));
    let records = [event(1)].into_iter().chain(late).chain([event(4), event(5).found_by_a_poll_after(-60)]);
    let [_, of_webhooks, of_polls] = measured(&publisher.handles(records).await).try_into().unwrap();
    assert_eq!((&of_webhooks["source"], &of_webhooks["MillisecondsToBus"]), (&json!("webhook"), &json!([0])));
    assert_eq!(of_polls["MillisecondsToBus"], json!([3_000, 90_000, 0]), "a clock ahead of ours gives 0");
    assert_eq!(of_polls["_aws"]["CloudWatchMetrics"][0]["Dimensions"], json!([["stack", "source"]]));
}

#[tokio::test(start_paused = true)]
async fn line_has_at_most_the_samples_that_cloudwatch_reads() {
    let publisher = publisher(bus(), queue());
    let lines = measured(&publisher.handles((1..=150).map(event)).await);
    let samples = lines[1..].iter().map(|line| line["MillisecondsToBus"].as_array().unwrap().len());
    assert_eq!(samples.collect::<Vec<_>>(), [100, 50]);
}
