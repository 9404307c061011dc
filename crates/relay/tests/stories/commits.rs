//! Comments on a commit. Bitbucket reports only their creation.

use bitbucket::EventKey::{self, CommitCommentCreated, CommitStatusCreated};
use relay::Reason;
use relay::Report;
use relay::{Event, Source};
use serde_json::{Value, json};

use crate::world::{World, a_commit, report};

const NOTHING: [&str; 0] = [];
const CREATED: &str = "repo:commit_comment_created";
const UPDATED: &str = "repo:commit_comment_updated";
const DELETED: &str = "repo:commit_comment_deleted";

/// Returns the webhook that Bitbucket would send now for a comment's creation.
fn creation_of(world: &World, id: u64) -> Report {
    let body = json!({
        "actor": { "type": "user", "display_name": "bob" },
        "repository": { "uuid": "{ab}", "full_name": "acme/widgets" },
        "commit": { "type": "commit", "hash": "c0ffee00" },
        "comment": world.comment_shown(id),
    });
    report(CommitCommentCreated, &body)
}

/// A commit with comment 1, which a webhook reported.
pub(crate) fn a_commented_commit() -> World {
    let mut world = a_commit();
    world.writes(1, "Is it oiled?");
    let creation = creation_of(&world, 1);
    assert_eq!(world.receives(&creation), [CREATED]);
    world
}

/// Advances second by second and polls at each due time. Returns the keys of the new events.
fn live_for(world: &mut World, seconds: u32) -> Vec<String> {
    let mut told = Vec::new();
    for _ in 0..seconds {
        world.waits(1);
        if world.due().is_some_and(|(left, _)| left <= 0) {
            told.extend(world.polls());
        }
    }
    told
}

fn text(payload: &Value) -> &str {
    payload["comment"]["content"]["raw"].as_str().unwrap()
}

fn text_of(event: &Event) -> String {
    text(&serde_json::from_slice(&event.payload).unwrap()).to_owned()
}

#[test]
fn silent_edit_is_published_once_in_bitbuckets_form() {
    let mut world = a_commented_commit();
    world.waits(30).edits(1, "Is it well oiled?");
    assert_eq!(live_for(&mut world, 900), [UPDATED]);
    let (event, payload) = (world.last().clone(), world.last_payload());
    assert_eq!((event.source, event.sequence), (Source::Poll, 2));
    let mut fields: Vec<_> = payload.as_object().unwrap().keys().map(String::as_str).collect();
    fields.sort_unstable();
    assert_eq!(fields, ["actor", "comment", "commit", "repository"]);
    assert_eq!((text(&payload), &payload["commit"]["hash"]), ("Is it well oiled?", &json!("c0ffee00")));
    assert_eq!(event.repository_name.as_deref(), Some("acme/widgets"));
    assert_eq!(event.counters, None);
}

#[test]
fn commit_of_an_unsigned_report_gives_unsigned_events() {
    for signed in [true, false] {
        let mut world = a_commit();
        world.writes(1, "Is it oiled?");
        let creation = Report { signed, ..creation_of(&world, 1) };
        world.receives(&creation);
        assert_eq!(world.waits(60).edits(1, "Is it well oiled?").polls(), [UPDATED]);
        assert_eq!(world.last().signed, signed);
    }
}

#[test]
fn commit_has_no_threads() {
    let mut world = a_commented_commit();
    world.writes(2, "Yes.").resolves(2);
    assert_eq!(world.waits(60).polls(), [CREATED]);
    assert_eq!(world.waits(60).reopens(2).polls_twice(), NOTHING);
}

#[test]
fn commit_is_watched_by_its_window_and_then_the_tail() {
    let mut world = a_commented_commit();
    assert_eq!(world.due(), Some((15, Reason::WindowOpen)));
    world.settings.tail_seconds = [1_800, 0, 0];
    world.waits(590).edits(1, "Is it well oiled?");
    assert_eq!(world.polls(), [UPDATED]);
    world.waits(659);
    assert_eq!(world.polls(), NOTHING);
    assert_eq!(world.due(), Some((1, Reason::WindowClosed)), "measured from the edit");
    world.waits(1);
    assert_eq!(world.polls(), NOTHING);
    assert_eq!(world.due(), Some((1_800, Reason::Tail)));
    world.waits(1_800);
    assert_eq!(world.polls(), NOTHING);
    assert_eq!(world.due(), None, "nothing is read for ever");
}

#[test]
fn late_check_of_a_commit_stays_due() {
    let mut world = a_commented_commit();
    world.waits(599).edits(1, "Is it well oiled?").waits(86_400);
    assert_eq!(world.state.watch.unwrap().reason, Reason::WindowOpen);
    assert!(world.state.watch.unwrap().deadline.is_some_and(|deadline| deadline < world.now));
    assert_eq!(world.polls(), [UPDATED]);
    assert_eq!(world.due(), None);
}

#[test]
fn deletion_is_published_once() {
    let mut world = a_commented_commit();
    world.waits(30).deletes(1);
    assert_eq!(live_for(&mut world, 900), [DELETED]);
    assert_eq!(world.last_payload()["comment"]["type"], "commit_comment");
    assert_eq!(world.last().actor, None, "Bitbucket does not say who");
    assert_eq!(world.due(), None);
}

#[test]
fn deletion_of_a_comment_with_replies_is_published_once() {
    let mut world = a_commented_commit();
    world.waits(30).empties(1);
    assert_eq!(live_for(&mut world, 900), [DELETED]);
    assert_eq!(world.last_payload()["comment"]["deleted"], true);
}

#[test]
fn comment_after_lost_webhook_is_published() {
    let mut world = a_commented_commit();
    world.waits(10).writes(2, "And the other one?");
    assert_eq!(live_for(&mut world, 29), NOTHING, "its webhook may be on its way");
    assert_eq!(live_for(&mut world, 900), [CREATED]);
    assert_eq!(text(&world.last_payload()), "And the other one?");
}

#[test]
fn late_creation_of_a_found_comment_is_no_event() {
    let mut world = a_commented_commit();
    world.waits(10).writes(2, "first");
    let late = creation_of(&world, 2);
    assert_eq!(live_for(&mut world, 60), [CREATED]);
    world.edits(2, "second");
    assert_eq!(live_for(&mut world, 60), [UPDATED]);
    assert_eq!(world.receives(&late), NOTHING);
    assert_eq!(live_for(&mut world, 900), NOTHING);
    assert_eq!(text(&world.last_payload()), "second");
}

#[test]
fn edit_before_the_creation_report_is_published() {
    let mut world = a_commit();
    world.writes(1, "first");
    let late = creation_of(&world, 1);
    world.waits(300).edits(1, "second").waits(900);
    assert_eq!(world.receives(&late), [CREATED]);
    assert_eq!(live_for(&mut world, 900), [UPDATED]);
}

#[test]
fn order_of_reports_and_polls_does_not_matter() {
    for order in [[0, 1, 2, 2], [1, 0, 2, 2], [1, 2, 0, 2], [0, 2, 1, 2], [0, 1, 0, 1], [2, 1, 1, 0]] {
        let mut world = a_commit();
        world.writes(1, "one").writes(2, "two");
        let reports = [creation_of(&world, 1), creation_of(&world, 2)];
        world.waits(40).edits(1, "one, edited").deletes(2);
        for step in order {
            match step {
                report @ (0 | 1) => drop(world.receives(&reports[report])),
                _ => drop(world.polls()),
            }
        }
        live_for(&mut world, 900);
        let count = |key: &str| world.log.iter().filter(|event| event.key.as_str() == key).count();
        assert_eq!([CREATED, DELETED].map(count), [2, 1], "{order:?}");
        // A poll that finds a comment before its webhook publishes its newest text.
        let texts: Vec<_> = world.log.iter().map(text_of).collect();
        assert_eq!(texts.iter().filter(|text| *text == "one, edited").count(), 1, "{order:?}: {texts:?}");
        assert!(world.log.len() <= 4, "{order:?}: {texts:?}");
        let known = &world.state.commit().unwrap().comments;
        let standing = known[&bitbucket::CommentId(1)].standing().unwrap().hash.clone();
        assert_eq!(standing, Some(crate::world::hash("one, edited")), "{order:?}");
        assert!(known[&bitbucket::CommentId(2)].deleted, "{order:?}");
    }
}

#[test]
fn older_poll_does_not_undo_an_edit() {
    let mut world = a_commented_commit();
    world.waits(30);
    let slow = world.begins_a_poll();
    world.edits(1, "second");
    assert_eq!(world.polls(), [UPDATED]);
    assert_eq!(world.ends_the_poll(slow), NOTHING);
    assert_eq!(live_for(&mut world, 900), NOTHING);
}

#[test]
fn old_comments_of_a_new_commit_are_not_published() {
    let mut world = a_commit();
    world.writes(1, "long ago").waits(86_400).writes(2, "today");
    let creation = creation_of(&world, 2);
    world.receives(&creation);
    assert_eq!(live_for(&mut world, 900), NOTHING);
}

#[test]
fn comment_ends_the_pause_of_a_refused_commit() {
    let mut world = a_commented_commit();
    world.is_refused();
    assert_eq!(world.due(), Some((60, Reason::Refused)));
    world.waits(60).writes(2, "Still there?");
    let creation = creation_of(&world, 2);
    world.receives(&creation);
    assert_eq!(world.due(), Some((15, Reason::WindowOpen)));
}

#[test]
fn only_comments_start_the_watch_of_a_commit() {
    for key in [CommitStatusCreated, EventKey::Other("repo:commit_liked".to_owned())] {
        let mut world = a_commit();
        world.writes(1, "text");
        let told = creation_of(&world, 1);
        world.receives(&Report { key, ..told });
        assert_eq!((world.due(), world.state.commit().is_none()), (None, true));
    }
}
