//! Deliveries that are accepted and cannot be folded at once.

use bitbucket::EventKey;
use store::SubjectLog as _;
use store::memory::Fault;
use system::World;
use system::truth::check;

#[tokio::test]
async fn kept_delivery_is_folded_by_the_next_run() {
    let world = World::start().await;
    let pr = world.alice().opens("gear").await;
    world.table.inject(Fault::CommitRefused, 1);
    world.bob().comments(pr, "first").await;
    assert_eq!(world.log(pr).await.len(), 1);
    assert_eq!(world.poll().await.folded, 1);
    assert_eq!(world.events_after(pr, 1).await, ["2 pullrequest:comment_created webhook"]);
    assert!(world.table.kept(world.now(), 1).await.unwrap().is_empty());
    world.run_for(900).await;
    check(&world, pr).await.unwrap();
}

#[tokio::test]
async fn delivery_that_cannot_be_folded_delays_no_other() {
    let world = World::start().await;
    let pr = world.alice().opens("gear").await;
    world.table.inject(Fault::CommitRefused, 3);
    let comments = [world.bob().comments(pr, "first").await, world.bob().comments(pr, "second").await];
    // The first of the two is refused again.
    assert_eq!(world.poll().await.folded, 1);
    world.bob().edits(pr, comments[1], "edited").await;
    world.advance(59);
    assert_eq!(world.poll().await.folded, 0);
    world.advance(1);
    assert_eq!(world.poll().await.folded, 1);
    let created =
        world.log(pr).await.into_iter().filter(|event| event.key == EventKey::CommentCreated).count();
    assert_eq!(created, 2);
    world.run_for(900).await;
    check(&world, pr).await.unwrap();
}

#[tokio::test]
async fn one_run_folds_more_deliveries_than_one_query_reads() {
    let world = World::start().await;
    let pr = world.alice().opens("gear").await;
    world.table.inject(Fault::CommitRefused, 101);
    for number in 0..101 {
        world.bob().comments(pr, &format!("comment {number}")).await;
    }
    assert_eq!(world.log(pr).await.len(), 1);
    assert_eq!(world.poll().await.folded, 101);
    assert_eq!(world.log(pr).await.len(), 102);
}
