//! Deliveries: doubled, resent, concurrent.

use relay::SubjectState;
use store::{CommitError, Recorded, Table};
use tokio::task::JoinSet;

use crate::world::{Delivery, World};

fn event_count(recorded: &Recorded) -> usize {
    match recorded {
        Recorded::Stored { events, .. } => events.len(),
        Recorded::Known => 0,
    }
}

pub(crate) async fn known_delivery_writes_nothing<T: Table>(world: World<T>) {
    let mark = Delivery::comment(1).mark();
    let first = SubjectState { version: 1, sequence: 1, ..SubjectState::default() };
    world.commit(&first, &[world.event(1, b"{}")], Some(&mark)).await.unwrap();

    let next = SubjectState { version: 2, sequence: 2, ..SubjectState::default() };
    let refused = world.commit(&next, &[world.event(2, b"{}")], Some(&mark)).await;
    assert_eq!(refused, Err(CommitError::KnownDelivery));
    assert_eq!(world.state().await, first);
    assert_eq!(world.log().await.len(), 1);
}

pub(crate) async fn same_delivery_twice_is_one_event<T: Table>(world: World<T>) {
    let delivery = Delivery::comment(1);
    assert_eq!(event_count(&world.deliver(&delivery).await.unwrap()), 1);
    assert_eq!(world.deliver(&delivery).await.unwrap(), Recorded::Known);
    assert_eq!(world.deliver(&delivery.at_attempt(2)).await.unwrap(), Recorded::Known);
    assert_eq!(world.keys().await, ["pullrequest:comment_created"]);
}

pub(crate) async fn same_delivery_fifty_times_at_once_is_one_event<T: Table + 'static>(world: World<T>) {
    let recorded = at_once(&world, (0..50).map(|_| Delivery::comment(1))).await;
    assert!(recorded.iter().map(event_count).sum::<usize>() <= 1);
    assert_eq!(world.keys().await.len(), 1);
    assert_eq!(world.state().await.version, 1);
}

pub(crate) async fn concurrent_deliveries_leave_no_gap<T: Table + 'static>(world: World<T>) {
    let count = 20;
    at_once(&world, (1..=count).map(Delivery::comment)).await;
    assert_eq!(world.keys().await.len() as u64, count);
    let state = world.state().await;
    assert_eq!(state.version, count);
    assert_eq!(state.pull_request().unwrap().comments.len() as u64, count);
}

async fn at_once<T: Table + 'static>(
    world: &World<T>,
    deliveries: impl Iterator<Item = Delivery>,
) -> Vec<Recorded> {
    let mut tasks = JoinSet::new();
    for delivery in deliveries {
        let world = world.clone();
        tasks.spawn(async move { until_accepted(&world, delivery).await });
    }
    tasks.join_all().await
}

/// Delivers and resends after a 5xx, as Bitbucket does. A slow emulator on a busy machine sometimes needs that.
async fn until_accepted<T: Table>(world: &World<T>, delivery: Delivery) -> Recorded {
    for attempt in 1..=10 {
        match world.deliver(&delivery.clone().at_attempt(attempt)).await {
            Ok(recorded) => return recorded,
            Err(error) => assert!(error.retryable(), "{error}"),
        }
    }
    panic!("never accepted")
}

pub(crate) async fn reused_request_id_loses_nothing<T: Table>(world: World<T>) {
    let first = Delivery::comment(1).under_request("request");
    let other = Delivery::comment(2).under_request("request");
    world.deliver(&first).await.unwrap();
    assert_eq!(event_count(&world.deliver(&other).await.unwrap()), 1);
    assert_eq!(world.deliver(&other).await.unwrap(), Recorded::Known);
    assert_eq!(world.deliver(&first).await.unwrap(), Recorded::Known);
    assert_eq!(world.keys().await.len(), 2);
}

pub(crate) async fn resend_with_new_request_id_is_known_by_body<T: Table>(world: World<T>) {
    let delivery = undated();
    world.deliver(&delivery).await.unwrap();
    world.clock.advance_seconds(599);
    let resent = delivery.under_request("another").at_attempt(2);
    assert_eq!(world.deliver(&resent).await.unwrap(), Recorded::Known);
    assert_eq!(world.keys().await.len(), 1);
}

pub(crate) async fn first_attempts_with_equal_bodies_are_two_deliveries<T: Table>(world: World<T>) {
    world.deliver(&undated()).await.unwrap();
    let another = undated().under_request("another");
    let next = SubjectState { version: 2, ..world.state().await };
    assert_eq!(world.commit(&next, &[], Some(&another.mark())).await, Err(CommitError::BodyReused));
    assert_eq!(event_count(&world.deliver(&another).await.unwrap()), 1);
    for resent in [undated(), another] {
        assert_eq!(world.deliver(&resent).await.unwrap(), Recorded::Known);
    }
    let other_key =
        Delivery { key: "pullrequest:unapproved", ..undated().under_request("third").at_attempt(2) };
    assert_eq!(event_count(&world.deliver(&other_key).await.unwrap()), 1);
    assert_eq!(world.keys().await.len(), 3);
}

pub(crate) async fn resend_after_ten_minutes_is_not_known_by_body<T: Table>(world: World<T>) {
    world.deliver(&undated()).await.unwrap();
    world.clock.advance_seconds(601);
    let late = undated().under_request("another").at_attempt(2);
    assert_eq!(event_count(&world.deliver(&late).await.unwrap()), 1);
    assert_eq!(world.deliver(&late).await.unwrap(), Recorded::Known);
    assert_eq!(world.keys().await.len(), 2);
}

pub(crate) async fn fact_reported_by_two_hooks_is_one_event<T: Table>(world: World<T>) {
    for hook in ["on-the-repository", "on-the-workspace"] {
        world.deliver(&Delivery::comment(1).by_hook(hook)).await.unwrap();
    }
    assert_eq!(world.keys().await.len(), 1);
}

pub(crate) async fn fact_forgotten_by_state_is_one_event<T: Table>(world: World<T>) {
    let count = 70;
    for id in 1..=count {
        world.deliver(&Delivery::comment(id)).await.unwrap();
        assert_eq!(world.state().await.facts_are_stored, id > 32, "after {id} facts");
    }
    let first = Delivery::comment(1);
    let forgotten = world.log().await[0].id.clone();
    assert!(!world.state().await.recent_facts.contains(&forgotten), "the state still remembers it");

    let stored = world.deliver(&first.by_hook("another")).await.unwrap();
    assert_eq!(event_count(&stored), 0);
    assert_eq!(world.keys().await.len() as u64, count);
}

/// Returns a delivery without an id or time in its content: it can happen twice.
fn undated() -> Delivery {
    let body = br#"{"repository":{"uuid":"{0a1b}"},"pullrequest":{"id":7},"approval":{},"actor":null}"#;
    Delivery { key: "pullrequest:approved", body: body.to_vec(), ..Delivery::comment(1) }
}
