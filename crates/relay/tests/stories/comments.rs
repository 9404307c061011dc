//! Comments: what is news, what is the same news again, and what is none (G3, G5).

use bitbucket::EventKey::{self, *};
use relay::Source;
use serde_json::json;

use crate::world::{World, a_known_pull_request, a_pull_request, by_another_hook, hash};

const CREATED: &str = "pullrequest:comment_created";
const UPDATED: &str = "pullrequest:comment_updated";
const DELETED: &str = "pullrequest:comment_deleted";
const RESOLVED: &str = "pullrequest:comment_resolved";
const REOPENED: &str = "pullrequest:comment_reopened";
const NOTHING: [&str; 0] = [];

/// A pull request with one reported comment, number 1, that says `a`; a minute ago.
fn a_comment() -> World {
    let mut world = a_known_pull_request();
    world.writes(1, "a").reports_about(CommentCreated, 1);
    world.waits(60);
    world
}

#[test]
fn a_silent_edit_is_found_by_a_poll() {
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
fn an_edit_found_by_a_poll_and_reported_later_is_one_event() {
    let mut world = a_comment();
    world.edits(1, "b");
    let late = world.webhook_about(CommentUpdated, 1);
    assert_eq!(world.waits(5).polls(), [UPDATED]);
    assert_eq!(world.waits(600).hears(&late), NOTHING);
}

#[test]
fn an_edit_reported_and_then_seen_by_a_poll_is_one_event() {
    let mut world = a_comment();
    assert_eq!(world.edits(1, "b").reports_about(CommentUpdated, 1), [UPDATED]);
    assert_eq!(world.waits(5).polls(), NOTHING);
}

#[test]
fn an_edit_reported_by_two_hooks_is_one_event() {
    let mut world = a_comment();
    let report = world.edits(1, "b").webhook_about(CommentUpdated, 1);
    assert_eq!(world.hears(&report), [UPDATED]);
    assert_eq!(world.hears(&by_another_hook(&report)), NOTHING);
}

#[test]
fn the_same_event_has_the_same_id_whichever_way_it_is_learned() {
    let (mut polled, mut told) = (a_comment(), a_comment());
    polled.edits(1, "b").polls();
    told.edits(1, "b").reports_about(CommentUpdated, 1);
    assert_eq!(polled.last().id, told.last().id);
}

#[test]
fn an_edit_that_does_not_move_its_time_is_found_and_reported_once() {
    let mut world = a_comment();
    world.edits_without_moving_its_time(1, "b");
    let late = world.webhook_about(CommentUpdated, 1);
    assert_eq!(world.polls(), [UPDATED]);
    assert_eq!(world.last().occurred_at, None, "when is not known");
    assert_eq!(world.hears(&late), NOTHING);
    assert_eq!(world.polls(), NOTHING);
}

#[test]
fn an_edit_there_and_back_is_two_events() {
    let mut world = a_comment();
    assert_eq!(world.edits(1, "b").waits(15).polls(), [UPDATED]);
    assert_eq!(world.edits(1, "a").waits(15).polls(), [UPDATED]);
    assert_eq!(world.edits(1, "b").waits(15).polls(), [UPDATED]);
    assert!(world.knows_the_text_of(1));
}

#[test]
fn an_edit_there_and_back_is_two_events_even_when_its_time_does_not_move() {
    let mut world = a_comment();
    for text in ["b", "a", "b", "a"] {
        assert_eq!(world.edits_without_moving_its_time(1, text).waits(15).polls(), [UPDATED], "{text}");
    }
    assert_eq!(world.polls(), NOTHING);
}

#[test]
fn a_late_webhook_of_an_older_revision_is_an_event_and_does_not_stand() {
    let mut world = a_comment();
    world.edits(1, "b");
    let late = world.webhook_about(CommentUpdated, 1);
    world.waits(15).edits(1, "c");
    assert_eq!(world.polls(), [UPDATED]);
    assert_eq!(world.hears(&late), [UPDATED]);
    assert!(world.knows_the_text_of(1));
    assert_eq!(world.polls(), NOTHING);
}

#[test]
fn a_late_webhook_of_a_revision_that_a_poll_found_is_no_event_however_much_came_after() {
    let mut world = a_comment();
    world.edits_without_moving_its_time(1, "b");
    let late = world.webhook_about(CommentUpdated, 1);
    assert_eq!(world.polls(), [UPDATED]);
    assert_eq!(world.waits(15).edits(1, "c").polls(), [UPDATED]);
    assert_eq!(world.hears(&late), NOTHING);
}

#[test]
fn a_text_that_was_left_and_came_back_is_not_undone_by_a_late_webhook_of_what_was_between() {
    let mut world = a_comment();
    world.waits(10).edits(1, "b");
    let between = world.webhook_about(CommentUpdated, 1);
    world.waits(10).edits(1, "a");
    assert_eq!(world.reports_about(CommentUpdated, 1), [UPDATED], "it says `a` again");
    assert_eq!(world.hears(&between), [UPDATED]);
    assert!(world.knows_the_text_of(1));
    assert_eq!(world.polls(), NOTHING);
}

#[test]
fn a_poll_that_began_before_a_webhook_does_not_undo_it() {
    let mut world = a_comment();
    let poll = world.begins_a_poll();
    world.waits(1).edits(1, "b");
    assert_eq!(world.reports_about(CommentUpdated, 1), [UPDATED]);
    assert_eq!(world.ends_the_poll(poll), NOTHING);
    assert!(world.knows_the_text_of(1));
}

#[test]
fn a_poll_that_cannot_tell_what_is_newer_decides_nothing_and_comes_again_at_once() {
    let mut world = a_comment();
    let poll = world.begins_a_poll();
    world.edits_without_moving_its_time(1, "b").reports_about(CommentUpdated, 1);
    assert_eq!(world.ends_the_poll(poll), NOTHING);
    assert!(world.due().unwrap().0 <= 0);
    assert_eq!(world.polls(), NOTHING);
    assert!(world.knows_the_text_of(1));
}

#[test]
fn a_comment_whose_webhook_was_lost_is_found_after_a_grace() {
    let mut world = a_known_pull_request();
    world.writes(1, "a");
    assert_eq!(world.waits(10).polls(), NOTHING, "its webhook may be on the way");
    assert_eq!(world.due().unwrap().0, 20);
    assert_eq!(world.waits(20).polls(), [CREATED]);
    assert_eq!(world.last().source, Source::Poll);
    assert_eq!(world.reports_about(CommentCreated, 1), NOTHING, "better late than never, and once");
}

#[test]
fn a_young_comment_is_left_to_its_webhook() {
    let mut world = a_known_pull_request();
    world.writes(1, "a").waits(10).polls();
    assert_eq!(world.reports_about(CommentCreated, 1), [CREATED]);
    assert_eq!(world.last().source, Source::Webhook);
    assert_eq!(world.waits(60).polls(), NOTHING);
}

#[test]
fn what_was_written_long_before_the_first_sight_is_no_news() {
    let mut world = a_pull_request();
    world.writes(1, "old").waits(3_600).writes(2, "new");
    world.reports_about(CommentCreated, 2);
    assert_eq!(world.waits(60).polls(), NOTHING);
    assert_eq!(world.edits(1, "old, edited").polls(), [UPDATED], "but what happens to it now is");
}

#[test]
fn what_was_written_just_before_the_first_sight_is_news() {
    let mut world = a_pull_request();
    world.writes(1, "its webhook was lost").waits(120).writes(2, "new");
    world.reports_about(CommentCreated, 2);
    assert_eq!(world.waits(60).polls(), [CREATED]);
}

#[test]
fn a_draft_is_nothing_until_it_is_published() {
    let mut world = a_known_pull_request();
    world.writes_a_draft(1, "a");
    assert_eq!(world.waits(60).polls(), NOTHING);
    assert_eq!(world.publishes_the_draft(1).polls(), [CREATED]);
}

#[test]
fn a_comment_missing_from_a_listing_is_deleted_only_if_it_is_not_there_by_its_id() {
    let mut world = a_comment();
    let mut poll = world.begins_a_poll();
    poll.comments.items.clear();
    assert_eq!(world.ends_the_poll(poll), NOTHING, "pages shift while people write");
    world.deletes(1);
    assert_eq!(world.polls(), [DELETED]);
    assert_eq!(world.last_payload()["comment"]["deleted"], true);
    assert_eq!(world.last().actor, None, "who is not known");
    assert_eq!(world.polls(), NOTHING);
}

#[test]
fn a_listing_alone_deletes_nothing() {
    let mut world = a_comment();
    let mut poll = world.begins_a_poll();
    poll.comments.items.clear();
    assert_eq!(world.learns(&world.poll_observation(poll)), NOTHING);
    assert!(!world.known_comment(1).deleted);
}

#[test]
fn a_comment_that_became_an_empty_shell_is_deleted_once_whoever_says_it_first() {
    let mut world = a_comment();
    assert_eq!(world.empties(1).polls(), [DELETED]);
    assert_eq!(world.reports_about(CommentDeleted, 1), NOTHING);
    let mut world = a_comment();
    assert_eq!(world.empties(1).reports_about(CommentDeleted, 1), [DELETED]);
    assert_eq!(world.polls(), NOTHING);
}

#[test]
fn a_comment_written_while_a_poll_was_reading_is_not_deleted_by_it() {
    let mut world = a_comment();
    let poll = world.begins_a_poll();
    world.waits(1).writes(2, "b").reports_about(CommentCreated, 2);
    assert_eq!(world.ends_the_poll(poll), NOTHING);
    assert!(!world.known_comment(2).deleted);
}

#[test]
fn resolved_and_reopened_and_resolved_again_are_three_events() {
    let mut world = a_comment();
    assert_eq!(world.resolves(1).reports_about(CommentResolved, 1), [RESOLVED]);
    assert_eq!(world.waits(9).reopens(1).reports_about(CommentReopened, 1), [REOPENED]);
    assert_eq!(world.waits(9).resolves(1).reports_about(CommentResolved, 1), [RESOLVED]);
    assert_eq!(world.waits(9).reopens(1).reports_about(CommentReopened, 1), [REOPENED]);
    assert_eq!(world.waits(99).polls(), NOTHING);
}

#[test]
fn each_of_them_is_one_event_when_two_hooks_report_it() {
    let mut world = a_comment();
    for _ in 0..2 {
        let resolved = world.waits(9).resolves(1).webhook_about(CommentResolved, 1);
        assert_eq!(world.hears(&resolved), [RESOLVED]);
        assert_eq!(world.hears(&by_another_hook(&resolved)), NOTHING);
        let reopened = world.waits(9).reopens(1).webhook_about(CommentReopened, 1);
        assert_eq!(world.hears(&reopened), [REOPENED]);
        assert_eq!(world.hears(&by_another_hook(&reopened)), NOTHING);
    }
}

#[test]
fn a_resolution_whose_webhook_was_lost_is_found_after_a_grace_and_so_is_its_end() {
    let mut world = a_comment();
    world.resolves(1);
    let late = world.webhook_about(CommentResolved, 1);
    assert_eq!(world.waits(10).polls(), NOTHING);
    assert_eq!(world.waits(25).polls(), [RESOLVED]);
    assert_eq!(world.last().actor.as_ref().unwrap()["nickname"], "alice");
    assert_eq!(world.hears(&late), NOTHING);
    assert_eq!(world.waits(15).reopens(1).polls(), [REOPENED]);
    assert_eq!(world.reports_about(CommentReopened, 1), NOTHING);
}

#[test]
fn a_resolution_lifted_and_made_again_between_two_polls_is_two_events() {
    let mut world = a_comment();
    world.resolves(1).reports_about(CommentResolved, 1);
    world.waits(60).reopens(1).waits(5).resolves(1);
    assert_eq!(world.waits(60).polls(), [REOPENED, RESOLVED]);
}

#[test]
fn a_late_report_of_an_older_resolution_does_not_replace_the_newer_one() {
    let mut world = a_comment();
    let first = world.resolves(1).webhook_about(CommentResolved, 1);
    world.waits(9).reopens(1).waits(9).resolves(1).reports_about(CommentResolved, 1);
    let standing = world.known_comment(1).resolution;
    assert_eq!(world.hears(&first), [RESOLVED]);
    assert_eq!(world.known_comment(1).resolution, standing);
}

#[test]
fn a_late_report_of_an_older_reopening_does_not_end_the_newer_resolution_for_good() {
    let mut world = a_comment();
    world.resolves(1).reports_about(CommentResolved, 1);
    let late = world.waits(9).reopens(1).webhook_about(CommentReopened, 1);
    world.waits(9).resolves(1).reports_about(CommentResolved, 1);
    assert_eq!(world.hears(&late), [REOPENED]);
    assert_eq!(world.polls(), NOTHING, "what Bitbucket shows may be older than its report");
    assert!(world.due().unwrap().0 <= 30, "so it is asked again");
    assert_eq!(world.waits(31).polls(), [RESOLVED], "it is resolved after all");
    assert_eq!(world.waits(9).polls(), NOTHING);
    assert_eq!(world.reopens(1).reports_about(CommentReopened, 1), [REOPENED], "and can be reopened");
    assert_eq!(world.polls(), NOTHING);
}

#[test]
fn a_poll_that_began_before_a_resolution_does_not_lift_it() {
    let mut world = a_comment();
    let poll = world.begins_a_poll();
    world.waits(1).resolves(1).reports_about(CommentResolved, 1);
    assert_eq!(world.ends_the_poll(poll), NOTHING);
    assert!(world.known_comment(1).resolution.is_some());
}

#[test]
fn an_answer_from_before_a_resolution_that_comes_after_its_report_does_not_bring_an_older_one_back() {
    let mut world = a_comment();
    world.resolves(1).reports_about(CommentResolved, 1);
    let mut outdated = world.begins_a_poll();
    world.waits(40).reopens(1).reports_about(CommentReopened, 1);
    world.waits(40).resolves(1).reports_about(CommentResolved, 1);
    let standing = world.known_comment(1).resolution;
    outdated.base_version = world.state.version;
    assert_eq!(world.waits(40).ends_the_poll(outdated), NOTHING);
    assert_eq!(world.known_comment(1).resolution, standing);
}

#[test]
fn webhooks_in_the_wrong_order_lose_nothing() {
    let mut world = a_known_pull_request();
    let created = world.writes(1, "a").webhook_about(CommentCreated, 1);
    let updated = world.waits(700).edits(1, "b").webhook_about(CommentUpdated, 1);
    assert_eq!(world.hears(&updated), [UPDATED]);
    assert_eq!(world.hears(&created), [CREATED]);
    assert_eq!(world.known_comment(1).standing().unwrap().hash, Some(hash("b")));
    assert_eq!(world.polls(), NOTHING);
}

#[test]
fn what_is_said_of_a_deleted_comment_later_does_not_bring_it_back() {
    let mut world = a_comment();
    let late = world.edits(1, "b").webhook_about(CommentUpdated, 1);
    world.deletes(1).reports_about(CommentDeleted, 1);
    assert_eq!(world.hears(&late), [UPDATED]);
    assert!(world.known_comment(1).deleted);
    assert_eq!(world.polls(), NOTHING);
}

#[test]
fn more_than_fits_comes_in_folds_without_a_gap() {
    let mut world = a_known_pull_request();
    for id in 1..=45 {
        world.writes(id, "a");
    }
    // `learns` checks the size of each fold, and that the sequence has no gap.
    assert_eq!(world.waits(60).polls(), vec![CREATED; 45]);
    assert_eq!(world.polls(), NOTHING);
}

#[test]
fn everything_that_happened_to_a_comment_between_two_polls_is_told() {
    let mut world = a_comment();
    world.edits(1, "b").resolves(1).writes(2, "c").waits(60);
    assert_eq!(world.polls(), [UPDATED, RESOLVED, CREATED]);
}

#[test]
fn a_comment_with_an_odd_shape_hides_no_other() {
    let mut world = a_known_pull_request();
    world.writes(1, "a").writes(2, "b").writes(3, "c");
    *world.comment(1) = json!({ "id": "x", "content": 7 });
    world.comment(2)["user"] = json!(null);
    assert_eq!(world.waits(60).polls(), [CREATED, CREATED]);
}

#[test]
fn a_comment_of_which_only_the_id_is_known_breaks_nothing() {
    for key in [CommentCreated, CommentUpdated, CommentDeleted, CommentResolved, CommentReopened] {
        let mut world = a_known_pull_request();
        let report = world.webhook(key.clone(), &json!({ "comment": { "id": 1 } }));
        assert_eq!(world.hears(&report), [EventKey::as_str(&key)]);
    }
}
