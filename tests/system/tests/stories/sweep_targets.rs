//! G9 without any webhook: polling alone finds the changes of a link's sweep targets.

use std::collections::BTreeSet;

use relay::state::LookupResult;
use relay::{Event, Observation, Settings, Subject, SweepTargets};
use serde_json::{Value, json};
use simulator::{FaultRequest, StatusFault};
use store::{Recorder, SubjectLog};
use system::clock::SimulatedClock;
use system::log::text_of;
use system::{Pr, Repo, Setup, World};

const LINK: Repo = Repo::Widgets;

/// Starts a world without webhooks whose link names these sweep targets.
async fn with_targets(targets: &[&str]) -> World {
    let mut setup = Setup { hooked: false, ..Setup::default() };
    setup.settings = Settings { sweep_seconds: 300, ..setup.settings };
    let world = World::with(setup).await;
    set_targets(&world, targets).await;
    world
}

/// Sets the sweep targets as the command line does: in the link's document and in the table.
async fn set_targets(world: &World, targets: &[&str]) {
    let link = json!({
        "version": 1, "template": "bitbucket-access-token", "unsigned": true, "sweep": targets,
        "credential": { "type": "bearer", "token": "bot-access-token" },
    });
    world.links.set(&LINK.link(), link.to_string());
    let targets: BTreeSet<_> = targets.iter().map(|target| target.parse().unwrap()).collect();
    let configured = Observation::Link(relay::observation::LinkObservation::Configured(
        SweepTargets::try_from(targets).unwrap(),
    ));
    let clock = SimulatedClock(world.simulator.clone());
    let (link, settings) = (LINK.link(), world.setup.settings);
    let recorder = Recorder { table: &world.table, clock: &clock, settings: &settings };
    recorder.record(&link, &Subject::Link, &configured).await.unwrap();
}

/// The log of a pull request of any repository, through the one link.
async fn log(world: &World, slug: &str, id: u64) -> Vec<Event> {
    let (_, repository) = world.simulator.person("alice").unwrap().get(&api(world, slug)).await.unwrap();
    let uuid = repository["uuid"].as_str().unwrap().trim_matches(['{', '}']).to_owned();
    let subject = format!("pullrequest/{uuid}/{id}").parse().unwrap();
    world.table.events(&LINK.link(), &subject, 0, 100).await.unwrap()
}

async fn keys(world: &World, slug: &str, id: u64) -> Vec<String> {
    log(world, slug, id)
        .await
        .iter()
        .map(|event| format!("{} {}", event.key, event.source.as_str()))
        .collect()
}

fn api(world: &World, slug: &str) -> String {
    format!("{}/2.0/repositories/acme/{slug}", world.simulator.url())
}

async fn alice_posts(world: &World, url: String, body: Value) -> Value {
    let (status, answer) = world.simulator.person("alice").unwrap().post(&url, body).await.unwrap();
    assert!((200..300).contains(&status), "{answer}");
    answer
}

/// Result of the last lookup of a sweep target.
async fn lookup(world: &World, target: &str) -> Option<LookupResult> {
    let state = world.table.read(&LINK.link(), &Subject::Link).await.unwrap();
    state.link()?.lookups.get(&target.parse().unwrap()).map(|found| found.result)
}

#[tokio::test]
async fn events_are_published_without_any_webhook() {
    let world = with_targets(&["acme"]).await;
    world.run_for(10).await;
    assert_eq!(lookup(&world, "acme").await, Some(LookupResult::Repositories(2)));
    let mut opened = Vec::new();
    for repo in [Repo::Widgets, Repo::Gadgets] {
        let alice = world.member("alice", repo);
        let pr: Pr = alice.opens("gear").await;
        let comment = alice.comments(pr, "Is it oiled?").await;
        opened.push((pr, comment));
    }
    // An empty repository is quiet: it is swept hourly.
    world.run_for(3_600 + 120).await;
    for (pr, comment) in &opened {
        let events = keys(&world, pr.repo.slug(), pr.id).await;
        assert_eq!(events, ["pullrequest:comment_created poll", "pullrequest:created poll"], "{pr:?}");
        world.member("alice", pr.repo).edits(*pr, *comment, "Is it well oiled?").await;
    }
    world.run_for(10).await;
    for (pr, comment) in &opened {
        world.member("alice", pr.repo).comments(*pr, "Oiled.").await;
        world.run_for(400).await;
        world.member("alice", pr.repo).edits(*pr, *comment, "Is it very well oiled?").await;
    }
    world.run_for(1_200).await;
    for (pr, _) in opened {
        let log = log(&world, pr.repo.slug(), pr.id).await;
        let texts: Vec<_> = log.iter().map(text_of).collect();
        assert!(texts.iter().any(|text| text == "Is it very well oiled?"), "{pr:?}: {texts:?}");
    }
}

#[tokio::test]
async fn new_repository_is_swept_within_the_hour() {
    let world = with_targets(&["acme"]).await;
    world.run_for(60).await;
    alice_posts(&world, api(&world, "sprockets"), json!({})).await;
    world.run_for(3_600).await;
    assert_eq!(lookup(&world, "acme").await, Some(LookupResult::Repositories(3)));
    let body = json!({ "title": "tooth", "source": { "branch": { "name": "tooth" } } });
    let made = alice_posts(&world, format!("{}/pullrequests", api(&world, "sprockets")), body).await;
    world.run_for(3_600 + 120).await;
    let id = made["id"].as_u64().unwrap();
    assert_eq!(keys(&world, "sprockets", id).await, ["pullrequest:created poll"]);
}

#[tokio::test]
async fn missing_target_does_not_block_other_targets() {
    let world = with_targets(&["acme/no-such", "acme/widgets", "elsewhere"]).await;
    world.run_for(10).await;
    for (target, expected) in [
        ("acme/no-such", LookupResult::NotFound),
        ("acme/widgets", LookupResult::Repositories(1)),
        ("elsewhere", LookupResult::NotFound),
    ] {
        assert_eq!(lookup(&world, target).await, Some(expected), "{target}");
    }
    let pr = world.alice().opens("gear").await;
    world.run_for(3_600 + 120).await;
    assert_eq!(world.events(pr).await, ["1 pullrequest:created poll"]);
}

#[tokio::test]
async fn failed_lookup_keeps_the_earlier_ones_and_is_made_again() {
    // Targets are looked up in the order of their names.
    for (failing, polled, failed) in [("acme/widgets", 1, 0), ("acme/gadgets", 0, 1)] {
        let world = with_targets(&["acme/gadgets", "acme/widgets"]).await;
        world.advance(5);
        world.fault(FaultRequest {
            api_status_next: Some(StatusFault { status: 500, count: 1 }),
            only_under: Some(format!("repositories/{failing}")),
            ..FaultRequest::default()
        });
        let summary = world.poll().await;
        assert_eq!((summary.polled, summary.failed), (polled, failed), "{failing}");
        assert_eq!(lookup(&world, failing).await, None);
        assert_eq!(lookup(&world, "acme/gadgets").await.is_some(), polled == 1);
        world.run_for(120).await;
        assert_eq!(lookup(&world, failing).await, Some(LookupResult::Repositories(1)));
    }
}

#[tokio::test]
async fn lookups_beyond_the_calls_of_a_run_wait_without_a_failure() {
    let mut setup = Setup { hooked: false, ..Setup::default() };
    setup.settings = Settings { sweep_seconds: 300, ..setup.settings };
    setup.limits.max_calls_per_run = 1;
    let world = World::with(setup).await;
    let targets = ["acme/gadgets", "acme/no-such", "acme/widgets"];
    set_targets(&world, &targets).await;
    // Sweeps need the same calls, also when the targets are looked up again after an hour.
    for run in 0..80 {
        world.advance(60);
        assert_eq!(world.poll().await.failed, 0, "run {run}");
    }
    for target in targets {
        assert!(lookup(&world, target).await.is_some(), "{target}");
    }
}

#[tokio::test]
async fn older_pull_requests_stay_unpublished_and_nothing_doubles() {
    let world = with_targets(&[]).await;
    let old = world.alice().opens("old").await;
    world.advance(60);
    set_targets(&world, &["acme/widgets"]).await;
    world.run_for(10).await;
    assert!(world.events(old).await.is_empty());
    world.bob().approves(old).await;
    world.run_for(400).await;
    assert_eq!(world.events(old).await, ["1 pullrequest:approved poll"]);
}

#[tokio::test]
async fn hand_written_document_applies_at_the_next_link_use() {
    let world = with_targets(&["acme/widgets"]).await;
    world.run_for(10).await;
    let by_hand = json!({
        "version": 1, "template": "bitbucket-access-token", "unsigned": true, "sweep": ["acme/gadgets"],
        "credential": { "type": "bearer", "token": "bot-access-token" },
    });
    world.links.set(&LINK.link(), by_hand.to_string());
    world.run_for(3_600 + 120).await;
    assert_eq!(lookup(&world, "acme/gadgets").await, Some(LookupResult::Repositories(1)));
    assert_eq!(lookup(&world, "acme/widgets").await, None);
}

#[tokio::test]
async fn quiet_repositories_cost_one_call_an_hour_each() {
    let world = with_targets(&["acme"]).await;
    for number in 0..20 {
        alice_posts(&world, api(&world, &format!("quiet-{number}")), json!({})).await;
    }
    world.run_for(3_700).await;
    let before = world.calls(LINK);
    world.run_for(3_600).await;
    let made = world.calls(LINK) - before;
    assert!((22..=24).contains(&made), "expected 22 sweeps and a listing, got {made} calls");
}

#[tokio::test]
async fn pull_request_older_than_the_first_sweep_is_read_and_its_edits_are_found() {
    const HALF_A_DAY: u64 = 43_200;
    let mut setup = Setup { hooked: false, ..Setup::default() };
    setup.settings = Settings { sweep_seconds: 3_600, full_read_seconds: 43_200, ..setup.settings };
    let world = World::with(setup).await;
    let pr = world.alice().opens("gear").await;
    let comment = world.bob().comments(pr, "first").await;
    world.bob().approves(pr).await;
    world.advance(2 * HALF_A_DAY);
    set_targets(&world, &["acme/widgets"]).await;
    world.run_for(HALF_A_DAY + 3_600).await;
    assert_eq!(keys(&world, "widgets", pr.id).await, [] as [&str; 0], "its past is no news");
    world.bob().edits(pr, comment, "second").await;
    world.run_for(HALF_A_DAY + 3_600).await;
    assert_eq!(keys(&world, "widgets", pr.id).await, ["pullrequest:comment_updated poll"]);
}
