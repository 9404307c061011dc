//! Deliveries while the table is down, and the calls of a warm delivery.

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use e2e::signer::Delivery;
use futures::StreamExt;

use crate::support::{Functions, SECRET, delivery};

pub(crate) async fn table_outage_loses_no_acknowledged_delivery(_: Arc<()>) {
    let mut functions = Functions::start(true).await;
    assert_eq!(functions.deliver(0, 1).await, 200);

    functions.dynamo.stop().await;
    let during = deliver_all(&functions, 1..7, 1).await;
    assert!(during.iter().all(|(_, status)| *status == 503), "{during:?}");

    functions.dynamo.start_again().await;
    assert_eq!(functions.log().await, [1], "a delivery answered 503 is not stored");
    let after = deliver_all(&functions, 1..7, 2).await;
    assert!(after.iter().all(|(_, status)| *status == 200), "{after:?}");
    assert_eq!(functions.log().await, [1, 2, 3, 4, 5, 6, 7]);

    // An outage during a stream of deliveries: each answer is true.
    let Functions { dynamo, runtime, http, .. } = &mut functions;
    let url = format!("{}/webhook/acme", runtime.url("webhook"));
    let sending = send_all(http, &url, 7..127, 1);
    let interrupting = async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        dynamo.stop().await;
        tokio::time::sleep(Duration::from_millis(500)).await;
        dynamo.start_again().await;
    };
    let (answers, ()) = tokio::join!(sending, interrupting);
    let acknowledged = answers.iter().filter(|(_, status)| *status == 200).count();
    let failed: Vec<_> = answers.iter().filter(|(_, status)| *status != 200).collect();
    println!("{acknowledged} acknowledged, {} answered 503", failed.len());
    assert!(failed.iter().all(|(_, status)| *status == 503), "{failed:?}");
    let stored = functions.log().await.len() - 7;
    assert!(stored >= acknowledged, "{acknowledged} acknowledged, {stored} stored");
    for (number, _) in failed {
        assert_eq!(functions.deliver(*number, 2).await, 200);
    }
    assert_eq!(functions.log().await, (1..=127).collect::<Vec<_>>());
}

pub(crate) async fn warm_delivery_costs_one_read_and_one_transaction(_: Arc<()>) {
    // A second process would be cold, and would read the link for its first delivery.
    let functions = Functions::start_with(1, false).await;
    for number in 0..4 {
        assert_eq!(functions.deliver(number, 1).await, 200);
    }
    functions.aws.take_calls();
    for number in 4..14 {
        assert_eq!(functions.deliver(number, 1).await, 200);
        assert_eq!(functions.aws.take_calls(), ["GetItem", "TransactWriteItems"]);
    }
}

async fn deliver_all(functions: &Functions, numbers: Range<usize>, attempt: u32) -> Vec<(usize, u16)> {
    send_all(&functions.http, &format!("{}/webhook/acme", functions.runtime.url("webhook")), numbers, attempt)
        .await
}

async fn send_all(
    http: &reqwest::Client,
    url: &str,
    numbers: Range<usize>,
    attempt: u32,
) -> Vec<(usize, u16)> {
    let sent = futures::stream::iter(numbers).map(|number| async move {
        let delivery = Delivery { attempt, ..delivery(number) };
        (number, delivery.send(http, url, SECRET).await.unwrap().status().as_u16())
    });
    sent.buffered(2).collect().await
}
