use std::collections::BTreeMap;

use bitbucket::{CommentId, TaskId};
use serde_json::json;

use super::*;
use crate::state::{CommentState, PullRequestState, Resolved, TaskState};
use crate::testing::{a_pull_request, at};

/// A comment that last changed in a second, with six revisions and a resolution.
fn a_comment(second: i64, deleted: bool) -> CommentState {
    let revision = json!({ "hash": "a", "updated_on": at(second), "ordinal": 0 });
    serde_json::from_value(json!({
        "version": 1, "revisions": vec![revision; 6], "changed_at": at(second), "deleted": deleted,
        "resolution": Resolved::new(None), "lifted": null,
    }))
    .unwrap()
}

fn a_task(second: i64, deleted: bool) -> TaskState {
    let revision =
        Revision { hash: Some("a".to_owned()), updated_on: Some(at(second)), ordinal: 2, found: true };
    let resolution = Some(Resolved::new(Some(at(second))));
    TaskState { version: 1, revision, resolution, lifted: resolution, doubts: vec![], deleted, revived: 0 }
}

fn with(comments: &[CommentState], tasks: &[TaskState]) -> SubjectState {
    let pr = PullRequestState {
        comments: comments.iter().cloned().enumerate().map(|(id, one)| (CommentId(id as u64), one)).collect(),
        tasks: tasks.iter().cloned().enumerate().map(|(id, one)| (TaskId(id as u64), one)).collect(),
        ..a_pull_request()
    };
    SubjectState { known: Some(Known::PullRequest(pr)), ..SubjectState::default() }
}

#[test]
fn texts_of_what_changed_long_ago_are_forgotten() {
    let mut state = with(
        &[a_comment(99, false), a_comment(100, false), a_comment(99, true), a_comment(100, true)],
        &[a_task(99, false), a_task(99, true), a_task(100, true)],
    );
    forget_old_texts(&mut state, at(100));
    let pr = state.pull_request().unwrap();
    let revisions: Vec<_> = pr.comments.values().map(|comment| comment.revisions.len()).collect();
    assert_eq!(revisions, [4, 6, 0, 6]);
    let resolved: Vec<_> = pr.comments.values().map(|comment| comment.resolution.is_some()).collect();
    assert_eq!(resolved, [true, true, false, true]);
    let forgotten = TaskState {
        revision: Revision { updated_on: Some(at(99)), ..Revision::default() },
        resolution: None,
        lifted: None,
        ..a_task(99, true)
    };
    assert_eq!(
        pr.tasks.values().cloned().collect::<Vec<_>>(),
        [a_task(99, false), forgotten, a_task(100, true)]
    );
}

#[test]
fn items_are_let_go_of_in_order_until_the_surplus_is_gone() {
    let settings = Settings { window_seconds: 600, margin_seconds: 60, ..Settings::default() };
    let mut comments =
        [a_comment(10, true), a_comment(20, true), a_comment(30, false), a_comment(9_999, true)];
    for comment in &mut comments {
        comment.revisions.truncate(1);
    }
    let mut state = with(&comments, &[a_task(5, false), a_task(40, false)]);
    let weight = comments[0].weight();
    let counts = let_go_of(&mut state, 3 * weight, at(10_000), &settings);
    assert_eq!(counts, LetGoCounts { comments: 0, tasks: 1, deleted: 2 });
    let counts = let_go_of(&mut state, weight, at(10_000), &settings);
    assert_eq!(counts, LetGoCounts { comments: 1, tasks: 0, deleted: 0 });
    let pr = state.pull_request().unwrap();
    let let_go = LetGo {
        changed_until: at(30),
        comments_up_to: Some(CommentId(2)),
        tasks_up_to: Some(TaskId(0)),
        comments: 1,
        tasks: 1,
    };
    assert_eq!(pr.let_go, Some(let_go));
    assert_eq!(pr.comments.keys().collect::<Vec<_>>(), [&CommentId(3)], "its window is open");
    assert_eq!(pr.tasks, BTreeMap::from([(TaskId(1), a_task(40, false))]));
}

#[test]
fn item_is_open_until_its_window_closes() {
    let settings = Settings { window_seconds: 600, margin_seconds: 60, ..Settings::default() };
    let state = with(
        &[a_comment(339, false), a_comment(340, false), a_comment(341, false), a_comment(340, true)],
        &[],
    );
    let pr = state.pull_request().unwrap();
    let candidates = candidates(&pr.comments, &pr.tasks, at(1_000), &settings);
    let stages: Vec<_> = candidates.into_iter().map(|candidate| candidate.stage).collect();
    assert_eq!(stages, [Stage::Closed, Stage::Closed, Stage::Open, Stage::Deleted]);
}
