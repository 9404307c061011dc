//! Merge queues and ends: only a merged, declined or superseded pull request has ended. Bitbucket may report nothing.

use relay::Settings;
use serde_json::{Value, json};
use simulator::Rules;
use system::log::text_of;
use system::{Pr, Setup, World};

/// Starts a world with sweeps, and a pull request by Alice whose windows ended long ago.
async fn quiet(queued_is_a_state: bool) -> (World, Pr) {
    let rules = Rules { queued_is_a_state, ..Rules::default() };
    let mut setup = Setup { rules, ..Setup::default() };
    setup.settings = Settings { sweep_seconds: 300, ..setup.settings };
    let world = World::with(setup).await;
    let pr = world.alice().opens("gear").await;
    world.run_for(1_200).await;
    assert_eq!(world.events(pr).await.len(), 1);
    (world, pr)
}

/// Runs two sweeps and the polls that follow.
async fn sweeps(world: &World) {
    world.run_for(660).await;
}

async fn last_changes(world: &World, pr: Pr) -> Value {
    world.last_event(pr).await.envelope(None).to_json()["changes"].clone()
}

/// The changes that entering the queue (or leaving it) makes.
fn queue_changes(queued_is_a_state: bool, queued: bool) -> Value {
    let flag = json!({ "type": "queued", "from": !queued, "to": queued });
    let (from, to) = if queued { ("OPEN", "QUEUED") } else { ("QUEUED", "OPEN") };
    let state = json!({ "type": "state", "from": from, "to": to });
    if queued_is_a_state { json!([flag, state]) } else { json!([flag]) }
}

#[tokio::test]
async fn unreported_merge_queue_is_found_by_sweeps() {
    for is_a_state in [false, true] {
        let (world, pr) = quiet(is_a_state).await;
        world.bob().queues(pr, true, false).await;
        sweeps(&world).await;
        assert_eq!(world.events_after(pr, 1).await, ["2 pullrequest:updated poll"], "{is_a_state}");
        assert_eq!(last_changes(&world, pr).await, queue_changes(is_a_state, true));
        world.bob().queues(pr, false, false).await;
        sweeps(&world).await;
        assert_eq!(world.events_after(pr, 2).await, ["3 pullrequest:updated poll"], "{is_a_state}");
        assert_eq!(last_changes(&world, pr).await, queue_changes(is_a_state, false));
    }
}

#[tokio::test]
async fn reported_merge_queue_is_one_event_each() {
    for is_a_state in [false, true] {
        let (world, pr) = quiet(is_a_state).await;
        world.bob().queues(pr, true, true).await;
        assert_eq!(last_changes(&world, pr).await, queue_changes(is_a_state, true));
        world.bob().queues(pr, false, true).await;
        assert_eq!(last_changes(&world, pr).await, queue_changes(is_a_state, false));
        sweeps(&world).await;
        let events = world.events_after(pr, 1).await;
        assert_eq!(events, ["2 pullrequest:updated webhook", "3 pullrequest:updated webhook"]);
    }
}

#[tokio::test]
async fn queued_pull_request_is_still_swept() {
    for is_a_state in [false, true] {
        let (world, pr) = quiet(is_a_state).await;
        world.bob().queues(pr, true, true).await;
        sweeps(&world).await;
        assert!(world.state(pr).await.is_open(), "{is_a_state}");
        world.lose_next(1);
        world.bob().comments(pr, "unreported").await;
        sweeps(&world).await;
        assert_eq!(world.events_after(pr, 2).await, ["3 pullrequest:comment_created poll"], "{is_a_state}");
        assert_eq!(text_of(&world.last_event(pr).await), "unreported");
    }
}

#[tokio::test]
async fn lost_merge_out_of_the_queue_is_one_end() {
    for is_a_state in [false, true] {
        let (world, pr) = quiet(is_a_state).await;
        world.bob().queues(pr, true, true).await;
        world.hold();
        world.bob().merges(pr).await;
        let late = world.stop_holding();
        sweeps(&world).await;
        assert_eq!(world.events_after(pr, 2).await, ["3 pullrequest:fulfilled poll"], "{is_a_state}");
        assert_eq!(last_changes(&world, pr).await[0], json!({ "type": "queued", "from": true, "to": false }));
        assert_eq!(last_changes(&world, pr).await[1]["to"], "MERGED");
        world.deliver(&late).await;
        assert_eq!(world.events(pr).await.len(), 3);
    }
}

#[tokio::test]
async fn superseded_pull_request_is_ended_and_not_merged() {
    let (world, pr) = quiet(false).await;
    world.bob().supersedes(pr).await;
    sweeps(&world).await;
    assert_eq!(world.events_after(pr, 1).await, ["2 pullrequest:updated poll"]);
    assert_eq!(last_changes(&world, pr).await[0]["to"], "SUPERSEDED");
    assert!(!world.state(pr).await.is_open());
}
