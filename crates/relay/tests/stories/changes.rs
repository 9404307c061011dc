//! `changes` says what `pullrequest:updated` does not, and `counters` how much there is of everything.

use std::collections::BTreeMap;

use bitbucket::EventKey::{self, *};
use proptest::prelude::*;
use relay::{Change, Event};
use serde_json::{Value, json};

use crate::world::{World, a_pull_request, by_another_hook};

fn person(name: &str) -> Value {
    json!({ "type": "user", "uuid": format!("{{{name}}}"), "display_name": name })
}

/// A pull request as Bitbucket shows it at second `second`.
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
    world.hears(&report)
}

/// A pull request that was reported once.
fn a_reported_gear() -> World {
    let mut world = a_pull_request();
    says(&mut world, PullRequestCreated, &gear(0));
    world
}

fn changes_of(event: &Event) -> Value {
    event.envelope(None).to_json()["changes"].clone()
}

#[test]
fn the_first_sight_of_a_pull_request_says_that_nothing_is_known_of_before() {
    assert_eq!(changes_of(a_reported_gear().last()), Value::Null);
}

#[test]
fn an_update_says_everything_that_changed() {
    let mut world = a_reported_gear();
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
            { "type": "reviewer_removed", "reviewer": { "type": "user", "uuid": "{bob}", "display_name": "bob", "nickname": null } },
            { "type": "reviewer_added", "reviewer": { "type": "user", "uuid": "{carol}", "display_name": "carol", "nickname": null } },
        ])
    );
}

#[test]
fn an_update_of_what_we_do_not_compare_changes_nothing() {
    let mut world = a_reported_gear();
    says(&mut world, PullRequestUpdated, &gear(5));
    assert_eq!(changes_of(world.last()), json!([]));
}

#[test]
fn an_update_that_comes_after_a_newer_one_does_not_say_what_it_changed() {
    let mut world = a_reported_gear();
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
fn a_payload_without_a_field_does_not_remove_it() {
    let mut world = a_reported_gear();
    let fields = ["title", "description", "draft", "state", "source", "destination", "reviewers"];
    let mut bare = gear(5);
    for field in fields {
        bare.as_object_mut().unwrap().remove(field);
    }
    says(&mut world, PullRequestUpdated, &bare);
    assert_eq!(changes_of(world.last()), json!([]));
}

#[test]
fn a_short_hash_and_a_long_one_of_one_commit_are_no_push() {
    let mut world = a_reported_gear();
    let mut now = gear(5);
    now["source"]["commit"]["hash"] = json!("aaaaaaaaaaaa0123456789");
    says(&mut world, PullRequestUpdated, &now);
    assert_eq!(changes_of(world.last()), json!([]));
}

#[test]
fn a_long_description_is_said_to_have_changed_without_being_repeated() {
    let mut world = a_reported_gear();
    let mut now = gear(5);
    now["description"] = json!("x".repeat(9_000));
    says(&mut world, PullRequestUpdated, &now);
    assert_eq!(changes_of(world.last()), json!([{ "type": "description", "from": "Round.", "to": null }]));
}

#[test]
fn what_changed_is_not_lost_with_a_report_that_is_no_news() {
    let mut world = a_reported_gear();
    world.writes(1, "a");
    let comment = world.webhook_about(CommentCreated, 1);
    world.waits(60).polls();
    // Its webhook comes late: no news by itself, but it carries a new title.
    let mut now = gear(30);
    now["title"] = json!("Cog");
    let mut body: Value = serde_json::from_slice(&comment.body).unwrap();
    body["pullrequest"] = now.clone();
    assert_eq!(world.hears(&crate::world::report(CommentCreated, &body)), [] as [&str; 0]);
    now["updated_on"] = json!(time(31));
    says(&mut world, PullRequestUpdated, &now);
    assert_eq!(changes_of(world.last()), json!([{ "type": "title", "from": "Gear", "to": "Cog" }]));
}

#[test]
fn a_pull_request_event_carries_the_counters() {
    let mut world = a_reported_gear();
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
fn before_a_poll_the_counters_are_those_that_bitbucket_sent() {
    let mut now = gear(0);
    (now["comment_count"], now["task_count"]) = (json!(4), json!(2));
    let mut world = a_pull_request();
    says(&mut world, PullRequestUpdated, &now);
    let counters = world.last().counters.clone().unwrap();
    assert_eq!((counters.comments, counters.tasks_open), (Some(4), Some(2)));
    assert_eq!((counters.unresolved_threads, counters.tasks_resolved), (None, None), "not known, not 0");
}

#[test]
fn counters_that_a_poll_alone_moved_are_an_event_of_their_own_and_one() {
    let mut world = a_pull_request();
    // Old comments, from long before the pull request was first heard of: no news, but Bitbucket's count is behind.
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
fn an_event_about_something_else_has_neither() {
    let mut world = crate::world::a_repository();
    let body = json!({ "repository": { "uuid": "{ab}" } });
    world.hears(&crate::world::report(RepositoryPush, &body));
    let envelope = world.last().envelope(None).to_json();
    assert_eq!((&envelope["changes"], &envelope["counters"]), (&Value::Null, &Value::Null));
}

/// What a person changes, and how its webhook fares.
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

/// What a consumer that reads `changes` alone knows.
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

    fn hears(&mut self, change: &Change) {
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
            Change::State { .. } | Change::Source { .. } => panic!("nobody did that: {change:?}"),
        }
    }
}

proptest! {
    #[test]
    fn the_changes_of_all_events_replay_to_the_last_snapshot(
        acts in prop::collection::vec((act(), fate()), 1..25),
    ) {
        let mut world = a_reported_gear();
        let (mut pr, mut replayed, mut late) = (gear(0), Replayed::of(&gear(0)), Vec::new());
        for (second, (act, fate)) in (1_i64..).zip(acts) {
            apply(&mut pr, act);
            pr["updated_on"] = json!(time(second));
            let report = world.webhook(PullRequestUpdated, &json!({ "pullrequest": pr }));
            match fate {
                Fate::Lost => {}
                Fate::Late => late.push(report),
                Fate::Arrives => drop(world.hears(&report)),
                Fate::ArrivesTwice => for _ in 0..2 { world.hears(&report); },
                Fate::ByTwoHooks => {
                    world.hears(&report);
                    prop_assert_eq!(world.hears(&by_another_hook(&report)), [] as [&str; 0]);
                }
            }
            if late.len() > 2 {
                world.hears(&late.remove(0));
            }
        }
        pr["updated_on"] = json!(time(1_000));
        says(&mut world, PullRequestUpdated, &pr);
        for report in late {
            world.hears(&report);
        }
        for change in world.log.iter().filter_map(|event| event.changes.as_ref()).flatten() {
            replayed.hears(change);
        }
        prop_assert_eq!(replayed, Replayed::of(&pr));
    }
}
