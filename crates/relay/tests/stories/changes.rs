//! `changes` lists the changed fields, which `pullrequest:updated` omits; `counters` counts comments, tasks and builds.

use std::collections::BTreeMap;

use bitbucket::EventKey::{self, *};
use proptest::prelude::*;
use relay::{Change, Event};
use serde_json::{Value, json};

use crate::world::{World, a_pull_request, by_another_hook};

fn person(name: &str) -> Value {
    json!({ "type": "user", "uuid": format!("{{{name}}}"), "display_name": name })
}

/// Returns a pull request as Bitbucket shows it at second `second`.
fn gear(second: i64) -> Value {
    json!({
        "id": 7, "title": "Gear", "description": "Round.", "draft": false, "state": "OPEN",
        "source": { "branch": { "name": "gear" }, "commit": { "hash": "aaaaaaaaaaaa" } },
        "destination": { "branch": { "name": "main" } },
        "reviewers": [person("bob")],
        "participants": [],
        "comment_count": 0, "task_count": 0,
        "created_on": "2026-11-02T09:00:00Z", "updated_on": time(second),
    })
}

fn time(second: i64) -> String {
    jiff::Timestamp::from_second(1_793_610_000 + second).unwrap().to_string()
}

fn says(world: &mut World, key: EventKey, snapshot: &Value) -> Vec<String> {
    let report = world.webhook(key, &json!({ "pullrequest": snapshot }));
    world.receives(&report)
}

/// A pull request that was reported once.
fn a_reported_pull_request() -> World {
    let mut world = a_pull_request();
    says(&mut world, PullRequestCreated, &gear(0));
    world
}

fn changes_of(event: &Event) -> Value {
    event.envelope(None).to_json()["changes"].clone()
}

#[test]
fn first_snapshot_has_null_changes() {
    assert_eq!(changes_of(a_reported_pull_request().last()), Value::Null);
}

#[test]
fn merge_queue_is_shown_by_field_or_state() {
    let flag = |queued: bool| json!({ "type": "queued", "from": !queued, "to": queued });
    for (before, after, change) in [
        (json!({ "queued": false }), json!({ "queued": true }), Some(flag(true))),
        (json!({ "queued": true }), json!({ "queued": false }), Some(flag(false))),
        (json!({}), json!({ "state": "QUEUED" }), Some(flag(true))),
        (json!({ "state": "QUEUED" }), json!({}), Some(flag(false))),
        (json!({ "state": "QUEUED", "queued": true }), json!({ "queued": true }), None),
        (json!({}), json!({ "queued": true }), None),
        (json!({ "queued": true }), json!({}), None),
    ] {
        let mut world = a_pull_request();
        for (second, more) in [(0, &before), (5, &after)] {
            let mut shown = gear(second);
            shown.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            says(&mut world, PullRequestUpdated, &shown);
        }
        let changes = changes_of(world.last());
        let queued = changes.as_array().unwrap().iter().find(|change| change["type"] == "queued");
        assert_eq!(queued, change.as_ref(), "{before} {after}");
    }
}

#[test]
fn line_ends_and_unicode_forms_are_no_change() {
    let mut world = a_pull_request();
    let mut shown = gear(0);
    shown["title"] = json!("Caf\u{e9}");
    shown["description"] = json!("Round.\nCaf\u{e9}.");
    says(&mut world, PullRequestUpdated, &shown);
    shown["title"] = json!("Cafe\u{301}");
    shown["description"] = json!("Round.\r\nCafe\u{301}.");
    shown["updated_on"] = json!(time(5));
    says(&mut world, PullRequestUpdated, &shown);
    assert_eq!(changes_of(world.last()), json!([]));
}

#[test]
fn late_report_with_the_time_of_the_newest_is_checked_by_a_poll() {
    let mut world = a_pull_request();
    let queued = |is_queued: bool| {
        let mut shown = gear(0);
        shown["queued"] = json!(is_queued);
        shown
    };
    says(&mut world, PullRequestCreated, &queued(false));
    world.waits(30).polls();
    assert_eq!(
        says(&mut world, PullRequestUpdated, &queued(true)).len(),
        1,
        "waiting in a queue moves no time"
    );
    world.waits(30).polls_all(&queued(true));
    // A report of before comes late.
    says(&mut world, PullRequestPush, &queued(false));
    world.waits(30);
    let needs = relay::polling::Needs::new(world.pr(), world.now, &world.settings, false);
    assert!(needs.pull_request);
    assert_eq!(world.polls_all(&queued(true)), [""; 0], "a webhook may still explain it");
    assert_eq!(world.waits(30).polls_all(&queued(true)), ["pullrequest:updated"]);
    assert_eq!(world.pr().snapshot["queued"], true);
    world.waits(60).polls();
    assert!(!relay::polling::Needs::new(world.pr(), world.now, &world.settings, false).pull_request);
}

#[test]
fn only_three_states_are_ends() {
    for (state, is_open) in [
        ("OPEN", true),
        ("QUEUED", true),
        ("DRAFT", true),
        ("SOMETHING_NEW", true),
        ("MERGED", false),
        ("DECLINED", false),
        ("SUPERSEDED", false),
    ] {
        let mut world = a_reported_pull_request();
        let mut now = gear(5);
        now["state"] = json!(state);
        says(&mut world, PullRequestUpdated, &now);
        assert_eq!(world.pr().is_open(), is_open, "{state}");
    }
}

#[test]
fn update_lists_every_change() {
    let mut world = a_reported_pull_request();
    let mut now = gear(5);
    now["title"] = json!("Cog");
    now["description"] = json!("Rounder.");
    now["draft"] = json!(true);
    now["destination"]["branch"]["name"] = json!("next");
    now["source"]["commit"]["hash"] = json!("bbbbbbbbbbbb");
    now["reviewers"] = json!([person("carol")]);
    says(&mut world, PullRequestUpdated, &now);
    assert_eq!(
        changes_of(world.last()),
        json!([
            { "type": "title", "from": "Gear", "to": "Cog" },
            { "type": "description", "from": "Round.", "to": "Rounder." },
            { "type": "draft", "from": false, "to": true },
            { "type": "destination", "from": "main", "to": "next" },
            { "type": "commits", "from": "aaaaaaaaaaaa", "to": "bbbbbbbbbbbb" },
            {
                "type": "reviewer_removed",
                "reviewer": { "type": "user", "uuid": "{bob}", "display_name": "bob", "nickname": null }
            },
            {
                "type": "reviewer_added",
                "reviewer": { "type": "user", "uuid": "{carol}", "display_name": "carol", "nickname": null }
            },
        ])
    );
}

#[test]
fn update_of_uncompared_fields_has_no_changes() {
    let mut world = a_reported_pull_request();
    says(&mut world, PullRequestUpdated, &gear(5));
    assert_eq!(changes_of(world.last()), json!([]));
}

#[test]
fn late_update_has_null_changes() {
    let mut world = a_reported_pull_request();
    let mut older = gear(5);
    older["title"] = json!("Cog");
    let mut newer = gear(9);
    newer["title"] = json!("Wheel");
    says(&mut world, PullRequestUpdated, &newer);
    says(&mut world, PullRequestUpdated, &older);
    assert_eq!(changes_of(&world.log[1]), json!([{ "type": "title", "from": "Gear", "to": "Wheel" }]));
    assert_eq!(changes_of(&world.log[2]), Value::Null);
}

#[test]
fn missing_field_is_not_removed() {
    let mut world = a_reported_pull_request();
    let fields = ["title", "description", "draft", "state", "source", "destination", "reviewers"];
    let mut bare = gear(5);
    for field in fields {
        bare.as_object_mut().unwrap().remove(field);
    }
    says(&mut world, PullRequestUpdated, &bare);
    assert_eq!(changes_of(world.last()), json!([]));
}

#[test]
fn short_and_long_hash_of_one_commit_are_no_push() {
    let mut world = a_reported_pull_request();
    let mut now = gear(5);
    now["source"]["commit"]["hash"] = json!("aaaaaaaaaaaa0123456789");
    says(&mut world, PullRequestUpdated, &now);
    assert_eq!(changes_of(world.last()), json!([]));
}

#[test]
fn description_of_8_kibibytes_is_repeated() {
    for (bytes, is_repeated) in [(8 * 1024, true), (8 * 1024 + 1, false)] {
        let mut world = a_reported_pull_request();
        let mut now = gear(5);
        now["description"] = json!("x".repeat(bytes));
        says(&mut world, PullRequestUpdated, &now);
        assert_eq!(changes_of(world.last())[0]["to"].is_string(), is_repeated, "{bytes} bytes");
    }
}

#[test]
fn long_description_change_omits_the_text() {
    let mut world = a_reported_pull_request();
    let mut now = gear(5);
    now["description"] = json!("x".repeat(9_000));
    says(&mut world, PullRequestUpdated, &now);
    assert_eq!(changes_of(world.last()), json!([{ "type": "description", "from": "Round.", "to": null }]));
}

#[test]
fn changes_survive_a_duplicate_report() {
    let mut world = a_reported_pull_request();
    world.writes(1, "a");
    let comment = world.webhook_about(CommentCreated, 1);
    world.waits(60).polls();
    // The late webhook is a duplicate, but its payload has a new title.
    let mut now = gear(30);
    now["title"] = json!("Cog");
    let mut body: Value = serde_json::from_slice(&comment.body).unwrap();
    body["pullrequest"] = now.clone();
    assert_eq!(world.receives(&crate::world::report(CommentCreated, &body)), [] as [&str; 0]);
    now["updated_on"] = json!(time(31));
    says(&mut world, PullRequestUpdated, &now);
    assert_eq!(changes_of(world.last()), json!([{ "type": "title", "from": "Gear", "to": "Cog" }]));
}

#[test]
fn pull_request_event_carries_the_counters() {
    let mut world = a_reported_pull_request();
    world.waits(10).writes(1, "a").writes(2, "b").adds_a_task(1, "oil").waits(60).polls();
    let mut now = gear(90);
    now["participants"] = json!([{ "user": person("bob"), "approved": true, "state": "approved" },
               { "user": person("carol"), "approved": false, "state": "changes_requested" }]);
    says(&mut world, PullRequestApproved, &now);
    assert_eq!(
        world.last().envelope(None).to_json()["counters"],
        json!({
            "reviewers": 1, "approvals": 1, "changes_requested": 1, "comments": 2, "unresolved_threads": 0,
            "tasks_open": 1, "tasks_resolved": 0, "commits": null, "files_changed": null, "builds": null,
        })
    );
}

#[test]
fn counters_before_a_poll_come_from_bitbucket() {
    let mut now = gear(0);
    (now["comment_count"], now["task_count"]) = (json!(4), json!(2));
    let mut world = a_pull_request();
    says(&mut world, PullRequestUpdated, &now);
    let counters = world.last().counters.clone().unwrap();
    assert_eq!((counters.comments, counters.tasks_open), (Some(4), Some(2)));
    assert_eq!((counters.unresolved_threads, counters.tasks_resolved), (None, None), "not known, not 0");
}

#[test]
fn counters_moved_by_a_poll_are_one_event() {
    let mut world = a_pull_request();
    // These comments are too old to be published, but Bitbucket's count is behind.
    world.writes(1, "old").waits(100_000);
    let mut now = gear(100_000);
    now["updated_on"] = json!(world.now);
    says(&mut world, PullRequestUpdated, &now);
    assert_eq!(world.waits(3).polls(), ["pullrequest:counters_changed"]);
    assert_eq!(world.last().counters.as_ref().unwrap().comments, Some(1));
    assert_eq!(world.last_payload()["pullrequest"]["id"], 7);
    assert_eq!(world.waits(3).polls(), [] as [&str; 0]);
}

#[test]
fn other_events_have_neither_changes_nor_counters() {
    let mut world = crate::world::a_repository();
    let body = json!({ "repository": { "uuid": "{ab}" } });
    world.receives(&crate::world::report(RepositoryPush, &body));
    let envelope = world.last().envelope(None).to_json();
    assert_eq!((&envelope["changes"], &envelope["counters"]), (&Value::Null, &Value::Null));
}

/// One change that a person makes.
#[derive(Debug, Clone, Copy)]
enum Act {
    Retitle(u8),
    Describe(u8),
    ToggleDraft,
    Retarget(u8),
    Push(u8),
    ToggleReviewer(u8),
}

#[derive(Debug, Clone, Copy)]
enum Fate {
    Arrives,
    ArrivesTwice,
    ByTwoHooks,
    Lost,
    Late,
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        (0..4_u8).prop_map(Act::Retitle),
        (0..4_u8).prop_map(Act::Describe),
        Just(Act::ToggleDraft),
        (0..3_u8).prop_map(Act::Retarget),
        (0..5_u8).prop_map(Act::Push),
        (0..4_u8).prop_map(Act::ToggleReviewer),
    ]
}

fn fate() -> impl Strategy<Value = Fate> {
    use Fate::{Arrives, ArrivesTwice, ByTwoHooks, Late, Lost};
    prop_oneof![3 => Just(Arrives), 1 => Just(ArrivesTwice), 1 => Just(ByTwoHooks), 1 => Just(Lost), 1 => Just(Late)]
}

fn apply(pr: &mut Value, act: Act) {
    match act {
        Act::Retitle(n) => pr["title"] = json!(format!("title {n}")),
        Act::Describe(n) => pr["description"] = json!("word ".repeat(n.into())),
        Act::ToggleDraft => pr["draft"] = json!(pr["draft"] == json!(false)),
        Act::Retarget(n) => pr["destination"]["branch"]["name"] = json!(format!("release-{n}")),
        Act::Push(n) => pr["source"]["commit"]["hash"] = json!(format!("{n}{n}{n}{n}{n}{n}{n}{n}")),
        Act::ToggleReviewer(n) => {
            let who = person(&format!("reviewer-{n}"));
            let reviewers = pr["reviewers"].as_array_mut().unwrap();
            match reviewers.iter().position(|reviewer| *reviewer == who) {
                Some(place) => drop(reviewers.remove(place)),
                None => reviewers.push(who),
            }
        }
    }
}

/// State of a consumer that reads only `changes`.
#[derive(Debug, PartialEq, Eq)]
struct Replayed {
    fields: BTreeMap<&'static str, Value>,
    reviewers: Vec<String>,
}

impl Replayed {
    fn of(pr: &Value) -> Self {
        let pointers = [
            ("title", "/title"),
            ("description", "/description"),
            ("draft", "/draft"),
            ("destination", "/destination/branch/name"),
            ("commits", "/source/commit/hash"),
        ];
        let fields = pointers.map(|(name, pointer)| (name, pr.pointer(pointer).unwrap().clone()));
        let uuid = |who: &Value| who["uuid"].as_str().unwrap().to_owned();
        let mut reviewers: Vec<_> = pr["reviewers"].as_array().unwrap().iter().map(uuid).collect();
        reviewers.sort();
        Self { fields: fields.into(), reviewers }
    }

    fn receives(&mut self, change: &Change) {
        let field = |name, from: &Value, to: &Value, fields: &mut BTreeMap<_, _>| {
            assert_eq!(
                fields.insert(name, to.clone()).as_ref(),
                Some(from),
                "{name} changed from what it was"
            );
        };
        let fields = &mut self.fields;
        match change {
            Change::Title { from, to } => field("title", &json!(from), &json!(to), fields),
            Change::Description { from, to } => field("description", &json!(from), &json!(to), fields),
            Change::Draft { from, to } => field("draft", &json!(from), &json!(to), fields),
            Change::Destination { from, to } => field("destination", &json!(from), &json!(to), fields),
            Change::Commits { from, to } => field("commits", &json!(from), &json!(to), fields),
            Change::ReviewerAdded { reviewer } => {
                self.reviewers.push(reviewer.uuid.clone().unwrap());
                self.reviewers.sort();
            }
            Change::ReviewerRemoved { reviewer } => {
                let before = self.reviewers.len();
                self.reviewers.retain(|uuid| Some(uuid) != reviewer.uuid.as_ref());
                assert_eq!(self.reviewers.len() + 1, before);
            }
            Change::Queued { .. } | Change::State { .. } | Change::Source { .. } => {
                panic!("nobody did that: {change:?}")
            }
        }
    }
}

proptest! {
    #[test]
    fn changes_replay_to_the_last_snapshot(
        acts in prop::collection::vec((act(), fate()), 1..25),
    ) {
        let mut world = a_reported_pull_request();
        let (mut pr, mut replayed, mut late) = (gear(0), Replayed::of(&gear(0)), Vec::new());
        for (second, (act, fate)) in (1_i64..).zip(acts) {
            apply(&mut pr, act);
            pr["updated_on"] = json!(time(second));
            let report = world.webhook(PullRequestUpdated, &json!({ "pullrequest": pr }));
            match fate {
                Fate::Lost => {}
                Fate::Late => late.push(report),
                Fate::Arrives => drop(world.receives(&report)),
                Fate::ArrivesTwice => for _ in 0..2 { world.receives(&report); },
                Fate::ByTwoHooks => {
                    world.receives(&report);
                    prop_assert_eq!(world.receives(&by_another_hook(&report)), [] as [&str; 0]);
                }
            }
            if late.len() > 2 {
                world.receives(&late.remove(0));
            }
        }
        pr["updated_on"] = json!(time(1_000));
        says(&mut world, PullRequestUpdated, &pr);
        for report in late {
            world.receives(&report);
        }
        for change in world.log.iter().filter_map(|event| event.changes.as_ref()).flatten() {
            replayed.receives(change);
        }
        prop_assert_eq!(replayed, Replayed::of(&pr));
    }
}
