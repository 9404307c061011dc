use bitbucket::CommentId;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::*;
use crate::state::{
    CommitState, Doubt, Finding, LinkState, PullRequestState, RepositoryState, Resolved, Revision,
};
use crate::testing::a_pull_request;

const RESOLVED: Option<Resolved> = Some(Resolved::new(None));

fn of(known: Known) -> usize {
    SubjectState { known: Some(known), ..SubjectState::default() }.weight()
}

fn a_doubt() -> Doubt {
    Doubt { finding: Finding::Gone, since: Timestamp::UNIX_EPOCH }
}

fn a_comment() -> CommentState {
    serde_json::from_value(json!({
        "version": 1, "revisions": [], "changed_at": "2026-11-02T09:00:00Z", "deleted": false,
    }))
    .unwrap()
}

fn a_task() -> TaskState {
    serde_json::from_value(json!({
        "version": 1, "revision": Revision::default(), "resolution": null, "deleted": false,
    }))
    .unwrap()
}

/// The bytes that a value takes as JSON more than the value before.
fn growth<T: Serialize>(before: &T, after: &T) -> usize {
    serde_json::to_string(after).unwrap().len() - serde_json::to_string(before).unwrap().len()
}

#[test]
fn facts_and_repeats_weigh_their_json() {
    let nothing = SubjectState::default();
    assert_eq!(nothing.weight(), 4 * 1024 + "[]".len() + "[]".len());
    let mut state = nothing.clone();
    state.remember([crate::EventId::stored("a".repeat(32))]);
    assert_eq!(state.weight() - nothing.weight(), 32 + 2);
    state.repeats_of("abc").unwrap().count("hook").unwrap();
    let repeats = r#"{"digest":"abc","hooks":{"hook":1}}"#;
    assert_eq!(state.weight() - nothing.weight(), 32 + 2 + repeats.len());
}

#[test]
fn every_part_of_a_pull_request_weighs() {
    let pr = a_pull_request();
    let empty = of(Known::PullRequest(pr.clone()));
    let weighs = |change: &dyn Fn(&mut PullRequestState)| {
        let mut changed = pr.clone();
        change(&mut changed);
        of(Known::PullRequest(changed)) - empty
    };
    let object = json!({ "title": "a title" });
    let length = growth(&Value::Null, &object);
    assert_eq!(weighs(&|pr| pr.snapshot = object.clone()), length);
    assert_eq!(weighs(&|pr| pr.repository = object.clone()), length);
    assert_eq!(
        weighs(&|pr| pr.published.state = Some("DECLINED".to_owned())),
        "DECLINED".len() - "OPEN".len()
    );
    let head = json!({ "hash": "0123456789ab", "builds": {} });
    assert_eq!(
        weighs(&|pr| pr.head = serde_json::from_value(head.clone()).unwrap()),
        growth(&Value::Null, &head)
    );
    assert_eq!(weighs(&|pr| drop(pr.comments.insert(CommentId(1), a_comment()))), 32);
    assert_eq!(weighs(&|pr| drop(pr.tasks.insert(TaskId(1), a_task()))), 32);
    let all = weighs(&|pr| {
        pr.snapshot = object.clone();
        pr.repository = object.clone();
        pr.comments.insert(CommentId(1), a_comment());
        pr.comments.insert(CommentId(2), a_comment());
        pr.tasks.insert(TaskId(1), a_task());
    });
    assert_eq!(all, 2 * length + 3 * 32);
}

#[test]
fn every_part_of_a_commit_weighs() {
    let commit = CommitState::first_seen(Timestamp::UNIX_EPOCH);
    let empty = of(Known::Commit(commit.clone()));
    let object = json!({ "hash": "0123456789ab" });
    let length = growth(&Value::Null, &object);
    let comments = [(CommentId(1), a_comment())].into();
    let changed = CommitState { commit: object.clone(), repository: object, comments, ..commit };
    assert_eq!(of(Known::Commit(changed)) - empty, 2 * length + 32);
}

#[test]
fn lists_with_limits_of_their_own_weigh_nothing() {
    let nothing = SubjectState::default().weight();
    let repository = RepositoryState { repository: json!({ "name": "a" }), ..RepositoryState::default() };
    assert_eq!(of(Known::Repository(repository)), nothing);
    assert_eq!(of(Known::Link(LinkState::default())), nothing);
}

#[test]
fn every_part_of_a_comment_weighs() {
    let mut comment = a_comment();
    assert_eq!(comment.weight(), 32);
    comment.revisions.extend([Revision::default(), Revision::default()]);
    assert_eq!(comment.weight(), 32 + 2 * 38);
    comment.resolution = RESOLVED;
    assert_eq!(comment.weight(), 32 + 2 * 38 + 18);
    comment.lifted = RESOLVED;
    assert_eq!(comment.weight(), 32 + 2 * 38 + 2 * 18);
    comment.doubts = vec![a_doubt(), a_doubt()];
    assert_eq!(comment.weight(), 32 + 2 * 38 + 2 * 18 + 2 * 36);
}

#[test]
fn every_part_of_a_task_weighs() {
    let mut task = a_task();
    assert_eq!(task.weight(), 32, "the empty revision of a deleted task weighs nothing");
    task.revision.ordinal = 1;
    assert_eq!(task.weight(), 32 + 38);
    task.resolution = RESOLVED;
    task.lifted = RESOLVED;
    assert_eq!(task.weight(), 32 + 38 + 2 * 18);
    task.doubts = vec![a_doubt()];
    assert_eq!(task.weight(), 32 + 38 + 2 * 18 + 36);
}
