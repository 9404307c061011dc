//! Comments on commits. Bitbucket reports only their creation.

use relay::Settings;
use serde_json::json;
use simulator::{FaultRequest, StatusFault};
use store::SubjectLog;
use system::log::{actor_of, text_of};
use system::{Repo, Setup, World};

const REPO: Repo = Repo::Widgets;

/// Starts a world with a commit and no watch.
async fn with_a_commit(setup: Setup) -> (World, String) {
    let world = World::with(setup).await;
    let pr = world.alice().opens("gear").await;
    let hash = world.alice().head_of(pr).await;
    world.run_for(10).await;
    assert!(world.table.due(jiff::Timestamp::MAX, 1).await.unwrap().is_empty());
    (world, hash)
}

/// The log of the commit, one line for each event.
async fn events(world: &World, hash: &str) -> Vec<String> {
    let log = world.commit_log(REPO, hash).await;
    let line = |event: &relay::Event| {
        format!("{} {} {} {}", event.sequence, event.key, event.source.as_str(), text_of(event))
    };
    log.iter().map(|event| line(event).trim_end().to_owned()).collect()
}

/// Changes of commit comments that the simulator sent no webhook for.
fn silences(world: &World) -> Vec<String> {
    let done = world.simulator.deliveries().into_iter().map(|record| record.what.clone());
    done.filter(|what| what.starts_with("commit_comment_")).collect()
}

#[tokio::test]
async fn commit_comment_changes_are_published_within_the_window() {
    let (world, hash) = with_a_commit(Setup::default()).await;
    let one = world.bob().comments_on_commit(&hash, "one").await;
    let two = world.bob().comments_on_commit(&hash, "two").await;
    world.run_for(100).await;
    world.bob().edits_on_commit(&hash, one, "one, edited").await;
    let edited_at = world.now();
    world.run_for(200).await;
    world.bob().deletes_on_commit(&hash, two).await;
    world.run_for(130).await;
    assert_eq!(
        events(&world, &hash).await,
        [
            "1 repo:commit_comment_created webhook one",
            "2 repo:commit_comment_created webhook two",
            "3 repo:commit_comment_updated poll one, edited",
            "4 repo:commit_comment_deleted poll",
        ]
    );
    assert_eq!(silences(&world), ["commit_comment_updated", "commit_comment_deleted"]);
    let edit = world.commit_log(REPO, &hash).await.remove(2);
    assert_eq!((edit.occurred_at, actor_of(&edit).as_deref()), (Some(edited_at), Some("bob")));
    let envelope = edit.envelope(None).to_json();
    assert_eq!(envelope["subject"]["hash"], hash.as_str());
    assert_eq!(envelope["payload"]["commit"]["hash"], hash.as_str());
    assert_eq!(envelope["payload"]["repository"]["full_name"], "acme/widgets");

    world.run_for(700).await;
    assert_eq!(world.commit_state(REPO, &hash).await.watch, None);
    let calls = world.calls(REPO);
    world.run_for(3_600).await;
    assert_eq!(world.calls(REPO), calls);
}

#[tokio::test]
async fn edit_in_the_windows_last_second_is_found_at_its_end() {
    let (world, hash) = with_a_commit(Setup::default()).await;
    let comment = world.bob().comments_on_commit(&hash, "first").await;
    world.run_for(659).await;
    world.bob().edits_on_commit(&hash, comment, "second").await;
    world.run_for(5).await;
    assert_eq!(events(&world, &hash).await.last().unwrap(), "2 repo:commit_comment_updated poll second");
}

#[tokio::test]
async fn late_edit_is_found_by_the_tail_and_opens_a_window() {
    let settings = Settings { tail_seconds: [1_800, 0, 0], ..Setup::default().settings };
    let (world, hash) = {
        let world = World::with(Setup { settings, ..Setup::default() }).await;
        let pr = world.alice().opens("gear").await;
        let hash = world.alice().head_of(pr).await;
        (world, hash)
    };
    let comment = world.bob().comments_on_commit(&hash, "first").await;
    world.run_for(2_300).await;
    world.bob().edits_on_commit(&hash, comment, "second").await;
    world.run_for(200).await;
    world.bob().edits_on_commit(&hash, comment, "third").await;
    world.run_for(120).await;
    let log = events(&world, &hash).await;
    assert_eq!(
        log[1..],
        ["2 repo:commit_comment_updated poll second", "3 repo:commit_comment_updated poll third"]
    );
}

#[tokio::test]
async fn lost_comment_and_deleted_thread_are_published_once() {
    let (world, hash) = with_a_commit(Setup::default()).await;
    let parent = world.bob().comments_on_commit(&hash, "parent").await;
    world.lose_next(1);
    world.alice().replies_on_commit(&hash, parent, "reply").await;
    world.run_for(100).await;
    world.bob().deletes_on_commit(&hash, parent).await;
    world.run_for(900).await;
    assert_eq!(
        events(&world, &hash).await,
        [
            "1 repo:commit_comment_created webhook parent",
            "2 repo:commit_comment_created poll reply",
            "3 repo:commit_comment_deleted poll",
        ]
    );
}

#[tokio::test]
async fn creation_after_its_found_edit_is_no_second_event() {
    let (world, hash) = with_a_commit(Setup::default()).await;
    world.bob().comments_on_commit(&hash, "one").await;
    world.hold();
    let two = world.bob().comments_on_commit(&hash, "two").await;
    world.run_for(120).await;
    world.bob().edits_on_commit(&hash, two, "two, edited").await;
    world.run_for(120).await;
    world.release().await;
    world.run_for(900).await;
    assert_eq!(
        events(&world, &hash).await,
        [
            "1 repo:commit_comment_created webhook one",
            "2 repo:commit_comment_created poll two",
            "3 repo:commit_comment_updated poll two, edited",
        ]
    );
}

#[tokio::test]
async fn one_call_serves_all_comments_of_a_commit() {
    let mut spent = Vec::new();
    for comments in [1, 30] {
        let (world, hash) = with_a_commit(Setup::default()).await;
        for number in 0..comments {
            world.bob().comments_on_commit(&hash, &format!("comment {number}")).await;
        }
        let calls = world.calls(REPO);
        world.run_for(900).await;
        spent.push(world.calls(REPO) - calls);
    }
    assert!(spent[0] > 0 && spent[0] == spent[1], "{spent:?}");
}

#[tokio::test]
async fn commit_is_caught_up_after_a_wrong_refusal() {
    let (world, hash) = with_a_commit(Setup::default()).await;
    let one = world.bob().comments_on_commit(&hash, "one").await;
    let only_for = Some("bot".to_owned());
    let api_status_next = Some(StatusFault { status: 404, count: 1 });
    world.fault(FaultRequest { api_status_next, only_for, ..FaultRequest::default() });
    world.run_for(70).await;
    assert!(world.commit_state(REPO, &hash).await.refusal.is_some());
    world.bob().edits_on_commit(&hash, one, "one, edited").await;
    world.run_for(120).await;
    let log = events(&world, &hash).await;
    assert_eq!(log.last().unwrap(), "2 repo:commit_comment_updated poll one, edited");
}

#[tokio::test]
async fn commit_that_must_be_confirmed_first_waits_for_calls_without_a_failure() {
    let mut setup = Setup::default();
    setup.limits.max_calls_per_run = 1;
    let world = World::with(setup).await;
    world.set_unsigned(Repo::Gadgets, Repo::Gadgets, json!({ "hooks": ["acme/gadgets"] }));
    let bob = world.member("bob", Repo::Gadgets);
    // Nobody polls the pull request, so the commit is the first of its repository.
    world.lose_next(1);
    let hash = bob.head_of(bob.opens("gear").await).await;
    let comment = bob.comments_on_commit(&hash, "first").await;
    bob.edits_on_commit(&hash, comment, "second").await;
    let mut failed = 0;
    for _ in 0..60 {
        world.advance(5);
        failed += world.poll().await.failed;
    }
    assert_eq!(failed, 0);
    let log = world.commit_log(Repo::Gadgets, &hash).await;
    assert_eq!(text_of(log.last().unwrap()), "second");
}
