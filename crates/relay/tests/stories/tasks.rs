//! Tasks, for which Bitbucket sends no webhooks (G4).

use bitbucket::EventKey::PullRequestApproved;
use relay::Source;
use serde_json::Value;

use crate::world::{World, a_polled_pull_request, a_pull_request};

const CREATED: &str = "pullrequest:task_created";
const UPDATED: &str = "pullrequest:task_updated";
const RESOLVED: &str = "pullrequest:task_resolved";
const REOPENED: &str = "pullrequest:task_reopened";
const DELETED: &str = "pullrequest:task_deleted";
const NOTHING: [&str; 0] = [];

fn a_task() -> World {
    let mut world = a_polled_pull_request();
    world.adds_a_task(1, "a").waits(15).polls();
    world.waits(15);
    world
}

fn actor(world: &World) -> Option<&str> {
    world.last().actor.as_ref()?.get("nickname").and_then(Value::as_str)
}

#[test]
fn every_change_of_a_task_is_an_event() {
    let mut world = a_polled_pull_request();
    assert_eq!(world.adds_a_task(1, "a").waits(15).polls(), [CREATED]);
    assert_eq!((world.last().source, actor(&world)), (Source::Poll, Some("bob")));
    assert_eq!(world.last_payload()["task"]["content"]["raw"], "a");

    assert_eq!(world.edits_the_task(1, "b").waits(15).polls(), [UPDATED]);
    assert_eq!(actor(&world), None, "Bitbucket does not say who edited a task");
    assert_eq!(world.last_payload()["actor"], Value::Null);

    assert_eq!(world.resolves_the_task(1).waits(15).polls(), [RESOLVED]);
    assert_eq!(actor(&world), Some("alice"));
    assert_eq!(world.reopens_the_task(1).waits(15).polls_twice(), [REOPENED]);
    assert_eq!(world.resolves_the_task(1).waits(15).polls(), [RESOLVED]);

    assert_eq!(world.deletes_the_task(1).waits(15).polls_twice(), [DELETED]);
    assert_eq!(world.last_payload()["task"]["id"], 1);
    assert_eq!(world.waits(15).polls(), NOTHING);
}

#[test]
fn event_of_a_task_has_bitbuckets_time() {
    let mut world = a_polled_pull_request();
    let published_at = |world: &mut World| {
        assert_eq!(world.waits(15).polls().len(), 1);
        world.last().occurred_at
    };
    let at = world.adds_a_task(1, "a").now;
    assert_eq!(published_at(&mut world), Some(at));
    let at = world.edits_the_task(1, "b").now;
    assert_eq!(published_at(&mut world), Some(at));
    let at = world.resolves_the_task(1).now;
    assert_eq!(published_at(&mut world), Some(at));
}

#[test]
fn edit_of_a_task_that_moves_no_time_needs_two_polls() {
    let mut world = a_task();
    world.edits_the_task_without_moving_its_time(1, "b");
    assert_eq!(world.polls(), NOTHING);
    assert_eq!(world.waits(30).polls(), [UPDATED]);
    assert_eq!(world.last().occurred_at, None, "Bitbucket does not show when");
}

#[test]
fn older_resolution_of_a_task_proves_nothing() {
    let mut world = a_task();
    world.resolves_the_task(1).waits(15).polls();
    let old = world.begins_a_poll();
    world.waits(60).reopens_the_task(1).waits(60).resolves_the_task(1);
    assert_eq!(world.polls(), [REOPENED, RESOLVED]);
    assert_eq!(world.polls_a_copy(&old), NOTHING);
}

#[test]
fn resolution_of_a_reopened_task_needs_two_polls() {
    let mut world = a_task();
    world.resolves_the_task(1).waits(15).polls();
    let old = world.begins_a_poll();
    assert_eq!(world.waits(60).reopens_the_task(1).polls_twice(), [REOPENED]);
    assert_eq!(world.polls_a_copy(&old), NOTHING);
    assert_eq!(world.waits(30).polls(), NOTHING, "it was a copy");
}

#[test]
fn task_created_and_resolved_between_polls_is_two_events() {
    let mut world = a_polled_pull_request();
    world.adds_a_task(1, "a").waits(2).resolves_the_task(1);
    assert_eq!(world.waits(15).polls(), [CREATED, RESOLVED]);
}

#[test]
fn task_edited_and_resolved_between_polls_is_two_events() {
    let mut world = a_task();
    world.edits_the_task(1, "b").resolves_the_task(1);
    assert_eq!(world.waits(15).polls(), [UPDATED, RESOLVED]);
}

#[test]
fn task_reopened_and_resolved_between_polls_is_two_events() {
    let mut world = a_task();
    world.resolves_the_task(1).waits(15).polls();
    world.reopens_the_task(1).waits(2).resolves_the_task(1);
    assert_eq!(world.waits(15).polls(), [REOPENED, RESOLVED]);
}

#[test]
fn task_created_and_deleted_between_polls_is_no_event() {
    let mut world = a_polled_pull_request();
    world.adds_a_task(1, "a").deletes_the_task(1);
    assert_eq!(world.waits(15).polls(), NOTHING);
}

#[test]
fn missing_task_is_deleted_only_after_lookup_by_id() {
    let mut world = a_task();
    let mut poll = world.begins_a_poll();
    poll.tasks = Some(relay::Listing::new(Vec::new(), true));
    assert_eq!(world.ends_the_poll(poll), NOTHING);
    assert!(!world.task_state(1).deleted);
}

#[test]
fn poll_without_tasks_changes_no_task() {
    let mut world = a_task();
    let mut poll = world.edits_the_task(1, "b").begins_a_poll();
    poll.tasks = None;
    assert_eq!(world.ends_the_poll(poll), NOTHING);
    assert_eq!(world.polls(), [UPDATED]);
}

#[test]
fn pending_task_is_ignored() {
    let mut world = a_polled_pull_request();
    world.adds_a_task(1, "a");
    let mut poll = world.begins_a_poll();
    for task in &mut poll.tasks.as_mut().unwrap().items {
        task.view.pending = true;
    }
    assert_eq!(world.ends_the_poll(poll), NOTHING);
    assert_eq!(world.polls(), [CREATED]);
}

#[test]
fn old_task_publishes_only_later_changes() {
    let mut world = a_pull_request();
    world.adds_a_task(1, "old").waits(3_600);
    world.writes(1, "c").reports(PullRequestApproved);
    assert_eq!(world.waits(3).polls(), NOTHING);
    assert_eq!(world.resolves_the_task(1).waits(15).polls(), [RESOLVED]);
}

#[test]
fn task_as_old_as_the_baseline_is_news() {
    for (seconds, events) in [(0, vec![CREATED]), (1, vec![])] {
        let mut world = a_pull_request();
        let baseline = i64::from(world.settings.window_seconds + world.settings.margin_seconds);
        world.adds_a_task(1, "a").waits(baseline + seconds).writes(1, "c").reports(PullRequestApproved);
        assert_eq!(world.waits(3).polls(), events);
    }
}

#[test]
fn old_task_resolved_recently_publishes_only_resolution() {
    let mut world = a_pull_request();
    world.adds_a_task(1, "old").waits(3_600).resolves_the_task(1);
    world.writes(1, "c").reports(PullRequestApproved);
    assert_eq!(world.waits(3).polls(), [RESOLVED]);
}

#[test]
fn resolution_without_a_time_is_news_of_a_task_that_is() {
    for (seconds, events) in [(60, vec![CREATED, RESOLVED]), (3_600, vec![])] {
        let mut world = a_pull_request();
        world.adds_a_task(1, "a").resolves_the_task_without_a_time(1).waits(seconds);
        world.writes(1, "c").reports(PullRequestApproved);
        assert_eq!(world.waits(3).polls(), events);
    }
}

#[test]
fn task_appearing_after_first_listing_is_published() {
    let mut world = a_pull_request();
    world.adds_a_task(1, "from a review that was published late");
    let hidden = std::mem::take(&mut world.begins_a_poll().tasks).unwrap();
    world.waits(3_600).writes(1, "c").reports(PullRequestApproved);
    let mut first = world.waits(3).begins_a_poll();
    first.tasks = Some(relay::Listing::new(Vec::new(), true));
    world.ends_the_poll(first);
    let mut second = world.begins_a_poll();
    second.tasks = Some(hidden);
    assert_eq!(world.ends_the_poll(second), [CREATED]);
}

#[test]
fn overlapping_poll_does_not_undo_another() {
    let mut world = a_task();
    let slow = world.begins_a_poll();
    world.resolves_the_task(1).edits_the_task(1, "b");
    assert_eq!(world.waits(1).polls(), [UPDATED, RESOLVED]);
    assert_eq!(world.ends_the_poll(slow), NOTHING);
    assert!(world.task_state(1).resolution.is_some());
}

#[test]
fn two_pollers_at_once_find_a_task_once() {
    let mut world = a_polled_pull_request();
    world.adds_a_task(1, "a").waits(15);
    let (one, other) = (world.begins_a_poll(), world.begins_a_poll());
    assert_eq!(world.ends_the_poll(one), [CREATED]);
    assert_eq!(world.ends_the_poll(other), NOTHING);
}

#[test]
fn many_tasks_and_comments_leave_no_gap() {
    let mut world = a_polled_pull_request();
    for id in 1..=30 {
        world.writes(id, "a").adds_a_task(id, "a").resolves_the_task(id);
    }
    assert_eq!(world.waits(60).polls().len(), 90);
    assert_eq!(world.polls(), NOTHING);
}

#[test]
fn partial_fold_is_due_again_at_once() {
    let mut world = a_polled_pull_request();
    for id in 1..=30 {
        world.adds_a_task(id, "a");
    }
    let poll = relay::observation::Observation::PullRequest(
        relay::observation::PullRequestObservation::Poll(world.waits(60).begins_a_poll()),
    );
    let (link, subject) = (crate::world::link(), crate::world::subject());
    let folded = relay::fold(world.state.clone(), &link, &subject, &poll, world.now, &world.settings);
    assert!(folded.more);
    assert_eq!(
        folded.state.watch.map(|watch| watch.due_at),
        Some(world.now),
        "should the rest never be folded"
    );
}
