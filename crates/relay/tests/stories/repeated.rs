//! Facts that happen again: each time is an event of its own, whichever reports between them get lost.

use bitbucket::EventKey::*;
use relay::Report;
use serde_json::json;

use crate::world::{World, a_polled_pull_request, by_another_hook};

const NOTHING: [&str; 0] = [];
const CREATED: &str = "pullrequest:comment_created";
const UPDATED: &str = "pullrequest:comment_updated";
const RESOLVED: &str = "pullrequest:comment_resolved";
const REOPENED: &str = "pullrequest:comment_reopened";

fn a_comment() -> World {
    let mut world = a_polled_pull_request();
    world.writes(1, "a").reports_about(CommentCreated, 1);
    world.waits(15).polls();
    world
}

#[test]
fn second_reopening_after_a_lost_resolution_is_published() {
    let mut world = a_comment();
    world.resolves(1).reports_about(CommentResolved, 1);
    assert_eq!(world.waits(5).reopens(1).reports_about(CommentReopened, 1), [REOPENED]);
    // The webhook of the second resolution is lost.
    let reopened = world.waits(5).resolves(1).waits(5).reopens(1).webhook_about(CommentReopened, 1);
    assert_eq!(world.receives(&reopened), [REOPENED]);
    assert_eq!(world.receives(&by_another_hook(&reopened)), NOTHING);
}

#[test]
fn reopening_that_a_poll_found_and_two_hooks_report_is_one_event() {
    let mut world = a_comment();
    world.resolves(1).reports_about(CommentResolved, 1);
    let reopened = world.waits(60).reopens(1).webhook_about(CommentReopened, 1);
    assert_eq!(world.polls_twice(), [REOPENED]);
    assert_eq!(world.receives(&reopened), NOTHING);
    assert_eq!(world.receives(&by_another_hook(&reopened)), NOTHING);
}

/// The report of a resolution as Bitbucket's captured ones are: without the resolution.
pub(crate) fn a_bare_resolution(world: &mut World) -> Report {
    let mut comment = world.comment_shown(1);
    comment.as_object_mut().unwrap().remove("resolution");
    world.webhook(CommentResolved, &json!({ "comment": comment }))
}

fn reports_a_bare_resolution(world: &mut World) -> Vec<String> {
    let report = a_bare_resolution(world);
    let events = world.receives(&report);
    assert_eq!(world.receives(&by_another_hook(&report)), NOTHING);
    events
}

#[test]
fn resolution_without_its_time_is_one_event() {
    let mut world = a_comment();
    world.resolves(1);
    assert_eq!(reports_a_bare_resolution(&mut world), [RESOLVED]);
    assert_eq!(world.waits(60).polls_twice(), NOTHING);
    assert_eq!(world.reopens(1).reports_about(CommentReopened, 1), [REOPENED]);
    world.waits(5).resolves(1);
    assert_eq!(reports_a_bare_resolution(&mut world), [RESOLVED], "the next one is another event");
    assert_eq!(world.waits(60).polls_twice(), NOTHING);
}

#[test]
fn resolution_without_its_time_that_a_poll_found_is_one_event() {
    let mut world = a_comment();
    world.resolves(1);
    assert_eq!(world.waits(60).polls(), [RESOLVED]);
    assert_eq!(reports_a_bare_resolution(&mut world), NOTHING);
    assert_eq!(world.waits(60).polls_twice(), NOTHING);
}

/// Polls find a resolution and its reopening. Returns their reports, which are late.
fn a_polled_resolution_and_reopening(world: &mut World) -> [Report; 2] {
    let resolved = a_bare_resolution(world.resolves(1));
    assert_eq!(world.waits(60).polls(), [RESOLVED]);
    let reopened = world.reopens(1).webhook_about(CommentReopened, 1);
    assert_eq!(world.waits(60).polls_twice(), [REOPENED]);
    [resolved, reopened]
}

#[test]
fn late_resolution_without_its_time_is_the_one_that_polls_found_and_ended() {
    for is_reversed in [false, true] {
        let mut world = a_comment();
        let mut late = a_polled_resolution_and_reopening(&mut world);
        if is_reversed {
            late.reverse();
        }
        for report in &late {
            assert_eq!(world.receives(report), NOTHING);
            assert_eq!(world.receives(&by_another_hook(report)), NOTHING);
        }
        assert_eq!(world.waits(60).polls_twice(), NOTHING);
        assert_eq!(world.comment_state(1).resolution, None);
    }
}

#[test]
fn next_resolution_without_its_time_is_published_after_all() {
    let mut world = a_comment();
    a_polled_resolution_and_reopening(&mut world);
    world.waits(60).resolves(1);
    assert_eq!(reports_a_bare_resolution(&mut world), NOTHING, "it may be the late report of the first");
    assert_eq!(world.waits(60).polls(), [RESOLVED]);
}

#[test]
fn resolution_reported_after_its_reopening_was_is_the_polled_one() {
    let mut world = a_comment();
    let resolved = a_bare_resolution(world.resolves(1));
    assert_eq!(world.waits(60).polls(), [RESOLVED]);
    assert_eq!(world.reopens(1).reports_about(CommentReopened, 1), [REOPENED]);
    assert_eq!(world.receives(&resolved), NOTHING);
    assert_eq!(world.waits(60).polls_twice(), NOTHING);
}

#[test]
fn published_draft_is_watched_from_now_on() {
    let mut world = a_polled_pull_request();
    world.writes_a_draft(1, "a").waits(7_200).publishes_the_draft(1);
    assert_eq!(world.reports_about(CommentCreated, 1), [CREATED]);
    world.waits(60).edits_without_moving_its_time(1, "b");
    let deadline = world.state.watch.unwrap().deadline.unwrap();
    assert_eq!(deadline.duration_since(world.now).as_secs(), 600, "a window and its margin after the report");
    assert_eq!(world.polls(), [UPDATED]);
}

#[test]
fn published_draft_that_is_older_than_the_pull_request_is_news() {
    let mut world = a_polled_pull_request();
    world.waits(7_200).writes(1, "a");
    let comment = world.comment(1);
    (comment["created_on"], comment["updated_on"]) =
        (json!("2020-01-01T00:00:00Z"), json!("2020-01-01T00:00:00Z"));
    assert_eq!(world.polls(), [CREATED], "an earlier poll did not list it");
}

#[test]
fn line_ends_and_unicode_forms_are_no_edit() {
    let mut world = a_comment();
    world.waits(60).edits(1, "caf\u{e9}\none").reports_about(CommentUpdated, 1);
    world.edits_without_moving_its_time(1, "cafe\u{301}\r\none");
    assert_eq!(world.waits(15).polls_twice(), NOTHING);
    assert_eq!(world.edits(1, "caf\u{e9}\ntwo").waits(15).polls(), [UPDATED]);
}
