//! States at their limit: what is forgotten, what is let go of, and what is still published.

use bitbucket::EventKey::*;
use bitbucket::{CommentId, TaskId};
use proptest::prelude::*;
use relay::Settings;
use relay::polling::unlisted_comments;
use relay::state::LetGo;
use serde_json::json;

use crate::world::{World, a_commit, a_polled_pull_request, by_another_hook, report};

const NOTHING: [&str; 0] = [];

/// A limit that about a hundred comments reach.
const LOW: usize = 16_000;

fn a_pull_request_with_a_low_limit() -> World {
    let mut world = a_polled_pull_request();
    world.settings = Settings { max_state_weight: LOW, ..world.settings };
    world
}

/// A pull request whose state has let go of comments: 200 were written, a minute apart, and reported.
fn a_state_at_its_limit() -> World {
    let mut world = a_pull_request_with_a_low_limit();
    for id in 1..=200 {
        world.waits(60).writes(id, "a");
        assert_eq!(world.reports_about(CommentCreated, id), ["pullrequest:comment_created"]);
    }
    assert_eq!(world.polls(), NOTHING);
    world
}

fn let_go(world: &World) -> LetGo {
    world.pr().let_go.unwrap()
}

fn has_state_of(world: &World, id: u64) -> bool {
    world.pr().comments.contains_key(&CommentId(id))
}

#[test]
fn state_at_its_limit_lets_go_of_the_oldest_comments() {
    let world = a_state_at_its_limit();
    assert!(world.state.weight() <= LOW, "{}", world.state.weight());
    let (kept, let_go) = (world.pr().comments.len(), let_go(&world));
    assert!((80..200).contains(&kept), "{kept} comments are kept");
    assert_eq!(let_go.comments, 200 - kept as u64);
    assert_eq!(let_go.comments_up_to, Some(CommentId(let_go.comments)), "the oldest");
    assert!((let_go.comments + 1..=200).all(|id| has_state_of(&world, id)));
}

#[test]
fn poll_of_a_state_at_its_limit_publishes_nothing_twice() {
    let mut world = a_state_at_its_limit();
    for _ in 0..3 {
        let before = world.pr().comments.clone();
        assert_eq!(world.waits(30).polls(), NOTHING, "neither creations nor deletions");
        assert_eq!(world.pr().comments, before);
        assert_eq!(
            world.due().map(|(_, reason)| reason),
            Some(relay::Reason::WindowOpen),
            "the ordinary watch"
        );
    }
    let listing = world.begins_a_poll().comments;
    assert_eq!(unlisted_comments(world.state.comments().unwrap(), &listing), []);
}

#[test]
fn edit_of_a_comment_that_was_let_go_of_is_published() {
    let mut world = a_state_at_its_limit();
    world.waits(30).edits(3, "b");
    assert_eq!(world.polls(), ["pullrequest:comment_updated"]);
    assert_eq!(world.last_payload()["comment"]["content"]["raw"], "b");
    assert!(has_state_of(&world, 3), "and it is watched again");
    assert_eq!(world.waits(30).polls(), NOTHING);
    world.waits(30).edits(3, "c");
    assert_eq!(world.polls(), ["pullrequest:comment_updated"]);
}

#[test]
fn webhooks_about_comments_that_were_let_go_of_are_published() {
    let mut world = a_state_at_its_limit();
    world.waits(30).edits(1, "b");
    assert_eq!(world.reports_about(CommentUpdated, 1), ["pullrequest:comment_updated"]);
    world.waits(30).resolves(2);
    assert_eq!(world.reports_about(CommentResolved, 2), ["pullrequest:comment_resolved"]);
    world.waits(30).reopens(2);
    assert_eq!(world.reports_about(CommentReopened, 2), ["pullrequest:comment_reopened"]);
    world.deletes(3);
    assert_eq!(world.reports_about(CommentDeleted, 3), ["pullrequest:comment_deleted"]);
    assert_eq!(world.waits(60).polls(), NOTHING);
}

#[test]
fn resolution_and_emptying_after_letting_go_are_found() {
    let mut world = a_state_at_its_limit();
    let now = world.waits(30).now;
    world.resolves(2);
    world.empties(3).comment(3)["updated_on"] = json!(now);
    assert_eq!(world.waits(60).polls(), ["pullrequest:comment_resolved", "pullrequest:comment_deleted"]);
    assert_eq!(world.waits(60).polls(), NOTHING);
}

#[test]
fn late_webhook_of_a_comment_that_was_let_go_of_is_no_event() {
    let mut world = a_pull_request_with_a_low_limit();
    let first = world.waits(60).writes(1, "a").webhook_about(CommentCreated, 1);
    world.receives(&first);
    for id in 2..=200 {
        world.waits(60).writes(id, "a");
        world.reports_about(CommentCreated, id);
    }
    assert!(!has_state_of(&world, 1));
    assert_eq!(world.receives(&by_another_hook(&first)), NOTHING);
    assert_eq!(world.waits(60).polls(), NOTHING);
}

#[test]
fn comment_written_since_is_new() {
    let mut world = a_state_at_its_limit();
    world.writes(201, "a");
    assert_eq!(world.waits(60).polls(), ["pullrequest:comment_created"]);
}

#[test]
fn open_windows_are_let_go_of_last() {
    let mut world = a_pull_request_with_a_low_limit();
    for id in 1..=50 {
        world.waits(1).writes(id, "a");
        world.reports_about(CommentCreated, id);
    }
    // Their windows are open when the others come.
    world.waits(800).polls();
    world.edits(1, "b");
    world.polls();
    for id in 51..=160 {
        world.waits(1).writes(id, "a");
        world.reports_about(CommentCreated, id);
    }
    assert!(has_state_of(&world, 1), "its window is open");
    assert!(!has_state_of(&world, 2));
    assert!((51..=160).all(|id| has_state_of(&world, id)));
}

#[test]
fn deleted_comments_are_let_go_of_first() {
    let mut world = a_pull_request_with_a_low_limit();
    for id in 1..=60 {
        world.waits(60).writes(id, "a");
        world.reports_about(CommentCreated, id);
        if id % 2 == 0 {
            world.deletes(id);
            world.reports_about(CommentDeleted, id);
        }
    }
    world.waits(1_000).polls();
    let mut id = 60;
    while world.pr().let_go.is_none() {
        id += 1;
        world.waits(60).writes(id, "a");
        world.reports_about(CommentCreated, id);
    }
    assert_eq!(let_go(&world).comments, 0, "the deleted ones sufficed");
    assert!(!has_state_of(&world, 2));
    assert!((1..=60).step_by(2).all(|id| has_state_of(&world, id)));
    assert_eq!(world.waits(60).polls(), NOTHING);
}

#[test]
fn counters_of_a_state_at_its_limit_are_bitbuckets_or_null() {
    let mut world = a_state_at_its_limit();
    let shown = json!({ "pullrequest": {
        "id": 7, "title": "Round corners", "updated_on": world.now, "comment_count": 200, "task_count": 4,
    } });
    let report = world.webhook(PullRequestUpdated, &shown);
    world.receives(&report);
    let counters = world.last().counters.clone().unwrap();
    assert_eq!((counters.comments, counters.unresolved_threads), (Some(200), None));
    assert_eq!(counters.tasks_open, Some(0), "the tasks are all there");
}

#[test]
fn old_revisions_are_forgotten_after_the_window_and_a_day() {
    let mut world = a_polled_pull_request();
    world.writes(1, "0");
    world.reports_about(CommentCreated, 1);
    for text in 1..=9 {
        world.waits(60).edits(1, &text.to_string());
        world.polls();
    }
    assert_eq!(world.comment_state(1).revisions.len(), 10);
    world.waits(86_000).polls();
    assert_eq!(world.comment_state(1).revisions.len(), 10, "a webhook may be a day late");
    world.waits(2_000).polls();
    assert_eq!(world.comment_state(1).revisions.len(), 4);
    assert!(world.has_newest_text_of(1));
}

#[test]
fn old_tombstone_keeps_no_text_and_stays_deleted() {
    let mut world = a_polled_pull_request();
    let created = world.writes(1, "a").webhook_about(CommentCreated, 1);
    world.receives(&created);
    world.deletes(1);
    world.reports_about(CommentDeleted, 1);
    world.adds_a_task(1, "a").polls();
    world.deletes_the_task(1).polls_twice();
    world.waits(90_000).polls();
    assert_eq!(world.comment_state(1).revisions.len(), 0);
    assert_eq!(world.task_state(1).revision.hash, None);
    assert!(world.comment_state(1).deleted && world.task_state(1).deleted);
    assert_eq!(world.receives(&by_another_hook(&created)), NOTHING);
}

#[test]
fn many_revisions_are_forgotten_before_a_comment_is_let_go_of() {
    let mut world = a_pull_request_with_a_low_limit();
    for id in 1..=20 {
        world.writes(id, "0");
        world.reports_about(CommentCreated, id);
    }
    for text in 1..=16 {
        for id in 1..=20 {
            world.edits(id, &text.to_string());
        }
        assert_eq!(world.waits(60).polls(), ["pullrequest:comment_updated"; 20]);
        assert!(world.state.weight() <= LOW);
    }
    assert_eq!(world.pr().let_go, None);
    assert_eq!(world.pr().comments.len(), 20);
}

#[test]
fn tasks_are_let_go_of_and_their_changes_found() {
    let mut world = a_pull_request_with_a_low_limit();
    for id in 1..=200 {
        world.waits(1).adds_a_task(id, "a");
    }
    assert_eq!(world.polls().len(), 200);
    let let_go = let_go(&world);
    assert_eq!(let_go.tasks, 200 - world.pr().tasks.len() as u64);
    assert_eq!(let_go.tasks_up_to, Some(TaskId(let_go.tasks)));
    assert!(world.state.weight() <= LOW);
    assert_eq!(world.waits(60).polls(), NOTHING);
    assert_eq!(world.last().counters.as_ref().unwrap().tasks_resolved, None);

    world.waits(60).edits_the_task(1, "b").resolves_the_task(2);
    assert_eq!(world.polls(), ["pullrequest:task_updated", "pullrequest:task_resolved"]);
    assert_eq!(world.waits(60).polls(), NOTHING);
}

#[test]
fn commit_at_its_limit_lets_go_of_comments_too() {
    let mut world = a_commit();
    world.settings = Settings { max_state_weight: LOW, ..world.settings };
    world.writes(1, "a");
    let body = json!({
        "actor": {}, "repository": { "uuid": "{ab}" }, "commit": { "hash": "c0ffee00" },
        "comment": world.comment_shown(1),
    });
    world.receives(&report(CommitCommentCreated, &body));
    for id in 2..=200 {
        world.waits(10).writes(id, "a");
    }
    assert_eq!(world.waits(60).polls().len(), 199);
    assert!(world.state.weight() <= LOW);
    assert!(world.state.commit().unwrap().let_go.is_some());
    assert_eq!(world.waits(60).polls(), NOTHING);
}

#[test]
fn replays_under_many_long_hook_ids_do_not_grow_the_state() {
    let mut world = a_polled_pull_request();
    let delivery = world.webhook(PullRequestPush, &json!({}));
    world.receives(&delivery);
    let before = world.state.weight();
    for number in 0..60 {
        let hook = format!("{number}{}", "x".repeat(8_000));
        world.receives(&relay::Report { hook, ..delivery.clone() });
    }
    assert!(world.state.weight() < before + 3_000, "{before} {}", world.state.weight());
    let hooks = world.state.repeats.iter().map(|repeats| repeats.hooks.len()).max();
    assert_eq!(hooks, Some(8));
    let again = world.receives(&delivery);
    assert_eq!(again, ["pullrequest:push"], "the true hook still counts");
}

#[test]
fn large_objects_are_not_kept_whole() {
    let mut world = a_polled_pull_request();
    let noise = "x".repeat(100_000);
    let shown = json!({
        "id": 7, "updated_on": world.now, "title": "t", "description": noise, "links": { "html": noise },
        "state": "OPEN",
    });
    let more = json!({
        "pullrequest": shown,
        "repository": { "uuid": "{ab}", "full_name": "acme/widgets", "description": noise },
    });
    let report = world.webhook(PullRequestUpdated, &more);
    world.receives(&report);
    assert_eq!(world.pr().repository["full_name"], "acme/widgets");
    assert_eq!(world.pr().snapshot["title"], "t");
    assert!(world.state.weight() < 20_000, "{}", world.state.weight());
}

#[test]
fn comments_of_one_poll_beyond_the_limit_are_all_published() {
    let mut world = a_pull_request_with_a_low_limit();
    for id in 1..=300 {
        world.waits(1).writes(301 - id, "a");
    }
    // The poll is folded in parts, and the state lets go of comments before the last part.
    assert_eq!(world.waits(60).polls(), ["pullrequest:comment_created"; 300]);
    assert_eq!(world.waits(60).polls(), NOTHING);
}

/// An act on one of many comments.
#[derive(Debug, Clone, Copy)]
enum Act {
    Write,
    Edit,
    Resolve,
    Delete,
    AddTask,
    EditTask,
    DeleteTask,
    Wait(i64),
    Poll,
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        6 => Just(Act::Write),
        3 => Just(Act::Edit),
        1 => Just(Act::Resolve),
        1 => Just(Act::Delete),
        3 => Just(Act::AddTask),
        1 => Just(Act::EditTask),
        1 => Just(Act::DeleteTask),
        3 => (1..900_i64).prop_map(Act::Wait),
        2 => Just(Act::Poll),
    ]
}

fn acts(world: &mut World, act: Act, pick: u64, is_reported: bool) {
    let id = pick % 60 + 1;
    world.waits(1);
    let key = match act {
        Act::Write if !world.ever_had_comment(id) => {
            world.writes(id, "a");
            CommentCreated
        }
        Act::Edit if world.has_comment(id) => {
            world.edits(id, &pick.to_string());
            CommentUpdated
        }
        Act::Resolve if world.has_comment(id) && !world.is_resolved(id) => {
            world.resolves(id);
            CommentResolved
        }
        Act::Delete if world.has_comment(id) => {
            world.deletes(id);
            CommentDeleted
        }
        Act::AddTask if !world.ever_had_task(id) => {
            world.adds_a_task(id, "a");
            return;
        }
        Act::EditTask if world.has_task(id) => {
            world.edits_the_task(id, &pick.to_string());
            return;
        }
        Act::DeleteTask if world.has_task(id) => {
            world.deletes_the_task(id);
            return;
        }
        Act::Wait(seconds) => {
            world.waits(seconds);
            return;
        }
        Act::Poll => {
            world.polls();
            return;
        }
        _ => return,
    };
    if is_reported {
        world.reports_about(key, id);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 30, max_shrink_iters: 500, ..ProptestConfig::default() })]

    /// `World` checks after each fold that no id of an event occurs twice.
    #[test]
    fn any_history_keeps_the_state_under_its_limit(
        history in prop::collection::vec((act(), 0..u64::MAX, any::<bool>()), 1..300),
        room in 500..4_000_usize,
    ) {
        let mut world = a_polled_pull_request();
        // Parts with limits of their own take less than this.
        let limit = 8_000 + room;
        world.settings = Settings { max_state_weight: limit, ..world.settings };
        for (act, pick, is_reported) in history {
            acts(&mut world, act, pick, is_reported);
            prop_assert!(world.state.weight() <= limit, "{} of {limit}", world.state.weight());
        }
        for _ in 0..100 {
            let Some((wait, _)) = world.due() else { return Ok(()) };
            world.waits(wait.max(1)).polls();
            prop_assert!(world.state.weight() <= limit);
        }
        prop_assert!(false, "it is due without end");
    }
}
