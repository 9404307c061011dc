//! Comments: new events, repeated reports of one event, and changes that are no event (G3, G5).

use bitbucket::EventKey::{self, *};
use relay::Source;
use serde_json::json;

use crate::world::{World, a_polled_pull_request, a_pull_request, by_another_hook, hash};

const CREATED: &str = "pullrequest:comment_created";
const UPDATED: &str = "pullrequest:comment_updated";
const DELETED: &str = "pullrequest:comment_deleted";
const RESOLVED: &str = "pullrequest:comment_resolved";
const REOPENED: &str = "pullrequest:comment_reopened";
const NOTHING: [&str; 0] = [];

/// A pull request with one comment, number 1 with the text `a`, reported a minute ago.
fn a_comment() -> World {
    let mut world = a_polled_pull_request();
    world.writes(1, "a").reports_about(CommentCreated, 1);
    world.waits(60);
    world
}

#[test]
fn silent_edit_is_found_by_a_poll() {
    let mut world = a_comment();
    world.edits(1, "b").waits(5);
    assert_eq!(world.polls(), [UPDATED]);
    let edited = world.now - jiff::SignedDuration::from_secs(5);
    assert_eq!((world.last().source, world.last().occurred_at), (Source::Poll, Some(edited)));
    assert_eq!(world.last_payload()["comment"]["content"]["raw"], "b");
    // Only its author can edit a comment.
    assert_eq!(world.last().actor.as_ref().unwrap()["nickname"], "bob");
}

#[test]
fn edit_found_by_a_poll_and_reported_later_is_one_event() {
    let mut world = a_comment();
    world.edits(1, "b");
    let late = world.webhook_about(CommentUpdated, 1);
    assert_eq!(world.waits(5).polls(), [UPDATED]);
    assert_eq!(world.waits(600).receives(&late), NOTHING);
}

#[test]
fn edit_reported_and_then_polled_is_one_event() {
    let mut world = a_comment();
    assert_eq!(world.edits(1, "b").reports_about(CommentUpdated, 1), [UPDATED]);
    assert_eq!(world.waits(5).polls(), NOTHING);
}

#[test]
fn edit_reported_by_two_hooks_is_one_event() {
    let mut world = a_comment();
    let report = world.edits(1, "b").webhook_about(CommentUpdated, 1);
    assert_eq!(world.receives(&report), [UPDATED]);
    assert_eq!(world.receives(&by_another_hook(&report)), NOTHING);
}

#[test]
fn event_id_is_the_same_from_webhook_and_poll() {
    let (mut polled, mut told) = (a_comment(), a_comment());
    polled.edits(1, "b").polls();
    told.edits(1, "b").reports_about(CommentUpdated, 1);
    assert_eq!(polled.last().id, told.last().id);
}

#[test]
fn edit_with_unchanged_time_is_one_event() {
    let mut world = a_comment();
    world.edits_without_moving_its_time(1, "b");
    let late = world.webhook_about(CommentUpdated, 1);
    assert_eq!(world.polls(), [UPDATED]);
    assert_eq!(world.last().occurred_at, None, "when is not known");
    assert_eq!(world.receives(&late), NOTHING);
    assert_eq!(world.polls(), NOTHING);
}

#[test]
fn edit_and_its_reversal_are_two_events() {
    let mut world = a_comment();
    assert_eq!(world.edits(1, "b").waits(15).polls(), [UPDATED]);
    assert_eq!(world.edits(1, "a").waits(15).polls(), [UPDATED]);
    assert_eq!(world.edits(1, "b").waits(15).polls(), [UPDATED]);
    assert!(world.has_newest_text_of(1));
}

#[test]
fn edit_and_reversal_with_unchanged_time_are_two_events() {
    let mut world = a_comment();
    for text in ["b", "a", "b", "a"] {
        assert_eq!(world.edits_without_moving_its_time(1, text).waits(15).polls_twice(), [UPDATED], "{text}");
    }
    assert_eq!(world.polls(), NOTHING);
}

#[test]
fn late_older_revision_is_an_event_and_does_not_stand() {
    let mut world = a_comment();
    world.edits(1, "b");
    let late = world.webhook_about(CommentUpdated, 1);
    world.waits(15).edits(1, "c");
    assert_eq!(world.polls(), [UPDATED]);
    assert_eq!(world.receives(&late), [UPDATED]);
    assert!(world.has_newest_text_of(1));
    assert_eq!(world.polls(), NOTHING);
}

#[test]
fn late_webhook_of_a_found_revision_is_no_event() {
    let mut world = a_comment();
    world.edits_without_moving_its_time(1, "b");
    let late = world.webhook_about(CommentUpdated, 1);
    assert_eq!(world.polls(), [UPDATED]);
    assert_eq!(world.waits(15).edits(1, "c").polls(), [UPDATED]);
    assert_eq!(world.receives(&late), NOTHING);
}

#[test]
fn late_webhook_does_not_undo_a_restored_text() {
    let mut world = a_comment();
    world.waits(10).edits(1, "b");
    let between = world.webhook_about(CommentUpdated, 1);
    world.waits(10).edits(1, "a");
    assert_eq!(world.reports_about(CommentUpdated, 1), [UPDATED], "it says `a` again");
    assert_eq!(world.receives(&between), [UPDATED]);
    assert!(world.has_newest_text_of(1));
    assert_eq!(world.polls(), NOTHING);
}

#[test]
fn older_poll_does_not_undo_a_webhook() {
    let mut world = a_comment();
    let poll = world.begins_a_poll();
    world.waits(1).edits(1, "b");
    assert_eq!(world.reports_about(CommentUpdated, 1), [UPDATED]);
    assert_eq!(world.ends_the_poll(poll), NOTHING);
    assert!(world.has_newest_text_of(1));
}

#[test]
fn undecided_poll_changes_nothing_and_is_repeated() {
    let mut world = a_comment();
    let poll = world.begins_a_poll();
    world.edits_without_moving_its_time(1, "b").reports_about(CommentUpdated, 1);
    assert_eq!(world.ends_the_poll(poll), NOTHING);
    assert!(world.due().unwrap().0 <= 0);
    assert_eq!(world.polls(), NOTHING);
    assert!(world.has_newest_text_of(1));
}

#[test]
fn comment_after_lost_webhook_is_found() {
    let mut world = a_polled_pull_request();
    world.writes(1, "a");
    assert_eq!(world.waits(10).polls(), NOTHING, "its webhook may be on the way");
    assert_eq!(world.due().unwrap().0, 20);
    assert_eq!(world.waits(20).polls(), [CREATED]);
    assert_eq!(world.last().source, Source::Poll);
    assert_eq!(world.reports_about(CommentCreated, 1), NOTHING, "better late than never, and once");
}

#[test]
fn young_comment_waits_for_its_webhook() {
    let mut world = a_polled_pull_request();
    world.writes(1, "a").waits(10).polls();
    assert_eq!(world.reports_about(CommentCreated, 1), [CREATED]);
    assert_eq!(world.last().source, Source::Webhook);
    assert_eq!(world.waits(60).polls(), NOTHING);
}

#[test]
fn old_comment_at_first_sight_is_not_published() {
    let mut world = a_pull_request();
    world.writes(1, "old").waits(3_600).writes(2, "new");
    world.reports_about(CommentCreated, 2);
    assert_eq!(world.waits(60).polls(), NOTHING);
    assert_eq!(world.edits(1, "old, edited").polls(), [UPDATED], "but what happens to it now is");
}

#[test]
fn recent_comment_at_first_sight_is_published() {
    let mut world = a_pull_request();
    world.writes(1, "its webhook was lost").waits(120).writes(2, "new");
    world.reports_about(CommentCreated, 2);
    assert_eq!(world.waits(60).polls(), [CREATED]);
}

#[test]
fn creation_of_a_comment_that_an_edit_made_known_is_published() {
    let mut world = a_polled_pull_request();
    world.writes(1, "a").resolves(1).waits(1);
    // The webhooks of its creation and resolution are lost.
    assert_eq!(world.edits(1, "b").reports_about(CommentUpdated, 1), [UPDATED]);
    assert_eq!(world.waits(30).polls(), [CREATED, RESOLVED]);
    assert_eq!(world.waits(30).polls(), NOTHING);
}

#[test]
fn creation_of_an_old_comment_that_an_edit_made_known_is_no_news() {
    let mut world = a_pull_request();
    world.writes(1, "a").resolves(1).waits(3_600).writes(2, "new").edits(1, "b");
    assert_eq!(world.reports_about(CommentUpdated, 1), [UPDATED]);
    assert_eq!(world.waits(60).polls(), [CREATED]);
    assert_eq!(world.last_payload()["comment"]["id"], 2);
    assert_eq!(world.reopens(1).reports_about(CommentReopened, 1).len(), 1, "its resolution is known");
}

#[test]
fn window_starts_with_a_late_report_of_a_creation() {
    for (late, starts_now) in [(30, false), (31, true)] {
        let mut world = a_polled_pull_request();
        let written = world.writes(1, "a").now;
        world.waits(late).reports_about(CommentCreated, 1);
        let starts = if starts_now { world.now } else { written };
        assert_eq!(world.comment_state(1).changed_at, starts, "after {late} s");
        world.waits(60).reports_about(CommentCreated, 1);
        assert_eq!(world.comment_state(1).changed_at, starts, "a second report moves nothing");
    }
}

#[test]
fn resolution_reported_twice_changes_nothing() {
    let mut world = a_comment();
    let resolved = world.resolves(1).webhook_about(CommentResolved, 1);
    assert_eq!(world.receives(&resolved), [RESOLVED]);
    let before = world.comment_state(1).clone();
    assert_eq!(world.receives(&by_another_hook(&resolved)), NOTHING);
    assert_eq!(world.comment_state(1), &before);
}

#[test]
fn comment_as_old_as_the_baseline_is_news() {
    for (seconds, events) in [(0, vec![CREATED]), (1, vec![])] {
        let mut world = a_pull_request();
        let baseline = i64::from(world.settings.window_seconds + world.settings.margin_seconds);
        world.writes(1, "its webhook was lost").waits(baseline + seconds).writes(2, "new");
        world.reports_about(CommentCreated, 2);
        assert_eq!(world.waits(60).polls(), events);
    }
}

#[test]
fn resolution_without_a_time_is_news_of_a_comment_that_is() {
    for (seconds, events) in [(60, vec![CREATED, RESOLVED]), (3_600, vec![])] {
        let mut world = a_pull_request();
        world.writes(1, "its webhooks were lost").resolves(1).waits(seconds).writes(2, "new");
        world.comment(1)["resolution"].as_object_mut().unwrap().remove("created_on");
        world.reports_about(CommentCreated, 2);
        assert_eq!(world.waits(60).polls(), events);
    }
}

#[test]
fn resolved_comment_that_is_deleted_at_first_sight_is_one_event() {
    for (seconds, events) in [(60, vec![DELETED]), (3_600, vec![])] {
        let mut world = a_pull_request();
        world.writes(1, "a").resolves(1).empties(1).waits(seconds).writes(2, "new");
        world.reports_about(CommentCreated, 2);
        assert_eq!(world.waits(60).polls(), events);
    }
}

#[test]
fn draft_comment_is_ignored() {
    let mut world = a_polled_pull_request();
    world.writes_a_draft(1, "a");
    assert_eq!(world.waits(60).polls(), NOTHING);
    assert_eq!(world.publishes_the_draft(1).polls(), [CREATED]);
}

#[test]
fn missing_comment_is_deleted_only_after_lookup_by_id() {
    let mut world = a_comment();
    let mut poll = world.begins_a_poll();
    poll.comments.items.clear();
    assert_eq!(world.ends_the_poll(poll), NOTHING, "pages shift while people write");
    world.deletes(1);
    assert_eq!(world.polls(), NOTHING, "one answer may be wrong");
    assert_eq!(world.waits(30).polls(), [DELETED]);
    assert_eq!(world.last_payload()["comment"]["deleted"], true);
    assert_eq!(world.last().actor, None, "who is not known");
    assert_eq!(world.polls(), NOTHING);
}

#[test]
fn listing_alone_deletes_nothing() {
    let mut world = a_comment();
    // One answer would not delete it either. Two listings that lack it are no two answers.
    for _ in 0..2 {
        let mut poll = world.waits(30).begins_a_poll();
        poll.comments.items.clear();
        assert_eq!(world.learns(&world.poll_observation(poll)), NOTHING);
    }
    assert!(!world.comment_state(1).deleted);
}

#[test]
fn comment_turned_empty_shell_is_deleted_once() {
    let mut world = a_comment();
    assert_eq!(world.empties(1).polls(), [DELETED]);
    assert_eq!(world.reports_about(CommentDeleted, 1), NOTHING);
    let mut world = a_comment();
    assert_eq!(world.empties(1).reports_about(CommentDeleted, 1), [DELETED]);
    assert_eq!(world.polls(), NOTHING);
}

#[test]
fn comment_written_during_a_poll_is_not_deleted() {
    let mut world = a_comment();
    let poll = world.begins_a_poll();
    world.waits(1).writes(2, "b").reports_about(CommentCreated, 2);
    assert_eq!(world.ends_the_poll(poll), NOTHING);
    assert!(!world.comment_state(2).deleted);
}

#[test]
fn repeated_resolution_is_three_events() {
    let mut world = a_comment();
    assert_eq!(world.resolves(1).reports_about(CommentResolved, 1), [RESOLVED]);
    assert_eq!(world.waits(9).reopens(1).reports_about(CommentReopened, 1), [REOPENED]);
    assert_eq!(world.waits(9).resolves(1).reports_about(CommentResolved, 1), [RESOLVED]);
    assert_eq!(world.waits(9).reopens(1).reports_about(CommentReopened, 1), [REOPENED]);
    assert_eq!(world.waits(99).polls(), NOTHING);
}

#[test]
fn resolution_reported_by_two_hooks_is_one_event() {
    let mut world = a_comment();
    for _ in 0..2 {
        let resolved = world.waits(9).resolves(1).webhook_about(CommentResolved, 1);
        assert_eq!(world.receives(&resolved), [RESOLVED]);
        assert_eq!(world.receives(&by_another_hook(&resolved)), NOTHING);
        let reopened = world.waits(9).reopens(1).webhook_about(CommentReopened, 1);
        assert_eq!(world.receives(&reopened), [REOPENED]);
        assert_eq!(world.receives(&by_another_hook(&reopened)), NOTHING);
    }
}

#[test]
fn resolution_after_lost_webhook_is_published() {
    let mut world = a_comment();
    world.resolves(1);
    let late = world.webhook_about(CommentResolved, 1);
    assert_eq!(world.waits(10).polls(), NOTHING);
    assert_eq!(world.waits(25).polls(), [RESOLVED]);
    assert_eq!(world.last().actor.as_ref().unwrap()["nickname"], "alice");
    assert_eq!(world.receives(&late), NOTHING);
    assert_eq!(world.waits(15).reopens(1).polls_twice(), [REOPENED]);
    assert_eq!(world.reports_about(CommentReopened, 1), NOTHING);
}

#[test]
fn resolution_repeated_between_polls_is_two_events() {
    let mut world = a_comment();
    world.resolves(1).reports_about(CommentResolved, 1);
    world.waits(60).reopens(1).waits(5).resolves(1);
    assert_eq!(world.waits(60).polls(), [REOPENED, RESOLVED]);
}

#[test]
fn late_older_resolution_does_not_replace_the_newer() {
    let mut world = a_comment();
    let first = world.resolves(1).webhook_about(CommentResolved, 1);
    world.waits(9).reopens(1).waits(9).resolves(1).reports_about(CommentResolved, 1);
    let standing = world.comment_state(1).resolution;
    assert_eq!(world.receives(&first), [RESOLVED]);
    assert_eq!(world.comment_state(1).resolution, standing);
}

#[test]
fn late_older_reopening_does_not_end_newer_resolution() {
    let mut world = a_comment();
    world.resolves(1).reports_about(CommentResolved, 1);
    let late = world.waits(9).reopens(1).webhook_about(CommentReopened, 1);
    world.waits(9).resolves(1).reports_about(CommentResolved, 1);
    assert_eq!(world.receives(&late), [REOPENED]);
    assert_eq!(world.polls(), NOTHING, "what Bitbucket shows may be older than its report");
    assert!(world.due().unwrap().0 <= 30, "so it is asked again");
    assert_eq!(world.waits(31).polls(), [RESOLVED], "it is resolved after all");
    assert_eq!(world.waits(9).polls(), NOTHING);
    assert_eq!(world.reopens(1).reports_about(CommentReopened, 1), [REOPENED], "and can be reopened");
    assert_eq!(world.polls(), NOTHING);
}

#[test]
fn older_poll_does_not_lift_a_resolution() {
    let mut world = a_comment();
    let poll = world.begins_a_poll();
    world.waits(1).resolves(1).reports_about(CommentResolved, 1);
    assert_eq!(world.ends_the_poll(poll), NOTHING);
    assert!(world.comment_state(1).resolution.is_some());
}

#[test]
fn older_poll_does_not_restore_an_older_resolution() {
    let mut world = a_comment();
    world.resolves(1).reports_about(CommentResolved, 1);
    let mut outdated = world.begins_a_poll();
    world.waits(40).reopens(1).reports_about(CommentReopened, 1);
    world.waits(40).resolves(1).reports_about(CommentResolved, 1);
    let standing = world.comment_state(1).resolution;
    outdated.base_version = world.state.version;
    assert_eq!(world.waits(40).ends_the_poll(outdated), NOTHING);
    assert_eq!(world.comment_state(1).resolution, standing);
}

#[test]
fn webhooks_in_wrong_order_lose_nothing() {
    let mut world = a_polled_pull_request();
    let created = world.writes(1, "a").webhook_about(CommentCreated, 1);
    let updated = world.waits(700).edits(1, "b").webhook_about(CommentUpdated, 1);
    assert_eq!(world.receives(&updated), [UPDATED]);
    assert_eq!(world.receives(&created), [CREATED]);
    assert_eq!(world.comment_state(1).standing().unwrap().hash, Some(hash("b")));
    assert_eq!(world.polls(), NOTHING);
}

#[test]
fn late_report_does_not_restore_a_deleted_comment() {
    let mut world = a_comment();
    let late = world.edits(1, "b").webhook_about(CommentUpdated, 1);
    world.deletes(1).reports_about(CommentDeleted, 1);
    assert_eq!(world.receives(&late), [UPDATED]);
    assert!(world.comment_state(1).deleted);
    assert_eq!(world.polls(), NOTHING);
}

#[test]
fn oversized_poll_is_folded_in_parts_without_a_gap() {
    let mut world = a_polled_pull_request();
    for id in 1..=45 {
        world.writes(id, "a");
    }
    // `learns` checks the size of each fold and that the sequence has no gap.
    assert_eq!(world.waits(60).polls(), vec![CREATED; 45]);
    assert_eq!(world.polls(), NOTHING);
}

#[test]
fn all_comment_changes_between_polls_are_published() {
    let mut world = a_comment();
    world.edits(1, "b").resolves(1).writes(2, "c").waits(60);
    assert_eq!(world.polls(), [UPDATED, RESOLVED, CREATED]);
}

#[test]
fn malformed_comment_hides_no_other() {
    let mut world = a_polled_pull_request();
    world.writes(1, "a").writes(2, "b").writes(3, "c");
    *world.comment(1) = json!({ "id": "x", "content": 7 });
    world.comment(2)["user"] = json!(null);
    assert_eq!(world.waits(60).polls(), [CREATED, CREATED]);
}

#[test]
fn comment_with_only_an_id_breaks_nothing() {
    for key in [CommentCreated, CommentUpdated, CommentDeleted, CommentResolved, CommentReopened] {
        let mut world = a_polled_pull_request();
        let report = world.webhook(key.clone(), &json!({ "comment": { "id": 1 } }));
        assert_eq!(world.receives(&report), [EventKey::as_str(&key)]);
    }
}
