//! The publisher: order, retries, malformed records, and an outage of the bus.

use std::sync::Arc;

use e2e::aws::BusBehaviour;
use e2e::pump::Pump;
use serde_json::json;

use crate::support::{Functions, sequences, title};

async fn with_events(count: usize) -> (Functions, Pump) {
    let functions = Functions::start(false).await;
    for number in 0..count {
        assert_eq!(functions.deliver(number, 1).await, 200);
    }
    let pump = functions.pump().await;
    (functions, pump)
}

/// Sends batches until every record is handled. A record that blocks the stream ends in a panic.
async fn pump_all(functions: &Functions, pump: &mut Pump) {
    for _ in 0..20 {
        pump.turn(&functions.runtime).await;
        if pump.is_done() {
            return;
        }
    }
    panic!("a record blocks the stream: 20 batches did not handle all records");
}

pub(crate) async fn log_is_published_once_and_in_order(_: Arc<()>) {
    let (functions, mut pump) = with_events(25).await;
    pump_all(&functions, &mut pump).await;
    assert_eq!(sequences(&functions.aws.published()), (1..=25).collect::<Vec<_>>());
    assert_eq!(functions.aws.parked(), Vec::<serde_json::Value>::new());
}

pub(crate) async fn entry_refused_inside_a_200_is_published_in_the_end(_: Arc<()>) {
    let (functions, mut pump) = with_events(12).await;
    // More refusals than one invocation has attempts, so the stream must deliver the record again.
    for _ in 0..7 {
        functions.aws.refuse(&title(3), "ThrottlingException");
    }
    pump_all(&functions, &mut pump).await;
    let mut published = sequences(&functions.aws.published());
    published.sort_unstable();
    published.dedup();
    assert_eq!(published, (1..=12).collect::<Vec<_>>());
    assert_eq!(functions.aws.parked().len(), 0);
}

pub(crate) async fn malformed_record_is_parked_and_blocks_nothing(_: Arc<()>) {
    let (functions, mut pump) = with_events(3).await;
    let image = json!({
        "pk": { "S": "acme#pullrequest/r/1" },
        "sk": { "S": "event#000000000000" },
        "kind": { "S": "event" },
        "sequence": { "S": "no number" },
    });
    pump.inject(json!({
        "eventID": "malformed",
        "eventName": "INSERT",
        "eventVersion": "1.1",
        "eventSource": "aws:dynamodb",
        "awsRegion": "eu-west-1",
        "eventSourceARN": "arn:aws:dynamodb:eu-west-1:000000000000:table/bitrelay/stream/1",
        "dynamodb": {
            "ApproximateCreationDateTime": 1_795_000_000.0,
            "Keys": { "pk": image["pk"], "sk": image["sk"] },
            "NewImage": image,
            "SequenceNumber": "1",
            "SizeBytes": 1,
            "StreamViewType": "NEW_IMAGE",
        },
    }));
    functions.aws.refuse(&title(1), "MalformedDetail");
    pump_all(&functions, &mut pump).await;
    assert_eq!(sequences(&functions.aws.published()), [1, 3]);
    let parked = functions.aws.parked();
    assert_eq!(parked.len(), 2, "{parked:?}");
}

pub(crate) async fn bus_outage_delays_events_and_loses_none(_: Arc<()>) {
    let (functions, mut pump) = with_events(5).await;
    functions.aws.set_bus(BusBehaviour::Down);
    for _ in 0..2 {
        pump.turn(&functions.runtime).await;
        assert!(!pump.is_done());
    }
    // An outage of the bus does not affect deliveries.
    assert_eq!(functions.deliver(5, 1).await, 200);
    functions.aws.set_bus(BusBehaviour::Up);
    pump_all(&functions, &mut pump).await;
    assert_eq!(sequences(&functions.aws.published()), [1, 2, 3, 4, 5, 6]);
    assert_eq!(functions.aws.parked().len(), 0);
}
