use std::sync::Arc;

use e2e::aws::BusMood;
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

/// Turns until everything is handled; a promise that is not kept shows as a pump that never ends.
async fn pump_all(functions: &Functions, pump: &mut Pump) {
    for _ in 0..20 {
        pump.turn(&functions.runtime).await;
        if pump.is_done() {
            return;
        }
    }
    panic!("a record blocks the stream");
}

pub(crate) async fn every_event_of_the_log_is_published_once_and_in_order(_: Arc<()>) {
    let (functions, mut pump) = with_events(25).await;
    pump_all(&functions, &mut pump).await;
    assert_eq!(sequences(&functions.aws.published()), (1..=25).collect::<Vec<_>>());
    assert_eq!(functions.aws.parked(), Vec::<serde_json::Value>::new());
}

pub(crate) async fn an_entry_refused_inside_a_200_is_published_in_the_end(_: Arc<()>) {
    let (functions, mut pump) = with_events(12).await;
    // More often than one invocation tries: then the stream has to bring it again.
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

pub(crate) async fn a_poison_record_is_parked_and_blocks_nothing(_: Arc<()>) {
    let (functions, mut pump) = with_events(3).await;
    let image = json!({ "pk": { "S": "acme#pullrequest/r/1" }, "sk": { "S": "event#000000000000" }, "kind": { "S": "event" }, "sequence": { "S": "no number" } });
    pump.inject(json!({
        "eventID": "poison", "eventName": "INSERT", "eventVersion": "1.1", "eventSource": "aws:dynamodb", "awsRegion": "eu-west-1",
        "eventSourceARN": "arn:aws:dynamodb:eu-west-1:000000000000:table/bitrelay/stream/1",
        "dynamodb": { "ApproximateCreationDateTime": 1_795_000_000.0, "Keys": { "pk": image["pk"], "sk": image["sk"] }, "NewImage": image, "SequenceNumber": "1", "SizeBytes": 1, "StreamViewType": "NEW_IMAGE" },
    }));
    functions.aws.refuse(&title(1), "MalformedDetail");
    pump_all(&functions, &mut pump).await;
    assert_eq!(sequences(&functions.aws.published()), [1, 3]);
    let parked = functions.aws.parked();
    assert_eq!(parked.len(), 2, "{parked:?}");
}

pub(crate) async fn a_bus_that_is_down_delays_events_and_loses_none(_: Arc<()>) {
    let (functions, mut pump) = with_events(5).await;
    functions.aws.set_bus(BusMood::Down);
    for _ in 0..2 {
        pump.turn(&functions.runtime).await;
        assert!(!pump.is_done());
    }
    // What comes in meanwhile is not touched by it.
    assert_eq!(functions.deliver(5, 1).await, 200);
    functions.aws.set_bus(BusMood::Well);
    pump_all(&functions, &mut pump).await;
    assert_eq!(sequences(&functions.aws.published()), [1, 2, 3, 4, 5, 6]);
    assert_eq!(functions.aws.parked().len(), 0);
}
