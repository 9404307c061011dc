//! The time of a reported fact, by Bitbucket's clock.

use bitbucket::EventKey::{self, *};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::world::{World, a_commit, a_pull_request, a_repository, an_issue, report};

/// The minute of each time in a body.
const CREATED: i64 = 1;
const UPDATED: i64 = 2;
const RESOLVED: i64 = 3;
const REVIEWED: i64 = 4;
const PULL_REQUEST_CREATED: i64 = 5;
const PULL_REQUEST_UPDATED: i64 = 6;

fn minute(number: i64) -> Timestamp {
    Timestamp::from_second(1_793_610_000 + 60 * number).unwrap()
}

fn comment() -> Value {
    json!({
        "id": 1, "content": { "raw": "a" }, "created_on": minute(CREATED), "updated_on": minute(UPDATED),
    })
}

fn resolved_comment() -> Value {
    let mut comment = comment();
    comment["resolution"] = json!({ "created_on": minute(RESOLVED) });
    comment
}

/// The time of the event of a report whose body has `more`.
fn time_of(mut world: World, key: EventKey, more: &Value) -> Option<Timestamp> {
    let mut body = json!({ "repository": { "uuid": "{ab}", "full_name": "acme/widgets" } });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    assert_eq!(world.receives(&report(key, &body)).len(), 1);
    world.last().occurred_at
}

fn time_in_pull_request(key: EventKey, mut more: Value) -> Option<Timestamp> {
    more["pullrequest"] = json!({
        "id": 7, "title": "Gear", "created_on": minute(PULL_REQUEST_CREATED),
        "updated_on": minute(PULL_REQUEST_UPDATED),
    });
    time_of(a_pull_request(), key, &more)
}

#[test]
fn report_of_a_pull_request_has_the_time_of_its_fact() {
    let review = json!({ "date": minute(REVIEWED), "user": { "uuid": "{bob}" } });
    for (key, more, expected) in [
        (PullRequestCreated, json!({}), PULL_REQUEST_CREATED),
        (PullRequestUpdated, json!({}), PULL_REQUEST_UPDATED),
        (PullRequestApproved, json!({ "approval": review }), REVIEWED),
        (ChangesRequestCreated, json!({ "changes_request": review }), REVIEWED),
        (PullRequestUnapproved, json!({ "approval": review }), PULL_REQUEST_UPDATED),
        (CommentCreated, json!({ "comment": comment() }), CREATED),
        (CommentUpdated, json!({ "comment": comment() }), UPDATED),
        (CommentResolved, json!({ "comment": resolved_comment() }), RESOLVED),
    ] {
        assert_eq!(time_in_pull_request(key.clone(), more), Some(minute(expected)), "{key}");
    }
}

#[test]
fn report_of_another_subject_has_the_time_of_its_fact() {
    let commit = json!({ "commit": { "type": "commit", "hash": "c0ffee00" }, "comment": comment() });
    assert_eq!(time_of(a_commit(), CommitCommentCreated, &commit), Some(minute(CREATED)));
    let build = json!({ "commit_status": { "key": "ci", "state": "FAILED", "updated_on": minute(UPDATED) } });
    assert_eq!(time_of(a_repository(), CommitStatusUpdated, &build), Some(minute(UPDATED)));
    let issue = json!({ "issue": { "id": 3, "updated_on": minute(UPDATED) }, "changes": {} });
    assert_eq!(time_of(an_issue(), IssueUpdated, &issue), Some(minute(UPDATED)));
    let mut about_issue = issue;
    about_issue["comment"] = comment();
    assert_eq!(time_of(an_issue(), IssueCommentCreated, &about_issue), Some(minute(CREATED)));
}
