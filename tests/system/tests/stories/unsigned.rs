//! Links that accept deliveries without a signature: what a forged delivery can do, and what not.

use poller::PollerSettings;
use relay::{Event, Source};
use serde_json::{Value, json};
use store::SubjectLog;
use system::log::text_of;
use system::truth::check;
use system::{Pr, Repo, Setup, World};

/// The repository of the unsigned link. The link of the other one is signed.
const UNSIGNED: Repo = Repo::Gadgets;

/// Starts a world whose link `gadgets` is unsigned and has these further fields.
async fn with_unsigned(setup: Setup, fields: Value) -> World {
    let world = World::with(setup).await;
    world.set_unsigned(UNSIGNED, UNSIGNED, fields);
    world
}

fn names_gadgets() -> Value {
    json!({ "sweep": ["acme/gadgets"] })
}

/// A body about a pull request that somebody made.
fn forged(repository: &Value, id: u64, title: &str) -> Value {
    json!({
        "actor": { "display_name": "Mallory" },
        "repository": repository,
        "pullrequest": {
            "type": "pullrequest", "id": id, "title": title, "state": "OPEN",
            "created_on": "2026-11-24T10:00:00Z", "updated_on": "2099-01-01T00:00:00Z",
        },
    })
}

fn with_comment(mut body: Value, id: u64) -> Value {
    body["comment"] = json!({
        "id": id, "content": { "raw": "forged" },
        "created_on": "2026-11-24T10:00:00Z", "updated_on": "2026-11-24T10:00:00Z",
    });
    body
}

fn gadgets(world: &World) -> Value {
    json!({ "uuid": world.uuid(UNSIGNED), "full_name": "acme/gadgets", "workspace": { "slug": "acme" } })
}

/// The events of a log: key, source, and `unsigned` if the envelope says so.
fn lines(log: &[Event]) -> Vec<String> {
    let line = |event: &Event| {
        let envelope = event.envelope(None).to_json();
        let mark = match envelope.get("signed") {
            None => "",
            Some(Value::Bool(false)) => " unsigned",
            Some(other) => panic!("signed is {other}"),
        };
        format!("{} {}{mark}", event.key, event.source.as_str())
    };
    log.iter().map(line).collect()
}

#[tokio::test]
async fn unsigned_deliveries_are_marked_and_polls_are_not() {
    let world = with_unsigned(Setup::default(), names_gadgets()).await;
    let (alice, bob) = (world.member("alice", UNSIGNED), world.member("bob", UNSIGNED));
    let pr = alice.opens("gear").await;
    let comment = bob.comments(pr, "first").await;
    world.run_for(60).await;
    bob.edits(pr, comment, "second").await;
    world.run_for(120).await;
    assert_eq!(
        lines(&world.log(pr).await),
        [
            "pullrequest:created webhook unsigned",
            "pullrequest:comment_created webhook unsigned",
            "pullrequest:comment_updated poll",
        ]
    );
    check(&world, pr).await.unwrap();

    let signed = world.alice().opens("wheel").await;
    assert_eq!(lines(&world.log(signed).await), ["pullrequest:created webhook"]);
}

#[tokio::test]
async fn event_without_the_mark_has_nothing_of_a_forged_body() {
    let world = with_unsigned(Setup::default(), names_gadgets()).await;
    let (alice, bob) = (world.member("alice", UNSIGNED), world.member("bob", UNSIGNED));
    let pr = alice.opens("gear").await;
    let comment = bob.comments(pr, "first").await;
    world.run_for(60).await;
    let mut repository = gadgets(&world);
    repository["name"] = "forged".into();
    world.forge(UNSIGNED, "pullrequest:updated", &forged(&repository, pr.id, "forged")).await;
    bob.edits(pr, comment, "second").await;
    world.run_for(180).await;
    bob.edits(pr, comment, "third").await;
    world.run_for(180).await;
    let log = world.log(pr).await;
    let texts: Vec<_> = log.iter().map(text_of).collect();
    assert!(texts.contains(&"second".to_owned()) && texts.contains(&"third".to_owned()), "{texts:?}");
    for (event, line) in log.iter().zip(lines(&log)) {
        let whole = event.envelope(None).to_json().to_string();
        assert!(line.ends_with(" unsigned") || !whole.contains("forged"), "{line}: {whole}");
    }
    // The forged title is corrected in the log, although its time is far in the future.
    let corrected =
        log.iter().find(|event| event.source == Source::Poll && event.key.as_str() == "pullrequest:updated");
    assert_eq!(corrected.unwrap().envelope(None).to_json()["changes"][0]["to"], "gear");
    assert_eq!(world.state(pr).await.snapshot["title"], "gear");
    alice.retitles(pr, "wheel").await;
    assert_eq!(world.state(pr).await.snapshot["title"], "wheel");
}

/// Paths of the calls with the credential of the unsigned link.
fn paths(world: &World) -> Vec<String> {
    let calls = world.simulator.calls().into_iter();
    calls.filter(|call| call.user == UNSIGNED.bot()).map(|call| call.path).collect()
}

#[tokio::test]
async fn forged_body_leads_the_credential_to_no_unnamed_repository() {
    let mut setup = Setup::default();
    setup.limits = PollerSettings { read_heads: true, ..setup.limits };
    setup.settings.sweep_seconds = 300;
    let world = with_unsigned(setup, names_gadgets()).await;
    let target = world.alice().opens("secret").await;
    let own = world.member("alice", UNSIGNED).opens("gear").await;
    let (ours, theirs) = (world.uuid(UNSIGNED).to_owned(), world.uuid(Repo::Widgets).to_owned());
    let workspace = json!({ "slug": "acme" });
    for (number, repository) in [
        json!({ "uuid": theirs, "full_name": "acme/widgets", "workspace": workspace }),
        json!({ "uuid": theirs, "full_name": "acme/gadgets", "workspace": workspace }),
        json!({ "uuid": ours, "full_name": "acme/widgets", "workspace": workspace }),
        json!({ "uuid": theirs, "full_name": "acme/gadgets/../widgets" }),
        json!({ "full_name": "acme/widgets" }),
    ]
    .iter()
    .enumerate()
    {
        let body = with_comment(forged(repository, target.id, "forged"), 900 + number as u64);
        world.forge(UNSIGNED, "pullrequest:comment_created", &body).await;
        let commit = json!({
            "repository": repository, "commit": { "hash": "c0ffee" }, "actor": {}, "comment": body["comment"],
        });
        world.forge(UNSIGNED, "repo:commit_comment_created", &commit).await;
    }
    let api = format!("{}/2.0/repositories/acme/widgets/diffstat/x", world.simulator.url());
    let mut body = forged(&gadgets(&world), own.id, "forged");
    body["pullrequest"]["links"] = json!({ "diffstat": { "href": api } });
    body["pullrequest"]["source"] =
        json!({ "branch": { "name": "gear" }, "commit": { "hash": "c0ffee00c0ff" } });
    world.forge(UNSIGNED, "pullrequest:updated", &body).await;
    world.run_for(1_200).await;

    let paths = paths(&world);
    assert!(
        paths.iter().any(|path| path.contains("pullrequests")),
        "the named repository is polled: {paths:?}"
    );
    let theirs = theirs.trim_matches(['{', '}']);
    let foreign: Vec<_> =
        paths.iter().filter(|path| path.contains("widgets") || path.contains(theirs)).collect();
    assert!(foreign.is_empty(), "{foreign:?}");
}

#[tokio::test]
async fn repository_named_later_is_polled_within_the_hour() {
    let world = with_unsigned(Setup::default(), json!({})).await;
    let (alice, bob) = (world.member("alice", UNSIGNED), world.member("bob", UNSIGNED));
    let pr = alice.opens("gear").await;
    let comment = bob.comments(pr, "first").await;
    world.run_for(60).await;
    bob.edits(pr, comment, "second").await;
    world.run_for(1_200).await;
    assert_eq!(world.calls(UNSIGNED), 0, "the link names nothing, so nothing is read");
    assert_eq!(world.log(pr).await.len(), 2);
    assert!(world.subject_state(pr).await.watch.is_some(), "the promise stays");
    world.set_unsigned(UNSIGNED, UNSIGNED, names_gadgets());
    world.run_for(3_700).await;
    assert_eq!(text_of(&world.last_event(pr).await), "second");
    check(&world, pr).await.unwrap();
}

#[tokio::test]
async fn hooks_and_workspaces_name_their_repositories() {
    for fields in
        [json!({ "hooks": ["acme/gadgets"] }), json!({ "hooks": ["acme"] }), json!({ "sweep": ["acme"] })]
    {
        let world = with_unsigned(Setup::default(), fields.clone()).await;
        let bob = world.member("bob", UNSIGNED);
        let pr: Pr = world.member("alice", UNSIGNED).opens("gear").await;
        let comment = bob.comments(pr, "first").await;
        world.run_for(60).await;
        bob.edits(pr, comment, "second").await;
        world.run_for(120).await;
        assert_eq!(text_of(&world.last_event(pr).await), "second", "{fields}");
        let repository = format!("repository/{}", world.uuid(UNSIGNED).trim_matches(['{', '}']));
        let state = world.table.read(&UNSIGNED.link(), &repository.parse().unwrap()).await.unwrap();
        assert!(state.repository().unwrap().is_confirmed, "{fields}");
    }
}

#[tokio::test]
async fn link_that_became_signed_reads_no_forged_path() {
    let world = with_unsigned(Setup::default(), names_gadgets()).await;
    let target = world.alice().opens("secret").await;
    let theirs = json!({ "uuid": world.uuid(Repo::Widgets), "full_name": "acme/widgets" });
    world.forge(UNSIGNED, "pullrequest:updated", &forged(&theirs, target.id, "forged")).await;
    let token = json!({ "type": "bearer", "token": format!("{}-access-token", UNSIGNED.bot()) });
    world.set_link(UNSIGNED, Some(token));
    world.run_for(3_700).await;
    assert_eq!(world.calls(UNSIGNED), 0, "{:?}", paths(&world));
}

#[tokio::test]
async fn flood_over_an_unsigned_link_delays_no_window_of_a_signed_one() {
    let mut setup = Setup::default();
    setup.limits = PollerSettings { calls_per_hour: 200, max_calls_per_run: 120, ..setup.limits };
    let world = World::with(setup).await;
    // Both links have the credential of one account.
    world.set_unsigned(UNSIGNED, Repo::Widgets, names_gadgets());
    let repository = gadgets(&world);
    for id in 1..=300 {
        let body = with_comment(forged(&repository, id, "forged"), 10_000 + id);
        world.forge(UNSIGNED, "pullrequest:comment_created", &body).await;
    }
    let poller = world.another_poller();
    for _ in 0..60 {
        world.advance(60);
        world.run(&poller, "poller-2").await;
    }
    assert!(world.calls(Repo::Widgets) >= 80, "the flood spends calls: {}", world.calls(Repo::Widgets));
    let mut edited = Vec::new();
    for number in 0..4 {
        let pr = world.alice().opens(&format!("branch-{number}")).await;
        let comment = world.bob().comments(pr, "first").await;
        for minute in 0..30 {
            if minute == 5 {
                world.bob().edits(pr, comment, "silently").await;
                edited.push((pr, world.now()));
            }
            world.advance(60);
            world.run(&poller, "poller-2").await;
        }
    }
    for (pr, at) in edited {
        let found = world.last_event(pr).await;
        assert_eq!(text_of(&found), "silently");
        let late = found.observed_at.duration_since(at).as_secs();
        assert!(late <= 600 + 60 + 60, "found {late} s after the edit");
    }
}
