//! `dlq`: messages that the publisher and Lambda left behind, and their way to the bus.

use bus::EventBridge;
use bus::entry::EntryLimit;
use insta::assert_snapshot;
use jiff::SignedDuration;
use publisher::Publisher;
use publisher::handler::decode;
use publisher::record::Batch;
use queue::Queue;
use relay::Event;
use serde_json::{Value, json};
use store::codec::encode_event;
use store::memory::ManualClock;

use crate::amazon::{Amazon, QUEUE_URL};
use crate::days::events;
use crate::hosts::schema;
use crate::library::{Folder, Library};
use crate::typing::{START, Shell, time};

const NOW: &str = "2026-11-25T10:00:00Z";

/// A log of forty events, a bus and a dead-letter queue.
struct Stage {
    library: Library,
    events: Vec<Event>,
    amazon: Amazon,
    shell: Shell,
    _folder: Folder,
}

impl Stage {
    async fn open(name: &str) -> Self {
        let library = Library::empty().await;
        let events = events(time(START), 1, 40, 1);
        library.import(&events);
        library.after(86_400);
        let (amazon, folder) = (Amazon::before(&library.shell).await, Folder::new(name));
        let shell = amazon.shell(&library.shell, folder.path());
        Self { library, events, amazon, shell, _folder: folder }
    }

    /// Invokes the publisher with the stream's records of these events, which are an hour old.
    async fn publish(&self, events: &[Event]) {
        let port = self.amazon.url().rsplit(':').next().unwrap().parse().unwrap();
        let config = schema::config(port).await;
        let publisher = Publisher {
            bus: EventBridge::new(&config, "bitrelay".to_owned()),
            dead_letters: Queue::connect(&config, QUEUE_URL.to_owned()),
            clock: ManualClock::at(time(NOW)),
            decode,
            table: "bitrelay".to_owned(),
            entry_limit: EntryLimit::default(),
        };
        let now = time(NOW);
        let records = events.iter().map(|event| record(event, now.as_second() - 3_600)).collect();
        let deadline = now + SignedDuration::from_mins(1);
        let _ = publisher.handle(Batch { records }, deadline).await;
    }

    /// Parks the message of a batch that Lambda gave up after an outage, in the form of AWS's documentation
    /// (<https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-errors.html>).
    fn give_up(&self, events: &[Event]) {
        let at = |event: &Event| event.observed_at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        let message = json!({
            "requestContext": {
                "requestId": "316aa6d0-8154-xmpl-9af7-85d5f4a6bc81",
                "functionArn": "arn:aws:lambda:eu-west-1:123456789012:function:publisher",
                "condition": "RetryAttemptsExhausted",
                "approximateInvokeCount": 900,
            },
            "version": "1.0",
            "timestamp": "2026-11-25T10:00:00.717Z",
            "DDBStreamBatchInfo": {
                "shardId": "shardId-00000001573689847184-864758bb",
                "startSequenceNumber": "800000000003126276362",
                "endSequenceNumber": "800000000003126276390",
                "approximateArrivalOfFirstRecord": at(&events[0]),
                "approximateArrivalOfLastRecord": at(&events[events.len() - 1]),
                "batchSize": events.len(),
                "streamArn": "arn:aws:dynamodb:eu-west-1:123456789012:table/bitrelay/stream/2026-11-14T00:04:06.388",
            },
        });
        self.amazon.park(&message.to_string());
    }

    /// Numbers of the events on the bus, without doubles.
    fn published(&self) -> Vec<u64> {
        let details = self.amazon.bus().details();
        assert!(details.iter().all(|detail| detail.get("replay").is_none()), "it is no replay");
        let mut numbers: Vec<_> =
            details.iter().map(|detail| detail["payload"]["number"].as_u64().unwrap()).collect();
        numbers.sort_unstable();
        numbers.dedup();
        numbers
    }

    fn waiting(&self) -> Vec<(String, bool)> {
        self.amazon.parked()
    }
}

/// A record of the stream as Lambda hands it over.
fn record(event: &Event, written_at: i64) -> Value {
    let item = encode_event(&format!("{}#{}", event.link, event.subject), event).unwrap().remove(0);
    let image = serde_json::to_value(item).unwrap();
    json!({
        "eventID": event.id,
        "eventName": "INSERT",
        "eventVersion": "1.1",
        "eventSource": "aws:dynamodb",
        "awsRegion": "eu-west-1",
        "dynamodb": {
            "ApproximateCreationDateTime": written_at,
            "Keys": { "pk": image["pk"], "sk": image["sk"] },
            "NewImage": image,
            "SequenceNumber": event.id.to_string().trim_start_matches('0'),
            "SizeBytes": 100,
            "StreamViewType": "NEW_IMAGE",
        },
    })
}

#[tokio::test]
async fn redrive_empties_a_queue_that_an_outage_filled() {
    let stage = Stage::open("dlq-outage").await;
    // The bus refuses two events for good. Then it is down until Lambda gives up the next three batches.
    for number in [3, 5] {
        let refused = (format!(r#""number":{number}}}"#), "MalformedDetail");
        stage.amazon.bus().refused.push_back(refused);
    }
    stage.publish(&stage.events[..10]).await;
    for batch in stage.events[10..40].chunks(10) {
        stage.give_up(batch);
    }
    assert_eq!((stage.published().len(), stage.waiting().len()), (8, 5));

    assert_snapshot!("listed", stage.shell.types("dlq list").await);
    assert!(stage.waiting().iter().all(|(_, is_hidden)| !is_hidden), "others can receive what was listed");
    assert_snapshot!("shown", stage.shell.types("dlq show message-1").await);
    assert_eq!(stage.shell.json("dlq show message-3").await["span"]["records"], 10);

    let redriven = stage.shell.types("dlq redrive --all --per-second 10000").await;
    assert_eq!(redriven.code, 0, "{redriven}");
    assert_eq!(redriven.out, "redrove 5 messages: 32 events are on the bus\n");
    assert_eq!((stage.published(), stage.waiting().len()), ((0..40).collect(), 0));
    assert_eq!(
        stage.shell.types("dlq redrive --all").await.out,
        "redrove 0 messages: 0 events are on the bus\n"
    );
}

#[tokio::test]
async fn message_stays_until_the_bus_has_its_event() {
    let stage = Stage::open("dlq-down").await;
    stage.amazon.bus().refused.push_back((r#""number":0}"#.to_owned(), "MalformedDetail"));
    stage.publish(&stage.events[..1]).await;
    stage.give_up(&stage.events[1..3]);
    stage.amazon.bus().down_after = Some(0);

    let failed = stage.shell.types("dlq redrive --all").await;
    assert_eq!(failed.code, 5, "{failed}");
    let waiting = stage.waiting();
    assert_eq!(
        waiting,
        [("message-1".to_owned(), false), ("message-2".to_owned(), false)],
        "both can be received"
    );

    stage.amazon.bus().down_after = None;
    let redriven = stage.shell.types("dlq redrive --all").await;
    assert_eq!((redriven.code, stage.waiting().len()), (0, 0), "{redriven}");
    assert_eq!(stage.published(), [0, 1, 2]);
}

#[tokio::test]
async fn message_without_an_event_stays_and_stops_no_other() {
    let stage = Stage::open("dlq-unknown").await;
    stage.amazon.park("hello");
    let unknown = json!({
        "problem": "malformed stream record: the item has no sequence", "error_code": "RecordInvalid",
        "pk": "acme#pullrequest/0a1b/999", "sk": "event#000000000001", "stream_sequence_number": "1",
    });
    stage.amazon.park(&unknown.to_string());
    stage.amazon.bus().refused.push_back((r#""number":7}"#.to_owned(), "MalformedDetail"));
    stage.publish(&stage.events[7..8]).await;

    let redriven = stage.shell.types("dlq redrive --all").await;
    assert_snapshot!(redriven);
    let waiting = stage.waiting();
    assert_eq!(waiting, [("message-1".to_owned(), false), ("message-2".to_owned(), false)]);
    assert_eq!(stage.published(), [7]);
    let shown = stage.shell.json("dlq show message-2").await;
    assert_eq!((&shown["in_log"], &shown["error_code"]), (&json!(false), &json!("RecordInvalid")));
}

#[tokio::test]
async fn redrive_by_id_leaves_the_other_messages() {
    let stage = Stage::open("dlq-one").await;
    // Twice, because the entries of a request that is refused as a whole are sent again, one by one.
    for number in (0..12).chain(0..12) {
        stage.amazon.bus().refused.push_back((format!(r#""number":{number}}}"#), "MalformedDetail"));
    }
    stage.publish(&stage.events[..12]).await;
    let listed = stage.shell.json("dlq list").await;
    let eleventh =
        listed.as_array().unwrap().iter().find(|letter| letter["subject"] == "pullrequest/0a1b/12").unwrap();
    let redriven = stage.shell.types(&format!("dlq redrive {}", eleventh["id"].as_str().unwrap())).await;
    assert_eq!(redriven.code, 0, "{redriven}");
    assert_eq!((stage.published(), stage.waiting().len()), (vec![11], 11));
    assert!(stage.waiting().iter().all(|(_, is_hidden)| !is_hidden));

    let missing = stage.shell.types("dlq redrive no-such-id").await;
    assert_eq!(missing.code, 3, "{missing}");
    assert!(missing.err.contains("no message no-such-id in the dead-letter queue"), "{missing}");
}

#[tokio::test]
async fn batch_of_lambda_is_redriven_for_every_link() {
    let stage = Stage::open("dlq-links").await;
    let of_globex =
        stage.events[..4].iter().cloned().map(|event| Event { link: "globex".parse().unwrap(), ..event });
    stage.library.import(&of_globex.collect::<Vec<_>>());
    stage.give_up(&stage.events[..2]);
    assert_eq!(stage.shell.variables["BITRELAY_LINK"], "acme");
    let redriven = stage.shell.types("dlq redrive --all").await;
    assert_eq!(redriven.out, "redrove 1 messages: 4 events are on the bus\n", "{redriven}");

    stage.give_up(&stage.events[..2]);
    let mut without = stage.shell.clone();
    without.variables.remove("BITRELAY_LINK_SECRET_PREFIX");
    let outcome = without.types("dlq redrive --all").await;
    assert_eq!((outcome.code, stage.waiting().len()), (6, 1), "{outcome}");
    assert!(outcome.err.contains("it names no link; --stack"), "{outcome}");
}
