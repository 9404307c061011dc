//! G9: sweeps of a repository's open pull requests find the changes that no webhook reported.

use relay::Settings;
use simulator::{FaultRequest, Omission};
use system::log::{actor_of, text_of};
use system::{Pr, Setup, World};

const SWEEP_SECONDS: u64 = 300;

/// Starts a world with sweeps, and a pull request by Alice whose windows ended long ago.
async fn quiet() -> (World, Pr) {
    let mut setup = Setup::default();
    setup.settings = Settings { sweep_seconds: 300, ..setup.settings };
    let world = World::with(setup).await;
    let pr = world.alice().opens("gear").await;
    world.bob().comments(pr, "first").await;
    world.run_for(1_200).await;
    assert_eq!(world.events(pr).await.len(), 2);
    (world, pr)
}

/// Runs two sweeps and the polls that follow.
async fn sweeps(world: &World) {
    world.run_for(2 * SWEEP_SECONDS + 60).await;
}

/// Runs until a sweep notices that the pull request changed.
async fn until_noticed(world: &World, pr: Pr) {
    for _ in 0..SWEEP_SECONDS {
        world.run_for(1).await;
        if world.state(pr).await.seen_in_sweep_at.is_some() {
            return;
        }
    }
    panic!("no sweep noticed a change");
}

#[tokio::test]
async fn comment_with_lost_webhook_is_found_long_after_windows() {
    let (world, pr) = quiet().await;
    world.lose_next(1);
    world.bob().comments(pr, "second").await;
    sweeps(&world).await;
    assert_eq!(world.events_after(pr, 2).await, ["3 pullrequest:comment_created poll"]);
    assert_eq!(text_of(&world.last_event(pr).await), "second");
}

#[tokio::test]
async fn edit_of_a_comment_with_lost_webhook_is_published() {
    let (world, pr) = quiet().await;
    world.lose_next(1);
    let comment = world.bob().comments(pr, "second").await;
    world.run_for(200).await;
    world.bob().edits(pr, comment, "second, with care").await;
    sweeps(&world).await;
    world.run_for(900).await;
    assert_eq!(text_of(&world.last_event(pr).await), "second, with care");
}

#[tokio::test]
async fn a_task_added_long_after_the_last_window_is_found() {
    let (world, pr) = quiet().await;
    world.alice().adds_task(pr, "oil it").await;
    sweeps(&world).await;
    assert_eq!(world.events_after(pr, 2).await, ["3 pullrequest:task_created poll"]);
}

#[tokio::test]
async fn lost_approval_and_its_late_webhook_are_one_event() {
    let (world, pr) = quiet().await;
    world.hold();
    world.bob().approves(pr).await;
    let late = world.stop_holding();
    sweeps(&world).await;
    assert_eq!(world.events_after(pr, 2).await, ["3 pullrequest:approved poll"]);
    assert_eq!(actor_of(&world.last_event(pr).await).as_deref(), Some("bob"));
    world.deliver(&late).await;
    assert_eq!(world.events(pr).await.len(), 3);
}

#[tokio::test]
async fn lost_update_and_its_late_webhook_are_one_event() {
    let (world, pr) = quiet().await;
    world.hold();
    world.alice().retitles(pr, "Wheel").await;
    let late = world.stop_holding();
    sweeps(&world).await;
    assert_eq!(world.events_after(pr, 2).await, ["3 pullrequest:updated poll"]);
    let changes = world.last_event(pr).await.envelope(None).to_json()["changes"].clone();
    assert_eq!(changes[0]["to"], "Wheel");
    world.deliver(&late).await;
    assert_eq!(world.events(pr).await.len(), 3);
}

#[tokio::test]
async fn lost_merge_and_its_late_webhook_are_one_event() {
    let (world, pr) = quiet().await;
    world.hold();
    world.bob().merges(pr).await;
    let late = world.stop_holding();
    sweeps(&world).await;
    assert_eq!(world.events_after(pr, 2).await, ["3 pullrequest:fulfilled poll"]);
    world.deliver(&late).await;
    assert_eq!(world.events(pr).await.len(), 3);
}

#[tokio::test]
async fn pull_request_without_any_webhook_is_published_in_full() {
    let (world, _) = quiet().await;
    world.lose_next(2);
    let pr = world.alice().opens("wheel").await;
    world.bob().comments(pr, "unreported").await;
    sweeps(&world).await;
    let events = world.events(pr).await;
    assert_eq!(events, ["1 pullrequest:comment_created poll", "2 pullrequest:created poll"]);
}

#[tokio::test]
async fn sweep_skips_pull_requests_with_prompt_webhooks() {
    let (world, pr) = quiet().await;
    let before = world.calls(pr.repo);
    sweeps(&world).await;
    let sweeps_alone = world.calls(pr.repo) - before;
    assert!((2..=3).contains(&sweeps_alone), "a quiet repository costs a call a sweep, not {sweeps_alone}");
}

#[tokio::test]
async fn older_pull_request_is_published_only_after_a_change() {
    let mut setup = Setup { hooked: false, ..Setup::default() };
    setup.settings = Settings { sweep_seconds: 300, ..setup.settings };
    let world = World::with(setup).await;
    let old = world.alice().opens("old").await;
    world.bob().comments(old, "long ago").await;
    world.advance(100_000);
    world.hook(old.repo).await;
    world.alice().opens("new").await;
    sweeps(&world).await;
    assert!(world.events(old).await.is_empty());
    world.lose_next(1);
    world.bob().comments(old, "now").await;
    sweeps(&world).await;
    assert_eq!(world.events(old).await, ["1 pullrequest:comment_created poll"]);
    assert_eq!(text_of(&world.last_event(old).await), "now");
}

#[tokio::test]
async fn end_of_a_pull_request_that_a_sweep_lacked_before_is_published() {
    let (world, pr) = quiet().await;
    let omit = Some(Omission { id: pr.id, count: 1, by_id: false });
    let only_for = Some(pr.repo.bot().to_owned());
    world.fault(FaultRequest { omit, only_for, ..FaultRequest::default() });
    until_noticed(&world, pr).await;
    world.run_for(60).await;
    assert_eq!(world.events(pr).await.len(), 2, "it is open, whatever one listing shows");
    world.lose_next(1);
    world.alice().declines(pr).await;
    sweeps(&world).await;
    assert_eq!(world.events_after(pr, 2).await, ["3 pullrequest:rejected poll"]);
}

#[tokio::test]
async fn late_webhook_of_the_listed_time_hides_no_later_change() {
    let (world, pr) = quiet().await;
    world.hold();
    world.bob().comments(pr, "second").await;
    let letters = world.stop_holding();
    world.run_for(600).await;
    world.alice().queues(pr, true, false).await;
    // A sweep lists it as queued, with the time of the comment. The comment's webhook comes before the poll.
    let before = world.log(pr).await.len();
    until_noticed(&world, pr).await;
    world.deliver(&letters).await;
    sweeps(&world).await;
    assert_eq!(world.state(pr).await.snapshot["queued"], true);
    let log = world.log(pr).await;
    let changes = log[before..].iter().filter_map(|event| event.changes.as_ref()).flatten();
    assert_eq!(changes.count(), 1);
}
