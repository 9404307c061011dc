//! What Bitbucket reports and nothing is polled for: one fact, one event (G5).

use bitbucket::EventKey::{self, *};
use relay::Report;
use serde_json::{Value, json};

use crate::world::{World, a_known_pull_request, a_pull_request, a_repository, by_another_hook, report};

const NOTHING: [&str; 0] = [];

/// A review by bob, given now.
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
fn an_approval_reported_by_two_hooks_is_one_event() {
    let mut world = a_known_pull_request();
    let approved = review(&mut world, PullRequestApproved);
    assert_eq!(world.hears(&approved), ["pullrequest:approved"]);
    assert_eq!(world.waits(3).hears(&by_another_hook(&approved)), NOTHING);
}

#[test]
fn approved_and_withdrawn_and_approved_again_are_three_events() {
    let mut world = a_known_pull_request();
    let mut heard = Vec::new();
    for key in [PullRequestApproved, PullRequestUnapproved, PullRequestApproved] {
        let report = review(world.waits(10), key);
        heard.extend(world.hears(&report));
        assert_eq!(world.hears(&by_another_hook(&report)), NOTHING);
    }
    assert_eq!(heard, ["pullrequest:approved", "pullrequest:unapproved", "pullrequest:approved"]);
}

#[test]
fn an_approval_and_its_withdrawal_with_the_very_same_body_are_two_events() {
    let mut world = a_known_pull_request();
    let approved = review(&mut world, PullRequestApproved);
    let withdrawn = Report { key: PullRequestUnapproved, ..approved.clone() };
    assert_eq!(world.hears(&approved).len() + world.hears(&withdrawn).len(), 2);
}

#[test]
fn two_people_who_approve_in_the_same_moment_are_two_events() {
    let mut world = a_known_pull_request();
    let bob = review(&mut world, PullRequestApproved);
    let date = world.now;
    let alice = world.webhook(
        PullRequestApproved,
        &json!({ "approval": { "date": date, "user": { "uuid": "{alice}" } } }),
    );
    assert_eq!(world.hears(&bob).len() + world.hears(&alice).len(), 2);
}

#[test]
fn what_carries_no_date_counts_as_often_as_one_hook_says_it() {
    let mut world = a_repository();
    assert_eq!(world.hears(&push()), ["repo:push"]);
    assert_eq!(world.hears(&push()), ["repo:push"], "there and back and there again");
}

#[test]
fn what_carries_no_date_and_is_said_by_two_hooks_counts_once_for_both() {
    let (one, other) = (push(), by_another_hook(&push()));
    for order in [[&one, &other, &one, &other], [&one, &one, &other, &other], [&other, &one, &one, &other]] {
        let mut world = a_repository();
        let heard: usize = order.iter().map(|report| world.hears(report).len()).sum();
        assert_eq!(heard, 2);
    }
}

#[test]
fn the_order_of_fields_makes_no_other_event() {
    let mut world = a_repository();
    let one =
        report(RepositoryPush, &json!({ "repository": { "uuid": "{ab}" }, "push": { "a": 1, "b": [2] } }));
    let other =
        report(RepositoryPush, &json!({ "push": { "b": [2], "a": 1 }, "repository": { "uuid": "{ab}" } }));
    assert_eq!(world.hears(&one).len(), 1);
    assert_eq!(world.hears(&by_another_hook(&other)), NOTHING);
}

#[test]
fn merging_happens_once_in_the_life_of_a_pull_request() {
    let mut world = a_known_pull_request();
    assert_eq!(world.reports(PullRequestFulfilled), ["pullrequest:fulfilled"]);
    let again = world.waits(60).webhook(PullRequestFulfilled, &json!({ "x": "another body" }));
    assert_eq!(world.hears(&again), NOTHING);
}

#[test]
fn each_state_of_a_build_is_an_event_and_each_repetition_of_it_too() {
    let mut world = a_repository();
    let mut build = |state: &str, second: u32| {
        let updated_on = format!("2026-11-02T09:00:{second:02}Z");
        let report = report(
            CommitStatusUpdated,
            &json!({ "repository": { "uuid": "{ab}" },
                "commit_status": { "key": "ci", "state": state, "updated_on": updated_on } }),
        );
        world.hears(&report).len() + world.hears(&by_another_hook(&report)).len()
    };
    assert_eq!(
        [build("INPROGRESS", 1), build("FAILED", 2), build("FAILED", 3), build("FAILED", 3)],
        [1, 1, 1, 0]
    );
}

#[test]
fn a_fact_known_for_long_is_still_the_same_fact() {
    let mut world = a_known_pull_request();
    let approved = review(&mut world, PullRequestApproved);
    world.hears(&approved);
    for _ in 0..100 {
        world.waits(1).reports(PullRequestUpdated);
    }
    assert!(
        !world.state.recent_facts.contains(&world.log[1].id),
        "the state has forgotten it, the log has not"
    );
    assert_eq!(world.hears(&by_another_hook(&approved)), NOTHING);
}

#[test]
fn a_key_never_seen_before_is_passed_on_as_it_is() {
    let mut world = a_known_pull_request();
    let report =
        world.webhook(EventKey::parse("pullrequest:superseded").unwrap(), &json!({ "new": ["thing"] }));
    assert_eq!(world.hears(&report), ["pullrequest:superseded"]);
    assert_eq!(world.last().payload, report.body);
}

#[test]
fn a_body_is_kept_byte_for_byte() {
    let mut world = a_pull_request();
    let body = b"{ \"pullrequest\" : {\"id\":7,\n \"x\": 1.0e2, \"y\": \"\\u00e9\"} , \"repository\":{\"uuid\":\"{ab}\"}}".to_vec();
    let payload = bitbucket::Payload::parse(&body).unwrap();
    let report =
        Report { key: PullRequestUpdated, payload, body, hook: String::new(), delivery: String::new() };
    world.hears(&report);
    assert_eq!(world.last().payload, report.body);
}

#[test]
fn a_late_webhook_does_not_make_the_snapshot_older() {
    let mut world = a_known_pull_request();
    let old = world.webhook(PullRequestUpdated, &json!({}));
    world.waits(10).writes(1, "a").reports_about(CommentCreated, 1);
    let newest = world.known().snapshot["updated_on"].clone();
    world.hears(&old);
    assert_eq!(world.known().snapshot["updated_on"], newest);
}

#[test]
fn a_huge_description_is_kept_in_the_event_and_not_in_the_state() {
    let mut world = a_pull_request();
    let long = "x".repeat(100_000);
    let report = world.webhook(
        PullRequestUpdated,
        &json!({ "pullrequest": { "id": 7, "title": "kept", "description": long, "summary": { "raw": long } } }),
    );
    world.hears(&report);
    assert!(world.last().payload.len() > 200_000);
    assert!(world.known().snapshot.to_string().len() < 10_000);
    assert_eq!(world.known().snapshot["title"], "kept");
}

#[test]
fn nothing_can_be_said_that_is_no_event() {
    for key in EventKey::KNOWN {
        for body in
            [json!({}), json!({ "comment": {}, "pullrequest": {}, "repository": {} }), json!({ "actor": 7 })]
        {
            let mut world = a_pull_request();
            assert_eq!(world.hears(&report(key.clone(), &body)), [key.as_str()], "{body}");
        }
    }
}

#[test]
fn every_fixture_is_one_event_and_stays_one_when_another_hook_says_it_too() {
    for webhook in crate::webhooks::fixtures() {
        let body: Value = serde_json::from_slice(&webhook.body).unwrap();
        let report = report(EventKey::parse(&webhook.key).unwrap(), &body);
        let mut world = a_pull_request();
        assert_eq!(world.hears(&report), [webhook.key.as_str()], "{}", webhook.name);
        assert_eq!(world.hears(&by_another_hook(&report)), NOTHING, "{}", webhook.name);
    }
}
