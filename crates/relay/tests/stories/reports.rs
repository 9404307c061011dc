//! Facts that only webhooks report: one fact, one event (G5).

use bitbucket::EventKey::{self, *};
use relay::Report;
use serde_json::{Value, json};

use crate::commits::a_commented_commit;
use crate::world::{
    World, a_polled_pull_request, a_pull_request, a_repository, an_issue, by_another_hook, report,
};

const NOTHING: [&str; 0] = [];

/// Reports a review that bob gives now.
fn review(world: &mut World, key: EventKey) -> Report {
    let date = world.now;
    world.webhook(key, &json!({ "approval": { "date": date, "user": { "uuid": "{bob}" } } }))
}

fn push() -> Report {
    let body =
        json!({ "repository": { "uuid": "{ab}", "full_name": "acme/widgets" }, "push": { "changes": [] } });
    report(RepositoryPush, &body)
}

#[test]
fn approval_reported_by_two_hooks_is_one_event() {
    let mut world = a_polled_pull_request();
    let approved = review(&mut world, PullRequestApproved);
    assert_eq!(world.receives(&approved), ["pullrequest:approved"]);
    assert_eq!(world.waits(3).receives(&by_another_hook(&approved)), NOTHING);
}

#[test]
fn repeated_approval_is_three_events() {
    let mut world = a_polled_pull_request();
    let mut received = Vec::new();
    for key in [PullRequestApproved, PullRequestUnapproved, PullRequestApproved] {
        let report = review(world.waits(10), key);
        received.extend(world.receives(&report));
        assert_eq!(world.receives(&by_another_hook(&report)), NOTHING);
    }
    assert_eq!(received, ["pullrequest:approved", "pullrequest:unapproved", "pullrequest:approved"]);
}

#[test]
fn approval_and_withdrawal_with_same_body_are_two_events() {
    let mut world = a_polled_pull_request();
    let approved = review(&mut world, PullRequestApproved);
    let withdrawn = Report { key: PullRequestUnapproved, ..approved.clone() };
    assert_eq!(world.receives(&approved).len() + world.receives(&withdrawn).len(), 2);
}

#[test]
fn simultaneous_approvals_are_two_events() {
    let mut world = a_polled_pull_request();
    let bob = review(&mut world, PullRequestApproved);
    let date = world.now;
    let alice = world.webhook(
        PullRequestApproved,
        &json!({ "approval": { "date": date, "user": { "uuid": "{alice}" } } }),
    );
    assert_eq!(world.receives(&bob).len() + world.receives(&alice).len(), 2);
}

#[test]
fn undated_fact_counts_once_per_report_of_one_hook() {
    let mut world = a_repository();
    assert_eq!(world.receives(&push()), ["repo:push"]);
    assert_eq!(world.receives(&push()), ["repo:push"], "there and back and there again");
}

#[test]
fn undated_fact_reported_by_two_hooks_is_one_event() {
    let (one, other) = (push(), by_another_hook(&push()));
    for order in [[&one, &other, &one, &other], [&one, &one, &other, &other], [&other, &one, &one, &other]] {
        let mut world = a_repository();
        let received: usize = order.iter().map(|report| world.receives(report).len()).sum();
        assert_eq!(received, 2);
    }
}

#[test]
fn field_order_does_not_change_the_event() {
    let mut world = a_repository();
    let one =
        report(RepositoryPush, &json!({ "repository": { "uuid": "{ab}" }, "push": { "a": 1, "b": [2] } }));
    let other =
        report(RepositoryPush, &json!({ "push": { "b": [2], "a": 1 }, "repository": { "uuid": "{ab}" } }));
    assert_eq!(world.receives(&one).len(), 1);
    assert_eq!(world.receives(&by_another_hook(&other)), NOTHING);
}

#[test]
fn comment_of_another_subject_changes_no_comments() {
    let comment = json!({ "id": 99, "content": { "raw": "a" } });
    let pull_request = json!({ "id": 7, "title": "Gear" });
    for key in [IssueCommentCreated, CommitCommentCreated] {
        let mut world = a_polled_pull_request();
        let body = json!({
            "repository": { "uuid": "{ab}" }, "pullrequest": pull_request, "comment": comment,
            "issue": { "id": 3 }, "commit": { "hash": "c0ffee00" },
        });
        world.receives(&report(key, &body));
        assert!(world.pr().comments.is_empty());
    }
    let mut world = a_commented_commit();
    let body = json!({ "repository": { "uuid": "{ab}" }, "pullrequest": pull_request, "comment": comment });
    world.receives(&report(CommentCreated, &body));
    assert_eq!(world.state.comments().unwrap().len(), 1);
}

#[test]
fn comment_of_an_issue_is_one_event() {
    let mut world = an_issue();
    let about = |views: u32| {
        let comment = json!({ "id": 5, "content": { "raw": "a" } });
        let issue = json!({ "id": 3, "watches": views });
        let body = json!({ "repository": { "uuid": "{ab}" }, "issue": issue, "comment": comment });
        report(IssueCommentCreated, &body)
    };
    assert_eq!(world.receives(&about(1)), ["issue:comment_created"]);
    assert_eq!(world.receives(&by_another_hook(&about(2))), NOTHING, "its id tells, and not the body");
}

#[test]
fn pull_request_is_merged_once() {
    let mut world = a_polled_pull_request();
    assert_eq!(world.reports(PullRequestFulfilled), ["pullrequest:fulfilled"]);
    let again = world.waits(60).webhook(PullRequestFulfilled, &json!({ "x": "another body" }));
    assert_eq!(world.receives(&again), NOTHING);
}

#[test]
fn each_build_state_and_each_repetition_is_an_event() {
    let mut world = a_repository();
    let mut build = |state: &str, second: u32| {
        let updated_on = format!("2026-11-02T09:00:{second:02}Z");
        let report = report(
            CommitStatusUpdated,
            &json!({ "repository": { "uuid": "{ab}" },
                "commit_status": { "key": "ci", "state": state, "updated_on": updated_on } }),
        );
        world.receives(&report).len() + world.receives(&by_another_hook(&report)).len()
    };
    assert_eq!(
        [build("INPROGRESS", 1), build("FAILED", 2), build("FAILED", 3), build("FAILED", 3)],
        [1, 1, 1, 0]
    );
}

#[test]
fn old_fact_keeps_its_identity() {
    let mut world = a_polled_pull_request();
    let approved = review(&mut world, PullRequestApproved);
    world.receives(&approved);
    for _ in 0..100 {
        world.waits(1).reports(PullRequestUpdated);
    }
    assert!(
        !world.state.recent_facts.contains(&world.log[1].id),
        "the state has forgotten it, the log has not"
    );
    assert_eq!(world.receives(&by_another_hook(&approved)), NOTHING);
}

#[test]
fn unknown_key_is_passed_on() {
    let mut world = a_polled_pull_request();
    let report =
        world.webhook(EventKey::parse("pullrequest:superseded").unwrap(), &json!({ "new": ["thing"] }));
    assert_eq!(world.receives(&report), ["pullrequest:superseded"]);
    assert_eq!(world.last().payload, report.body);
}

#[test]
fn body_is_kept_byte_for_byte() {
    let mut world = a_pull_request();
    let body = b"{ \"pullrequest\" : {\"id\":7,\n \"x\": 1.0e2, \"y\": \"\\u00e9\"} , \
        \"repository\":{\"uuid\":\"{ab}\"}}"
        .to_vec();
    let payload = bitbucket::Payload::parse(&body).unwrap();
    let report = Report {
        signed: true,
        key: PullRequestUpdated,
        payload,
        body,
        hook: String::new(),
        delivery: String::new(),
    };
    world.receives(&report);
    assert_eq!(world.last().payload, report.body);
}

#[test]
fn late_webhook_does_not_make_the_snapshot_older() {
    let mut world = a_polled_pull_request();
    let old = world.webhook(PullRequestUpdated, &json!({}));
    world.waits(10).writes(1, "a").reports_about(CommentCreated, 1);
    let newest = world.pr().snapshot["updated_on"].clone();
    world.receives(&old);
    assert_eq!(world.pr().snapshot["updated_on"], newest);
}

#[test]
fn huge_description_is_only_in_the_event() {
    let mut world = a_pull_request();
    let long = "x".repeat(100_000);
    let report = world.webhook(
        PullRequestUpdated,
        &json!({ "pullrequest": { "id": 7, "title": "kept", "description": long, "summary": { "raw": long } } }),
    );
    world.receives(&report);
    assert!(world.last().payload.len() > 200_000);
    assert!(world.pr().snapshot.to_string().len() < 10_000);
    assert_eq!(world.pr().snapshot["title"], "kept");
}

#[test]
fn every_webhook_is_an_event() {
    for key in EventKey::KNOWN {
        for body in
            [json!({}), json!({ "comment": {}, "pullrequest": {}, "repository": {} }), json!({ "actor": 7 })]
        {
            let mut world = a_pull_request();
            assert_eq!(world.receives(&report(key.clone(), &body)), [key.as_str()], "{body}");
        }
    }
}

#[test]
fn fixture_reported_by_two_hooks_is_one_event() {
    for webhook in crate::webhooks::fixtures() {
        let body: Value = serde_json::from_slice(&webhook.body).unwrap();
        let report = report(EventKey::parse(&webhook.key).unwrap(), &body);
        let mut world = a_pull_request();
        assert_eq!(world.receives(&report), [webhook.key.as_str()], "{}", webhook.name);
        assert!(world.last().trusted, "{} does not show what its key says", webhook.name);
        assert_eq!(world.receives(&by_another_hook(&report)), NOTHING, "{}", webhook.name);
    }
}
