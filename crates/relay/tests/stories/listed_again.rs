//! Comments and tasks that Bitbucket lists again after their deletion was published: two wrong answers made it.

use bitbucket::EventKey::*;
use bitbucket::payload::Document;
use bitbucket::{CommentId, TaskId};
use relay::observation::PullRequestPoll;
use relay::{Event, Reason};
use serde_json::json;

use crate::commits::a_commented_commit;
use crate::world::{World, a_polled_pull_request, hash};

const NOTHING: [&str; 0] = [];
const CREATED: &str = "pullrequest:comment_created";
const UPDATED: &str = "pullrequest:comment_updated";
const DELETED: &str = "pullrequest:comment_deleted";
const RESOLVED: &str = "pullrequest:comment_resolved";

fn a_comment() -> World {
    let mut world = a_polled_pull_request();
    world.writes(1, "a").reports_about(CommentCreated, 1);
    world.waits(15).polls();
    world
}

/// A poll to which Bitbucket answers that comment 1 and task 1 do not exist.
fn a_wrong_answer(world: &World) -> PullRequestPoll {
    let mut poll = world.begins_a_poll();
    poll.comments.items.retain(|comment| comment.id() != Some(CommentId(1)));
    if let Some(tasks) = &mut poll.tasks {
        tasks.items.retain(|task| task.id() != Some(TaskId(1)));
    }
    let is_standing = world.state.comments().unwrap().get(&CommentId(1)).is_some_and(|one| !one.deleted);
    if is_standing {
        poll.comments.lookups.insert(CommentId(1), None);
    }
    let task = world.state.pull_request().and_then(|pr| pr.tasks.get(&TaskId(1)));
    if task.is_some_and(|task| !task.deleted) {
        poll.tasks.as_mut().unwrap().lookups.insert(TaskId(1), None);
    }
    poll
}

fn polls_a_wrong_answer(world: &mut World) -> Vec<String> {
    let poll = a_wrong_answer(world);
    world.learns(&world.poll_observation(poll))
}

/// Two wrong answers, a grace period apart. Returns the keys of the new events.
fn loses_sight(world: &mut World) -> Vec<String> {
    let first = polls_a_wrong_answer(world);
    assert_eq!(first, NOTHING);
    world.waits(30);
    let second = polls_a_wrong_answer(world);
    world.waits(15);
    second
}

fn is_deleted(world: &World) -> bool {
    world.state.comments().unwrap()[&CommentId(1)].deleted
}

fn ids_of<'w>(world: &'w World, key: &str) -> Vec<&'w Event> {
    world.log.iter().filter(|event| event.key.as_str() == key).collect()
}

#[test]
fn comment_listed_again_stands_again() {
    let mut world = a_comment();
    assert_eq!(loses_sight(&mut world), [DELETED]);
    assert_eq!(world.polls(), NOTHING, "one look proves nothing");
    assert_eq!(world.due(), Some((30, Reason::Recheck)));
    assert_eq!(world.waits(30).polls(), [CREATED]);
    let (event, payload) = (world.last().clone(), world.last_payload());
    assert_eq!(payload["comment"]["content"]["raw"], "a");
    assert_eq!(event.occurred_at, None, "nothing happened in Bitbucket");
    assert_eq!(event.actor.unwrap()["nickname"], "bob");
    assert_ne!(event.id, ids_of(&world, CREATED)[0].id);
    assert!(!is_deleted(&world));
    assert_eq!(world.waits(15).polls(), NOTHING);

    assert_eq!(world.waits(15).deletes(1).polls_twice(), [DELETED], "this time it is true");
    assert!(is_deleted(&world));
    assert_eq!(world.waits(15).polls(), NOTHING);
}

#[test]
fn comment_and_task_listed_again_after_a_month_stand_again() {
    let mut world = a_comment();
    world.adds_a_task(1, "oil it").waits(15).polls();
    assert_eq!(loses_sight(&mut world), [DELETED, "pullrequest:task_deleted"]);
    world.waits(30 * 86_400).reports(PullRequestUpdated);
    assert_eq!(world.waits(15).polls(), NOTHING);
    assert_eq!(world.due(), Some((30, Reason::Recheck)));
    assert_eq!(world.waits(30).polls(), [CREATED, "pullrequest:task_created"]);
    assert_eq!(world.last_payload()["task"]["content"]["raw"], "oil it");
}

#[test]
fn comment_is_lost_and_listed_again_any_number_of_times() {
    let mut world = a_comment();
    for times in 1..=3 {
        assert_eq!(loses_sight(&mut world), [DELETED]);
        assert_eq!(world.polls_twice(), [CREATED]);
        assert_eq!((ids_of(&world, DELETED).len(), ids_of(&world, CREATED).len()), (times, times + 1));
        world.waits(15);
    }
}

#[test]
fn comment_listed_again_has_a_new_window() {
    let mut world = a_comment();
    world.waits(700).polls();
    assert_eq!(loses_sight(&mut world), [DELETED]);
    world.polls_twice();
    assert_eq!(world.due(), Some((15, Reason::WindowOpen)));
    assert_eq!(world.waits(5).edits(1, "b").waits(15).polls(), [UPDATED]);
}

#[test]
fn text_and_resolution_of_a_comment_listed_again_are_published() {
    let mut world = a_comment();
    assert_eq!(loses_sight(&mut world), [DELETED]);
    world.edits(1, "b").resolves(1).waits(60);
    assert_eq!(world.polls_twice(), [CREATED, RESOLVED]);
    assert_eq!(world.log[world.log.len() - 2].occurred_at, None);
    assert_eq!(world.last_payload()["comment"]["content"]["raw"], "b");
    assert_eq!(world.comment_state(1).standing().unwrap().hash, Some(hash("b")));
    assert_eq!(world.reports_about(CommentResolved, 1), NOTHING, "its late webhook is the same fact");
}

#[test]
fn new_text_of_a_comment_listed_again_counts_as_found() {
    let mut world = a_comment();
    assert_eq!(loses_sight(&mut world), [DELETED]);
    world.edits(1, "b").polls();
    assert_eq!(world.waits(30).polls(), [CREATED]);
    let standing = world.comment_state(1).standing().unwrap();
    assert!(standing.found && standing.hash == Some(crate::world::hash("b")));
}

#[test]
fn one_old_listing_takes_no_deletion_back() {
    let mut world = a_comment();
    let old = world.begins_a_poll();
    world.waits(5).deletes(1);
    assert_eq!(world.reports_about(CommentDeleted, 1), [DELETED]);
    for _ in 0..2 {
        assert_eq!(world.waits(15).polls_a_copy(&old), NOTHING);
        assert_eq!(world.waits(45).polls(), NOTHING, "it was a copy, and the doubt has ended");
    }
    assert!(is_deleted(&world));
}

#[test]
fn poll_under_way_during_a_deletion_takes_it_not_back() {
    let mut world = a_comment();
    let slow = world.begins_a_poll();
    world.waits(5).deletes(1).reports_about(CommentDeleted, 1);
    assert_eq!(world.ends_the_poll(slow), NOTHING);
    assert!(world.comment_state(1).doubts.is_empty());
}

#[test]
fn older_text_is_no_proof_that_a_comment_exists() {
    let mut world = a_comment();
    let old = world.begins_a_poll();
    world.waits(60).edits(1, "b").polls();
    world.deletes(1).reports_about(CommentDeleted, 1);
    for _ in 0..3 {
        assert_eq!(world.waits(45).polls_a_copy(&old), NOTHING);
    }
    assert!(is_deleted(&world));
}

#[test]
fn listing_without_a_doubted_comment_asks_for_it_by_id() {
    let mut world = a_comment();
    assert_eq!(loses_sight(&mut world), [DELETED]);
    assert_eq!(world.polls(), NOTHING);
    world.waits(30);
    let mut partial = world.begins_a_poll();
    partial.comments.items.clear();
    let unlisted = relay::polling::unlisted_comments(&world.pr().comments, &partial.comments);
    assert_eq!(unlisted, [CommentId(1)]);
    let shown = Document::new(world.comment_shown(1));
    partial.comments.lookups.insert(CommentId(1), Some(shown));
    assert_eq!(world.learns(&world.poll_observation(partial)), [CREATED]);
}

#[test]
fn deletion_that_bitbucket_shows_is_final() {
    let mut world = a_comment();
    world.waits(5).empties(1);
    assert_eq!(world.polls(), [DELETED]);
    assert_eq!(world.waits(60).polls_twice(), NOTHING);
    assert!(is_deleted(&world));
}

#[test]
fn reported_deletion_after_a_wrong_one_is_an_event_of_its_own() {
    let mut world = a_comment();
    assert_eq!(loses_sight(&mut world), [DELETED]);
    assert_eq!(world.polls_twice(), [CREATED]);
    let report = {
        world.waits(15).deletes(1);
        world.webhook_about(CommentDeleted, 1)
    };
    assert_eq!(world.receives(&report), [DELETED]);
    assert_eq!(world.receives(&crate::world::by_another_hook(&report)), NOTHING);
    let ids = ids_of(&world, DELETED);
    assert_ne!(ids[0].id, ids[1].id);
}

#[test]
fn report_of_a_deletion_that_a_poll_found_is_the_same_event() {
    let mut world = a_comment();
    world.waits(5).deletes(1);
    let report = world.webhook_about(CommentDeleted, 1);
    assert_eq!(world.polls_twice(), [DELETED]);
    assert_eq!(world.receives(&report), NOTHING);
}

#[test]
fn commit_comment_listed_again_stands_again() {
    let mut world = a_commented_commit();
    world.waits(15).polls();
    assert_eq!(loses_sight(&mut world), ["repo:commit_comment_deleted"]);
    assert_eq!(world.polls(), NOTHING);
    assert_eq!(world.waits(30).polls(), ["repo:commit_comment_created"]);
    assert_eq!(world.deletes(1).waits(15).polls_twice(), ["repo:commit_comment_deleted"]);
}

#[test]
fn task_listed_again_stands_again() {
    let mut world = a_polled_pull_request();
    world.adds_a_task(1, "a").waits(15).polls();
    assert_eq!(loses_sight(&mut world), ["pullrequest:task_deleted"]);
    world.edits_the_task(1, "b").resolves_the_task(1);
    assert_eq!(world.polls(), NOTHING);
    assert_eq!(world.waits(30).polls(), ["pullrequest:task_created", "pullrequest:task_resolved"]);
    assert_eq!(world.last_payload()["task"]["content"]["raw"], json!("b"));
    let creation = ids_of(&world, "pullrequest:task_created")[1];
    assert_eq!(creation.actor.as_ref().unwrap()["nickname"], json!("bob"));
    assert!(!world.task_state(1).deleted);
    assert_eq!(world.waits(15).polls(), NOTHING);
    assert_eq!(world.deletes_the_task(1).polls_twice(), ["pullrequest:task_deleted"]);
    assert_eq!(ids_of(&world, "pullrequest:task_deleted").len(), 2);
}

#[test]
fn older_text_is_no_proof_that_a_task_exists() {
    let mut world = a_polled_pull_request();
    world.adds_a_task(1, "a").waits(15).polls();
    let old = world.begins_a_poll();
    world.waits(60).edits_the_task(1, "b").polls();
    assert_eq!(world.deletes_the_task(1).polls_twice(), ["pullrequest:task_deleted"]);
    for _ in 0..3 {
        assert_eq!(world.waits(45).polls_a_copy(&old), NOTHING);
    }
    assert!(world.task_state(1).deleted);
}

#[test]
fn poll_under_way_during_the_deletion_of_a_task_takes_it_not_back() {
    let mut world = a_polled_pull_request();
    world.adds_a_task(1, "a").waits(15).polls();
    let slow = world.begins_a_poll();
    assert_eq!(world.waits(5).deletes_the_task(1).polls_twice(), ["pullrequest:task_deleted"]);
    assert_eq!(world.ends_the_poll(slow), NOTHING);
    assert!(world.task_state(1).doubts.is_empty());
}
