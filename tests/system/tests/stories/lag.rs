//! Bitbucket's API lags behind its webhooks: an answer that is older than a delivery undoes nothing.

use simulator::{FaultRequest, StaleReads};
use system::log::text_of;
use system::truth::check;
use system::{Pr, Repo, World};

/// Starts a world whose poller reads a copy that is twenty seconds old.
async fn with_lag() -> (World, Pr) {
    let world = World::start().await;
    let stale_reads = Some(StaleReads { account: Repo::Widgets.bot().to_owned(), seconds: 20 });
    world.fault(FaultRequest { stale_reads, ..FaultRequest::default() });
    let pr = world.alice().opens("gear").await;
    world.run_for(60).await;
    (world, pr)
}

#[tokio::test]
async fn reported_changes_are_published_once_while_the_api_lags() {
    let (world, pr) = with_lag().await;
    let (alice, bob) = (world.alice(), world.bob());
    let comment = bob.comments_inline(pr, "first").await;
    world.run_for(720).await;
    bob.edits(pr, comment, "second").await;
    world.run_for(40).await;
    alice.resolves(pr, comment).await;
    world.run_for(40).await;
    alice.reopens(pr, comment).await;
    world.run_for(40).await;
    bob.deletes(pr, comment).await;
    world.run_for(900).await;
    assert_eq!(
        world.events_after(pr, 1).await,
        [
            "2 pullrequest:comment_created webhook",
            "3 pullrequest:comment_updated webhook",
            "4 pullrequest:comment_resolved webhook",
            "5 pullrequest:comment_reopened webhook",
            "6 pullrequest:comment_deleted webhook",
        ]
    );
    check(&world, pr).await.unwrap();
}

#[tokio::test]
async fn unreported_changes_are_found_while_the_api_lags() {
    let (world, pr) = with_lag().await;
    let (alice, bob) = (world.alice(), world.bob());
    let comment = bob.comments(pr, "first").await;
    let task = bob.adds_task(pr, "oil it").await;
    world.run_for(100).await;
    bob.edits(pr, comment, "second").await;
    alice.resolves_task(pr, task).await;
    world.run_for(100).await;
    alice.reopens_task(pr, task).await;
    world.run_for(200).await;
    alice.deletes_task(pr, task).await;
    world.run_for(900).await;
    let log = world.log(pr).await;
    assert!(log.iter().any(|event| text_of(event) == "second"));
    let keys: Vec<_> = log.iter().map(|event| event.key.as_str().to_owned()).collect();
    for key in ["task_created", "task_resolved", "task_reopened", "task_deleted"] {
        let count = keys.iter().filter(|one| **one == format!("pullrequest:{key}")).count();
        assert_eq!(count, 1, "{key}: {keys:?}");
    }
    check(&world, pr).await.unwrap();
}
