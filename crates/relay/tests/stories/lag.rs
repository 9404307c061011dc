//! Answers of a copy that lags behind, and single wrong answers: they undo nothing.

use bitbucket::EventKey::*;

use relay::Reason;
use relay::observation::PullRequestPoll;

use crate::repeated::a_bare_resolution;
use crate::world::{World, a_polled_pull_request, hash};

const NOTHING: [&str; 0] = [];
const UPDATED: &str = "pullrequest:comment_updated";
const RESOLVED: &str = "pullrequest:comment_resolved";

fn a_comment() -> World {
    let mut world = a_polled_pull_request();
    world.writes(1, "a").reports_about(CommentCreated, 1);
    world.waits(15).polls();
    world
}

/// Polls a copy that has not seen the last `change` yet, although its webhook has arrived.
fn polls_a_copy_without(world: &mut World, change: impl FnOnce(&mut World)) -> Vec<String> {
    let mut stale = world.begins_a_poll();
    change(world);
    (stale.base_version, stale.started_at) = (world.state.version, world.now);
    world.ends_the_poll(stale)
}

#[test]
fn older_time_is_never_an_edit() {
    let mut world = a_comment();
    let edit = |world: &mut World| {
        world.waits(700).edits(1, "b").reports_about(CommentUpdated, 1);
    };
    assert_eq!(polls_a_copy_without(&mut world, edit), NOTHING);
    assert_eq!(world.comment_state(1).standing().unwrap().hash, Some(hash("b")));
    assert_eq!(world.waits(15).polls(), NOTHING, "the log ends with the newest text");
    assert_eq!(world.waits(60).edits(1, "c").waits(15).polls(), [UPDATED]);
}

#[test]
fn lagging_answer_is_checked_once_and_not_for_ever() {
    let mut world = a_comment();
    world.waits(700).polls();
    let mut stale = world.begins_a_poll();
    world.edits(1, "b").reports_about(CommentUpdated, 1);
    world.waits(700).polls();
    for (wait, due) in [(0, Some(30)), (30, None), (30, None)] {
        world.waits(wait);
        (stale.base_version, stale.started_at) = (world.state.version, world.now);
        assert_eq!(world.ends_the_poll(stale.clone()), NOTHING);
        assert_eq!(world.due().map(|(seconds, _)| seconds), due);
    }
}

#[test]
fn return_to_an_older_text_needs_two_polls() {
    let mut world = a_comment();
    let edit = |world: &mut World| {
        world.waits(700).edits_without_moving_its_time(1, "b").reports_about(CommentUpdated, 1);
    };
    assert_eq!(polls_a_copy_without(&mut world, edit), NOTHING);
    assert_eq!(world.waits(30).polls(), NOTHING, "it was a copy");
    assert_eq!(world.edits_without_moving_its_time(1, "a").waits(15).polls(), NOTHING);
    assert_eq!(world.waits(30).polls(), [UPDATED], "this time it is true");
}

#[test]
fn older_text_that_no_poll_had_seen_is_not_published() {
    let mut world = a_comment();
    world.waits(60).edits_without_moving_its_time(1, "b");
    let stale = world.begins_a_poll();
    assert_eq!(world.waits(5).edits_without_moving_its_time(1, "c").polls(), [UPDATED]);
    let stale = PullRequestPoll { base_version: world.state.version, started_at: world.now, ..stale };
    assert_eq!(world.ends_the_poll(stale), NOTHING);
    assert_eq!(world.waits(30).polls(), NOTHING, "it was a copy");
    assert_eq!(world.waits(5).edits_without_moving_its_time(1, "d").polls(), [UPDATED], "no copy is as old");
}

#[test]
fn new_text_just_after_another_needs_two_polls() {
    let mut world = a_comment();
    assert_eq!(world.waits(60).edits_without_moving_its_time(1, "b").polls(), [UPDATED]);
    assert_eq!(
        world.waits(5).edits_without_moving_its_time(1, "c").polls(),
        NOTHING,
        "it may be older than b"
    );
    assert_eq!(world.waits(15).polls(), NOTHING);
    assert_eq!(world.waits(15).polls(), [UPDATED]);
}

#[test]
fn new_text_a_grace_period_after_another_is_published() {
    for (wait, events) in [(29, vec![]), (30, vec![UPDATED])] {
        let mut world = a_comment();
        assert_eq!(world.waits(60).edits_without_moving_its_time(1, "b").polls(), [UPDATED]);
        assert_eq!(world.waits(wait).edits_without_moving_its_time(1, "c").polls(), events, "{wait} s");
    }
}

#[test]
fn one_answer_reopens_no_thread() {
    let mut world = a_comment();
    let resolve = |world: &mut World| {
        world.resolves(1).reports_about(CommentResolved, 1);
    };
    assert_eq!(polls_a_copy_without(&mut world, resolve), NOTHING);
    assert_eq!(world.waits(30).polls(), NOTHING);
    assert!(world.comment_state(1).resolution.is_some());
}

#[test]
fn older_resolution_is_checked_only_if_it_may_be_newer() {
    let mut world = a_comment();
    world.resolves(1).waits(60).polls();
    let older = world.begins_a_poll();
    world.waits(60).reopens(1).waits(60).resolves(1).waits(60).polls();
    // The tail has ended.
    world.waits(100_000).polls();
    let fold_older = |world: &mut World, base_version: u64| {
        let poll = PullRequestPoll { base_version, started_at: world.now, ..older.clone() };
        assert_eq!(world.learns(&world.poll_observation(poll)), NOTHING);
        world.due()
    };
    let newest = world.state.version;
    assert_eq!(fold_older(&mut world, newest), None, "a copy that lags");
    let before = world.comment_state(1).version - 1;
    assert_eq!(fold_older(&mut world, before), Some((0, Reason::Recheck)));
}

#[test]
fn resolution_is_found_although_its_poll_was_overtaken() {
    let mut world = a_comment();
    world.waits(60).resolves(1).waits(30);
    let slow = world.begins_a_poll();
    world.edits(1, "b").reports_about(CommentUpdated, 1);
    assert_eq!(world.ends_the_poll(slow), [RESOLVED], "its time is later than any other");
}

#[test]
fn one_answer_deletes_no_comment() {
    let mut world = a_polled_pull_request();
    let write = |world: &mut World| {
        world.writes(1, "a").reports_about(CommentCreated, 1);
    };
    let mut stale = world.begins_a_poll();
    write(&mut world);
    (stale.base_version, stale.started_at) = (world.state.version, world.now);
    stale.comments.lookups.insert(bitbucket::CommentId(1), None);
    assert_eq!(world.learns(&world.poll_observation(stale)), NOTHING);
    assert_eq!(world.waits(30).polls(), NOTHING, "it is listed again");
    assert!(!world.comment_state(1).deleted);
    assert_eq!(world.waits(5).deletes(1).polls(), NOTHING, "the earlier doubt has ended");
    assert_eq!(world.waits(30).polls(), ["pullrequest:comment_deleted"]);
}

#[test]
fn one_answer_undoes_nothing_of_a_task() {
    let mut world = a_polled_pull_request();
    world.adds_a_task(1, "a").waits(15).polls();
    let open = world.begins_a_poll();
    world.waits(60).resolves_the_task(1).edits_the_task(1, "b").waits(15).polls();
    let mut missing = open.clone();
    missing.tasks.as_mut().unwrap().items.clear();
    missing.tasks.as_mut().unwrap().lookups.insert(bitbucket::TaskId(1), None);
    for stale in [open, missing] {
        assert_eq!(world.polls_a_copy(&stale), NOTHING);
        assert_eq!(world.waits(30).polls(), NOTHING);
    }
    assert!(world.task_state(1).resolution.is_some() && !world.task_state(1).deleted);
}

#[test]
fn resolution_of_a_lagging_copy_is_not_published_again() {
    let mut world = a_comment();
    world.resolves(1).reports_about(CommentResolved, 1);
    world.waits(60).polls();
    let reopen = |world: &mut World| {
        world.waits(60).reopens(1).reports_about(CommentReopened, 1);
    };
    assert_eq!(polls_a_copy_without(&mut world, reopen), NOTHING);
    assert_eq!(world.waits(45).polls(), NOTHING);
    assert_eq!(world.waits(5).resolves(1).reports_about(CommentResolved, 1), [RESOLVED]);
}

#[test]
fn lagging_resolution_is_not_published_where_its_report_had_no_time() {
    let mut world = a_comment();
    let resolved = a_bare_resolution(world.resolves(1));
    assert_eq!(world.receives(&resolved), [RESOLVED]);
    let reopen = |world: &mut World| {
        world.waits(60).reopens(1).reports_about(CommentReopened, 1);
    };
    assert_eq!(polls_a_copy_without(&mut world, reopen), NOTHING);
    assert_eq!(world.waits(30).polls(), NOTHING, "it was a copy");
    assert_eq!(world.waits(5).resolves(1).polls_twice(), [RESOLVED], "this time it is true");
}
