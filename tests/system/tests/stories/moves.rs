//! The fate of a link if names, owners, members, credentials or hooks change at Bitbucket: docs/MOVES.md.

use relay::Settings;
use relay::state::LookupResult;
use serde_json::{Value, json};
use system::log::text_of;
use system::{Pr, Repo, Setup, World};

const REPO: Repo = Repo::Widgets;
const HOUR: u64 = 3_600;

/// Starts a world with hooks and sweeps, and a pull request with one comment, and lets so many seconds pass.
pub(crate) async fn opened(seconds: u64) -> (World, Pr, u64) {
    let mut setup = Setup::default();
    setup.settings = Settings { sweep_seconds: 300, ..setup.settings };
    let world = World::with(setup).await;
    let pr = world.alice().opens("gear").await;
    let comment = world.bob().comments(pr, "first").await;
    world.run_for(seconds).await;
    (world, pr, comment)
}

/// Edits the comment within its window, then comments. The first is found by a poll, the second reported.
async fn edits_and_comments(world: &World, pr: Pr, comment: u64) {
    world.bob().edits(pr, comment, "second").await;
    world.run_for(90).await;
    world.alice().comments(pr, "Thanks.").await;
}

const GOES_ON: [&str; 2] = ["3 pullrequest:comment_updated poll", "4 pullrequest:comment_created webhook"];

/// Name of the repository in the payload of the newest event.
async fn newest_name(world: &World, pr: Pr) -> String {
    let payload: Value = serde_json::from_slice(&world.last_event(pr).await.payload).unwrap();
    payload["repository"]["full_name"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn log_goes_on_after_the_workspace_is_renamed() {
    let (world, pr, comment) = opened(60).await;
    world.moves(REPO, "newco/widgets", |bitbucket, _| bitbucket.rename_workspace("newco"));
    edits_and_comments(&world, pr, comment).await;
    assert_eq!(world.events_after(pr, 2).await, GOES_ON);
    assert_eq!(newest_name(&world, pr).await, "newco/widgets");
}

#[tokio::test]
async fn log_goes_on_after_the_repository_is_renamed() {
    let (world, pr, comment) = opened(60).await;
    world.moves(REPO, "acme/gizmos", |bitbucket, id| bitbucket.rename_repository(id, "gizmos"));
    edits_and_comments(&world, pr, comment).await;
    assert_eq!(world.events_after(pr, 2).await, GOES_ON);
    assert_eq!(newest_name(&world, pr).await, "acme/gizmos");
}

#[tokio::test]
async fn repository_named_by_its_old_slug_is_still_swept() {
    let (world, ..) = opened(60).await;
    world.name_targets(REPO, &["acme/widgets"]);
    world.run_for(600).await;
    world.moves(REPO, "newco/widgets", |bitbucket, _| bitbucket.rename_workspace("newco"));
    // A found repository is looked up by its name once a day.
    world.advance(24 * HOUR);
    world.run_for(600).await;
    let state = store::SubjectLog::read(&world.table, &REPO.link(), &relay::Subject::Link).await.unwrap();
    let lookups: Vec<_> = state.link().unwrap().lookups.values().map(|found| found.result).collect();
    assert_eq!(lookups, [LookupResult::NotFound], "doctor reports it");
    world.lose_next(1);
    let lost = world.alice().opens("wheel").await;
    world.run_for(HOUR).await;
    assert_eq!(world.events(lost).await, ["1 pullrequest:created poll"]);
}

#[tokio::test]
async fn silent_edit_after_a_transfer_is_published() {
    let (world, pr, comment) = opened(60).await;
    transfer(&world);
    world.bob().edits(pr, comment, "second").await;
    world.run_for(1_200).await;
    assert_eq!(world.events_after(pr, 2).await, ["3 pullrequest:comment_updated poll"]);
    assert_eq!(text_of(&world.last_event(pr).await), "second");
    assert_eq!(newest_name(&world, pr).await, "newco/widgets");
    world.lose_next(1);
    let lost = world.alice().opens("wheel").await;
    world.run_for(HOUR).await;
    assert_eq!(world.events(lost).await, ["1 pullrequest:created poll"], "it is swept");
    assert_eq!(world.poll().await.refused, 0);
}

#[tokio::test]
async fn log_goes_on_after_a_transfer() {
    let (world, pr, _) = opened(60).await;
    transfer(&world);
    world.alice().comments(pr, "Thanks.").await;
    world.run_for(HOUR).await;
    assert_eq!(world.events_after(pr, 2).await, ["3 pullrequest:comment_created webhook"]);
    assert_eq!(newest_name(&world, pr).await, "newco/widgets");
}

/// Transfers the repository to a workspace that the credential may read too. Its UUID and its hook stay.
fn transfer(world: &World) {
    let now = world.now();
    world.moves(REPO, "newco/widgets", |bitbucket, id| bitbucket.transfer_repository(id, "newco", now));
}

#[tokio::test]
async fn deleted_repository_costs_two_calls_an_hour() {
    let (world, ..) = opened(60).await;
    for branch in ["wheel", "lever", "crank"] {
        let pr = world.alice().opens(branch).await;
        world.bob().comments(pr, "first").await;
    }
    world.moves(REPO, "acme/widgets", simulator::world::World::delete_repository);
    world.run_for(2 * HOUR).await;
    let before = world.calls(REPO);
    world.run_for(6 * HOUR).await;
    let calls = world.calls(REPO) - before;
    assert!((6..=14).contains(&calls), "{calls} calls in six hours for four pull requests");
}

#[tokio::test]
async fn everything_is_caught_up_when_the_person_is_back() {
    let (world, pr, comment) = opened(60).await;
    world.simulator.change_world(|bitbucket| bitbucket.set_member(REPO.bot(), false));
    world.bob().edits(pr, comment, "second").await;
    world.run_for(3 * HOUR).await;
    assert_eq!(world.events_after(pr, 2).await, [] as [&str; 0]);
    world.simulator.change_world(|bitbucket| bitbucket.set_member(REPO.bot(), true));
    world.run_for(2 * HOUR).await;
    assert_eq!(world.events_after(pr, 2).await, ["3 pullrequest:comment_updated poll"]);
}

#[tokio::test]
async fn everything_is_caught_up_when_a_new_token_replaces_the_expired_one() {
    let (world, pr, comment) = opened(60).await;
    world.set_link(REPO, Some(json!({ "type": "bearer", "token": "expired" })));
    world.run_for(300).await;
    world.bob().edits(pr, comment, "second").await;
    world.run_for(HOUR).await;
    assert_eq!(world.events_after(pr, 2).await, [] as [&str; 0]);
    world.set_link(REPO, Some(json!({ "type": "bearer", "token": "bot-access-token" })));
    world.run_for(600).await;
    assert_eq!(world.events_after(pr, 2).await, ["3 pullrequest:comment_updated poll"]);
}

/// Changes or deletes the hook of the repository at Bitbucket.
async fn change_hook(world: &World, change: Option<Value>) {
    let alice = world.simulator.person("alice").unwrap();
    let url = format!("{}/2.0/repositories/acme/widgets/hooks", world.simulator.url());
    let (_, hooks) = alice.get(&url).await.unwrap();
    let url = format!("{url}/{}", hooks["values"][0]["uuid"].as_str().unwrap());
    let (status, answer) = match change {
        Some(change) => alice.put(&url, change).await.unwrap(),
        None => alice.delete(&url).await.unwrap(),
    };
    assert!((200..300).contains(&status), "{answer}");
}

#[tokio::test]
async fn polls_find_the_facts_while_no_hook_reports_them() {
    let changes = [None, Some(json!({ "active": false })), Some(json!({ "secret": "another one" }))];
    for change in changes {
        let (world, pr, _) = opened(60).await;
        change_hook(&world, change.clone()).await;
        world.alice().comments(pr, "Thanks.").await;
        let unreported = world.alice().opens("wheel").await;
        world.run_for(600).await;
        let found = ["3 pullrequest:comment_created poll"];
        assert_eq!(world.events_after(pr, 2).await, found, "{change:?}");
        assert_eq!(world.events(unreported).await, ["1 pullrequest:created poll"], "{change:?}");
    }
}
