//! Facts that a snapshot shows although their webhooks were lost: approvals, updates, the end, the creation.

use bitbucket::EventKey::{self, *};
use bitbucket::payload::Document;
use relay::Reason;
use relay::Source;
use relay::observation::PullRequestPoll;
use relay::polling::Needs;
use serde_json::{Value, json};

use crate::world::{START, World, a_pull_request, unsigned};

const NOTHING: [&str; 0] = [];

pub(crate) fn person(name: &str) -> Value {
    json!({ "type": "user", "uuid": format!("{{{name}}}"), "display_name": name })
}

/// Returns the pull request as Bitbucket shows it now.
pub(crate) fn shown(world: &World) -> Value {
    json!({
        "id": 7, "title": "Gear", "state": "OPEN", "created_on": "2026-11-02T09:00:00Z", "updated_on": world.now,
        "source": { "branch": { "name": "gear" }, "commit": { "hash": "aaaaaaaaaaaa" } },
        "destination": { "branch": { "name": "main" } },
        "author": person("alice"), "reviewers": [person("bob")], "participants": [],
    })
}

pub(crate) fn approved_by(world: &World, name: &str) -> Value {
    let mut shown = shown(world);
    shown["participants"] = json!([{
        "user": person(name), "approved": true, "state": "approved", "participated_on": world.now,
    }]);
    shown
}

fn approved_by_many(world: &World, count: usize, more: &Value) -> Value {
    let participant = |n| {
        let mut user = person(&format!("reviewer {n}"));
        user["links"] = more.clone();
        json!({ "user": user, "approved": true, "state": "approved", "participated_on": world.now })
    };
    let mut shown = shown(world);
    shown["participants"] = (0..count).map(participant).collect();
    shown
}

pub(crate) fn says(world: &mut World, key: EventKey, shown: &Value) -> Vec<String> {
    let mut more = json!({ "pullrequest": shown });
    if matches!(key, PullRequestApproved | PullRequestUnapproved) {
        more["approval"] = json!({ "date": shown["updated_on"], "user": person("bob") });
    }
    let report = world.webhook(key, &more);
    world.receives(&report)
}

pub(crate) fn a_published_pull_request() -> World {
    let mut world = a_pull_request();
    let first = shown(&world);
    says(&mut world, PullRequestCreated, &first);
    world.waits(5).polls();
    world
}

#[test]
fn approval_shown_by_a_later_webhook_is_published() {
    let mut world = a_published_pull_request();
    world.waits(60);
    let (approved, approved_at) = (approved_by(&world, "bob"), world.now);
    world.writes(1, "a");
    let report = world.webhook(
        CommentCreated,
        &json!({ "pullrequest": approved.clone(), "comment": world.comment_shown(1) }),
    );
    world.receives(&report);
    assert_eq!(world.waits(5).polls(), NOTHING, "its webhook may be on its way");
    assert!(!Needs::new(world.pr(), world.now, &world.settings, false).pull_request);
    world.waits(25);
    assert!(Needs::new(world.pr(), world.now, &world.settings, false).pull_request);
    assert_eq!(world.polls_all(&approved), ["pullrequest:approved"]);
    assert_eq!(world.last_payload()["approval"]["user"]["display_name"], "bob");
    assert_eq!(world.last().actor, Some(person("bob")));
    assert_eq!(world.last().occurred_at, Some(approved_at));
    assert_eq!(world.waits(60).polls_all(&approved), NOTHING, "and once");
}

#[test]
fn late_webhook_of_a_published_approval_is_no_event() {
    let mut world = a_published_pull_request();
    world.waits(60);
    let approved = approved_by(&world, "bob");
    world.waits(30);
    assert_eq!(world.polls_all(&approved), NOTHING);
    assert_eq!(world.waits(30).polls_all(&approved), ["pullrequest:approved"]);
    assert_eq!(says(&mut world, PullRequestApproved, &approved), NOTHING);
}

#[test]
fn timely_webhook_leaves_nothing_missing() {
    let mut world = a_published_pull_request();
    world.waits(60);
    let approved = approved_by(&world, "bob");
    world.polls_all(&approved);
    assert_eq!(says(&mut world, PullRequestApproved, &approved), ["pullrequest:approved"]);
    assert_eq!(world.waits(60).polls_all(&approved), NOTHING);
}

#[test]
fn approval_withdrawn_by_a_push_is_an_event_without_actor() {
    let mut world = a_published_pull_request();
    world.waits(60);
    let approved = approved_by(&world, "bob");
    says(&mut world, PullRequestApproved, &approved);
    world.waits(60);
    let mut pushed = shown(&world);
    pushed["source"]["commit"]["hash"] = json!("bbbbbbbbbbbb");
    assert_eq!(says(&mut world, PullRequestUpdated, &pushed), ["pullrequest:updated"]);
    assert_eq!(world.waits(30).polls_all(&pushed), ["pullrequest:unapproved"]);
    assert_eq!((world.last().source, &world.last().actor), (Source::Poll, &None));
    assert_eq!(world.last_payload()["approval"]["user"]["uuid"], "{bob}");
    assert_eq!(
        says(&mut world, PullRequestUnapproved, &pushed),
        NOTHING,
        "should Bitbucket report it after all"
    );
}

#[test]
fn approval_anew_after_a_polled_one_is_a_new_fact() {
    let mut world = a_published_pull_request();
    let approved = approved_by(&world, "bob");
    world.waits(10).polls_all(&approved);
    assert_eq!(world.waits(30).polls_all(&approved), ["pullrequest:approved"]);
    // The webhook of the withdrawal is lost.
    let again = approved_by(world.waits(60), "bob");
    assert_eq!(says(&mut world, PullRequestApproved, &again), ["pullrequest:approved"]);
    assert_eq!(says(&mut world, PullRequestApproved, &again), NOTHING, "two hooks report it");
}

#[test]
fn approval_after_withdrawal_is_a_new_fact() {
    let mut world = a_published_pull_request();
    let approved = approved_by(&world, "bob");
    says(&mut world, PullRequestApproved, &approved);
    let withdrawn = shown(world.waits(60));
    says(&mut world, PullRequestUpdated, &withdrawn);
    world.waits(30).polls_all(&withdrawn);
    let again = approved_by(world.waits(60), "bob");
    assert_eq!(says(&mut world, PullRequestApproved, &again), ["pullrequest:approved"]);
    let withdrawn = shown(world.waits(60));
    assert_eq!(says(&mut world, PullRequestUnapproved, &withdrawn), ["pullrequest:unapproved"]);
}

#[test]
fn merge_after_lost_webhook_is_published() {
    let mut world = a_published_pull_request();
    let mut merged = shown(world.waits(60));
    (merged["state"], merged["closed_by"]) = (json!("MERGED"), person("carol"));
    assert_eq!(world.waits(10).polls_all(&merged), NOTHING);
    assert_eq!(world.waits(30).polls_all(&merged), ["pullrequest:fulfilled"]);
    assert_eq!(world.last().actor, Some(person("carol")));
    let changes = world.last().envelope(None).to_json()["changes"].clone();
    assert_eq!(changes, json!([{ "type": "state", "from": "OPEN", "to": "MERGED" }]));
    assert_eq!(says(&mut world, PullRequestFulfilled, &merged), NOTHING, "late, it is the same event");
}

#[test]
fn update_after_lost_webhook_is_published_with_changes() {
    let mut world = a_published_pull_request();
    let mut renamed = shown(world.waits(60));
    renamed["title"] = json!("Wheel");
    assert_eq!(world.polls_all(&renamed), NOTHING);
    assert_eq!(world.waits(30).polls_all(&renamed), ["pullrequest:updated"]);
    let changes = world.last().envelope(None).to_json()["changes"].clone();
    assert_eq!(changes, json!([{ "type": "title", "from": "Gear", "to": "Wheel" }]));
    assert_eq!(says(&mut world, PullRequestUpdated, &renamed), NOTHING, "late, it is the same event");
    let mut renamed = shown(world.waits(60));
    renamed["title"] = json!("Cog");
    assert_eq!(
        says(&mut world, PullRequestUpdated, &renamed),
        ["pullrequest:updated"],
        "the next one is not"
    );
}

#[test]
fn creation_after_lost_webhook_is_published() {
    let mut world = a_pull_request();
    world.waits(300).writes(1, "a");
    let first = shown(&world);
    let report = world
        .webhook(CommentCreated, &json!({ "pullrequest": first.clone(), "comment": world.comment_shown(1) }));
    world.receives(&report);
    assert_eq!(world.waits(30).polls_all(&first), ["pullrequest:created"]);
    assert_eq!(world.last().actor, Some(person("alice")));
    assert_eq!(world.last().occurred_at, Some(START.parse().unwrap()));
    assert_eq!(says(&mut world, PullRequestCreated, &first), NOTHING, "late, it is the same event");
}

#[test]
fn old_facts_at_first_sight_are_not_published() {
    let mut world = a_pull_request();
    world.waits(100_000);
    let approved = approved_by(&world, "bob");
    says(&mut world, PullRequestUpdated, &approved);
    assert_eq!(world.waits(60).polls_all(&approved), NOTHING);
}

#[test]
fn poll_reads_only_what_is_needed() {
    let mut world = a_published_pull_request();
    world.settings.task_interval_seconds = 60;
    let needs = |world: &World| Needs::new(world.pr(), world.now, &world.settings, false);
    let head = needs(&world).head.unwrap();
    assert_eq!(head.as_str(), "aaaaaaaaaaaa");
    assert!(needs(&world).tasks, "no window is open: there may be no other poll for long");
    world.writes(1, "a").reports_about(CommentCreated, 1);
    world.waits(5).polls();
    assert!(!needs(&world).tasks, "they have just been read");
    assert!(needs(world.waits(121)).tasks, "that is a while ago");
    assert!(!needs(&world).pull_request, "nothing says that it moved");
}

#[test]
fn older_poll_changes_nothing() {
    let mut world = a_published_pull_request();
    let old = shown(&world);
    let mut renamed = shown(world.waits(60));
    renamed["title"] = json!("Wheel");
    says(&mut world, PullRequestUpdated, &renamed);
    assert_eq!(world.waits(60).polls_all(&old), NOTHING);
    assert_eq!(world.pr().snapshot["title"], "Wheel");
    assert_ne!(world.due().map(|(_, reason)| reason), Some(Reason::Reread));
}

#[test]
fn poll_that_a_report_overtook_proves_nothing() {
    let mut world = a_published_pull_request();
    world.waits(60);
    let (before, approved) = (shown(&world), approved_by(&world, "bob"));
    world.polls_all(&before);
    let slow = PullRequestPoll { pull_request: Some(Document::new(before)), ..world.begins_a_poll() };
    // An approval does not move the time of the pull request.
    assert_eq!(says(&mut world, PullRequestApproved, &approved), ["pullrequest:approved"]);
    assert_eq!(world.waits(10).ends_the_poll(slow), NOTHING);
    assert_eq!(world.due(), Some((0, Reason::Reread)), "only another answer tells");
    assert_eq!(world.polls_all(&approved), NOTHING);
}

#[test]
fn overtaken_poll_that_shows_nothing_new_is_repeated() {
    let mut world = a_published_pull_request();
    let same = shown(world.waits(60));
    world.polls_all(&same);
    let slow = PullRequestPoll { pull_request: Some(Document::new(same.clone())), ..world.begins_a_poll() };
    let comment = json!({ "id": 1, "content": { "raw": "a" } });
    let report = world.webhook(CommentCreated, &json!({ "pullrequest": same, "comment": comment }));
    world.receives(&report);
    assert_eq!(world.pr().reread_at, None);
    world.waits(10).ends_the_poll(slow);
    assert_eq!(world.pr().reread_at, Some(world.now), "only another answer tells");
}

#[test]
fn title_changed_before_the_merge_is_an_event_of_its_own() {
    let mut world = a_published_pull_request();
    let mut merged = shown(world.waits(60));
    (merged["state"], merged["title"]) = (json!("MERGED"), json!("Wheel"));
    assert_eq!(world.polls_all(&merged), NOTHING);
    assert_eq!(world.waits(30).polls_all(&merged), ["pullrequest:updated", "pullrequest:fulfilled"]);
}

#[test]
fn pull_request_that_leaves_the_merge_queue_unmerged_is_updated() {
    let mut world = a_published_pull_request();
    let queued = |world: &World, is_queued: bool| {
        let mut shown = shown(world);
        shown["queued"] = json!(is_queued);
        shown
    };
    let enters = queued(world.waits(60), true);
    says(&mut world, PullRequestUpdated, &enters);
    let leaves = queued(world.waits(60), false);
    assert_eq!(world.polls_all(&leaves), NOTHING);
    assert_eq!(world.waits(30).polls_all(&leaves), ["pullrequest:updated"]);
    let changes = world.last().envelope(None).to_json()["changes"].clone();
    assert_eq!(changes, json!([{ "type": "queued", "from": true, "to": false }]));
}

#[test]
fn changes_since_an_unsigned_report_are_unsigned() {
    let mut world = a_published_pull_request();
    let mut renamed = shown(world.waits(60));
    renamed["title"] = json!("Wheel");
    let report = world.webhook(PullRequestUpdated, &json!({ "pullrequest": renamed }));
    world.receives(&unsigned(&report));
    assert!(!world.last().signed);
    let original = shown(world.waits(60));
    let poll = |world: &World| PullRequestPoll {
        pull_request: Some(Document::new(original.clone())),
        repository: Some(json!({ "uuid": "{ab}", "full_name": "acme/widgets" })),
        ..world.begins_a_poll()
    };
    let first = poll(&world);
    assert_eq!(world.ends_the_poll(first), NOTHING);
    let second = poll(world.waits(30));
    assert_eq!(world.ends_the_poll(second), ["pullrequest:updated"]);
    assert!(!world.last().signed, "its changes are those since a title that anybody may have sent");
    let mut renamed = shown(world.waits(60));
    renamed["title"] = json!("Cog");
    world.polls_all(&renamed);
    assert_eq!(world.waits(30).polls_all(&renamed), ["pullrequest:updated"]);
    assert!(world.last().signed);
}

#[test]
fn simultaneous_webhooks_in_wrong_order_withdraw_nothing() {
    let mut world = a_published_pull_request();
    world.waits(60);
    let (before, approved) = (shown(&world), approved_by(&world, "bob"));
    says(&mut world, PullRequestApproved, &approved);
    says(&mut world, PullRequestUpdated, &before);
    assert_eq!(
        world.last().counters.as_ref().unwrap().approvals,
        Some(0),
        "the report that came last said so"
    );
    let polled = world.waits(30).polls_all(&approved);
    assert_eq!(polled, ["pullrequest:counters_changed"], "Bitbucket itself says what stands");
}

#[test]
fn many_missing_approvals_are_published_in_parts() {
    for links in [json!({}), json!({ "avatar": { "href": "x".repeat(1_000) } })] {
        let mut world = a_published_pull_request();
        world.waits(60);
        let approved = approved_by_many(&world, 150, &links);
        assert_eq!(world.polls_all(&approved), NOTHING);
        assert_eq!(world.waits(30).polls_all(&approved), ["pullrequest:approved"; 150]);
        assert_eq!(world.waits(60).polls_all(&approved), NOTHING, "and once");
        assert!(world.pr().snapshot.to_string().len() < 70_000);
    }
}

#[test]
fn five_hundred_missing_approvals_are_published_in_parts() {
    let mut world = a_published_pull_request();
    world.waits(60);
    let approved = approved_by_many(&world, 500, &json!({}));
    assert_eq!(world.polls_all(&approved), NOTHING);
    assert_eq!(world.waits(30).polls_all(&approved), ["pullrequest:approved"; 500]);
    assert_eq!(world.waits(60).polls_all(&approved), NOTHING, "and once");
    assert!(world.pr().snapshot.to_string().len() < 70_000, "the snapshot lists none of them");
    let none = shown(&world);
    assert_eq!(world.waits(60).polls_all(&none), NOTHING);
    assert_eq!(world.waits(30).polls_all(&none), ["pullrequest:unapproved"; 500]);
}

#[test]
fn thousands_of_participants_are_left_out() {
    let mut world = a_published_pull_request();
    world.waits(60);
    let approved = approved_by_many(&world, 4_096, &json!({}));
    for _ in 0..3 {
        assert_eq!(world.waits(30).polls_all(&approved), NOTHING);
    }
    assert!(world.pr().snapshot.to_string().len() < 2_000);
    assert!(!world.pr().snapshot.as_object().unwrap().contains_key("participants"));
}
