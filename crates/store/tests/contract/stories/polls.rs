//! Polls.

use relay::Observation;
use relay::Reason;
use store::{Recorded, Table};

use crate::world::{Delivery, World, comment, poll, time};

pub(crate) async fn comments_beyond_one_transaction_are_stored_in_order<T: Table>(world: World<T>) {
    world.deliver(&Delivery::comment(1)).await.unwrap();
    world.clock.advance_seconds(120);
    let comments: Vec<_> = (1..=60).map(|id| comment(id, "first", 0)).collect();

    let Recorded::Stored { events, watch, .. } = world.poll(&comments).await.unwrap() else {
        panic!("known")
    };
    let sequences: Vec<_> = events.iter().map(|event| event.sequence).collect();
    assert_eq!(sequences, (2..=60).collect::<Vec<_>>());
    assert_eq!(world.keys().await.len(), 60);
    let state = world.state().await;
    assert!(state.version > 3, "it took one transaction only");
    assert_eq!(state.watch, watch);
    assert_eq!(state.pull_request().unwrap().polled_at, Some(time(120)));
}

pub(crate) async fn poll_without_changes_moves_the_watch<T: Table>(world: World<T>) {
    world.deliver(&Delivery::comment(1)).await.unwrap();
    world.clock.advance_seconds(15);
    let before = world.state().await;
    let Recorded::Stored { events, watch, .. } = world.poll(&[comment(1, "first", 0)]).await.unwrap() else {
        panic!("known")
    };
    assert_eq!(events, []);
    let after = world.state().await;
    assert_eq!(after.watch, watch);
    assert_eq!((after.version, after.sequence), (before.version + 1, before.sequence));
    assert_eq!(after.pull_request().unwrap().polled_at, Some(time(15)));
}

pub(crate) async fn poll_of_unknown_pull_request_stores_nothing<T: Table>(world: World<T>) {
    assert_eq!(world.poll(&[comment(1, "first", 0)]).await.unwrap(), Recorded::Known);
    assert_eq!(world.observe(&Observation::Refused, None, None).await.unwrap(), Recorded::Known);
    assert_eq!(world.state().await.version, 0);
}

pub(crate) async fn poll_does_not_contradict_a_webhook_during_it<T: Table>(world: World<T>) {
    for id in 1..=30 {
        world.deliver(&Delivery::comment(id)).await.unwrap();
    }
    world.clock.advance_seconds(120);
    // After the poll reads and before it stores, a webhook reports a later edit.
    let known = world.state().await;
    let seen: Vec<_> = (1..=30).map(|id| comment(id, "edited once", 60)).collect();
    let observation = poll(known.version, world.now(), &seen);
    let mut edit = Delivery::comment(30).under_request("edit");
    edit.key = "pullrequest:comment_updated";
    edit.body = String::from_utf8(edit.body)
        .unwrap()
        .replace("\"first\"", "\"edited twice\"")
        .replace(
            &format!("\"updated_on\":\"{}\",\"user\"", time(0)),
            &format!("\"updated_on\":\"{}\",\"user\"", time(90)),
        )
        .into_bytes();
    world.deliver(&edit).await.unwrap();

    let Recorded::Stored { events, .. } = world.observe(&observation, None, Some(known)).await.unwrap()
    else {
        panic!("known")
    };
    assert_eq!(events.len(), 29, "the edits of all comments but the one that was reported");
    assert_eq!(world.keys().await.len(), 60);
    let state = world.state().await.pull_request().cloned().unwrap();
    let standing = state.comments[&bitbucket::CommentId(30)].standing().unwrap().updated_on;
    assert_eq!(standing, Some(time(90)));
    assert_ne!(world.state().await.watch.unwrap().reason, Reason::WindowClosed);
}
