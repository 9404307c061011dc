//! Resolving and reopening. The report of a reopening does not name the resolution that it ended.

use system::log::actor_of;
use system::truth::check;
use system::{Pr, World};

async fn with_thread(world: &World) -> (Pr, u64) {
    let pr = world.alice().opens("gear").await;
    let comment = world.bob().comments_inline(pr, "first").await;
    world.run_for(60).await;
    (pr, comment)
}

/// The events after the thread's creation, without their sequence.
async fn later_events(world: &World, pr: Pr) -> Vec<String> {
    let later_events = world.events_after(pr, 2).await.into_iter();
    later_events.map(|line| line.split_once(" pullrequest:comment_").unwrap().1.to_owned()).collect()
}

#[tokio::test]
async fn resolving_and_reopening_is_reported_once_each() {
    let world = World::start().await;
    let (pr, comment) = with_thread(&world).await;
    for _ in 0..2 {
        world.alice().resolves(pr, comment).await;
        world.run_for(60).await;
        world.alice().reopens(pr, comment).await;
        world.run_for(60).await;
    }
    world.run_for(900).await;
    let webhook = ["resolved webhook", "reopened webhook", "resolved webhook", "reopened webhook"];
    assert_eq!(later_events(&world, pr).await, webhook);
    check(&world, pr).await.unwrap();
}

#[tokio::test]
async fn lost_resolution_is_found_with_its_actor() {
    let world = World::start().await;
    let (pr, comment) = with_thread(&world).await;
    world.lose_next(1);
    world.alice().resolves(pr, comment).await;
    world.run_for(20).await;
    assert_eq!(later_events(&world, pr).await, [""; 0], "its webhook may still come");
    world.run_for(15).await;
    assert_eq!(later_events(&world, pr).await, ["resolved poll"]);
    assert_eq!(actor_of(&world.last_event(pr).await).as_deref(), Some("alice"));
    world.run_for(900).await;
    assert_eq!(later_events(&world, pr).await, ["resolved poll"]);
}

#[tokio::test]
async fn lost_reopening_is_found() {
    let world = World::start().await;
    let (pr, comment) = with_thread(&world).await;
    world.alice().resolves(pr, comment).await;
    world.run_for(60).await;
    world.lose_next(1);
    world.alice().reopens(pr, comment).await;
    world.run_for(900).await;
    assert_eq!(later_events(&world, pr).await, ["resolved webhook", "reopened poll"]);
    check(&world, pr).await.unwrap();
}

#[tokio::test]
async fn resolution_and_reopening_both_lost_publish_nothing() {
    let world = World::start().await;
    let (pr, comment) = with_thread(&world).await;
    world.lose_next(2);
    world.alice().resolves(pr, comment).await;
    world.alice().reopens(pr, comment).await;
    world.run_for(900).await;
    assert_eq!(later_events(&world, pr).await, [""; 0]);
}

#[tokio::test]
async fn reports_after_polled_events_add_nothing() {
    let world = World::start().await;
    let (pr, comment) = with_thread(&world).await;
    world.hold();
    world.alice().resolves(pr, comment).await;
    world.run_for(60).await;
    world.alice().reopens(pr, comment).await;
    world.run_for(60).await;
    world.release().await;
    world.run_for(900).await;
    assert_eq!(later_events(&world, pr).await, ["resolved poll", "reopened poll"]);
    check(&world, pr).await.unwrap();
}

#[tokio::test]
async fn reports_in_wrong_order_end_with_the_current_state() {
    let world = World::start().await;
    let (pr, comment) = with_thread(&world).await;
    world.hold();
    world.alice().resolves(pr, comment).await;
    world.advance(1);
    world.alice().reopens(pr, comment).await;
    world.release_reversed().await;
    world.run_for(900).await;
    let later_events = later_events(&world, pr).await;
    assert_eq!(later_events[..2], ["reopened webhook", "resolved webhook"]);
    check(&world, pr).await.unwrap();
}

#[tokio::test]
async fn a_reopening_reported_late_does_not_undo_a_newer_resolution() {
    let world = World::start().await;
    let (pr, comment) = with_thread(&world).await;
    world.alice().resolves(pr, comment).await;
    world.advance(5);
    world.hold();
    world.alice().reopens(pr, comment).await;
    let late = world.stop_holding();
    world.run_for(60).await;
    world.bob().resolves(pr, comment).await;
    world.advance(5);
    world.deliver(&late).await;
    world.run_for(900).await;
    check(&world, pr).await.unwrap();
}

#[tokio::test]
async fn thread_resolved_before_first_read_is_published() {
    let world = World::start().await;
    let pr = world.alice().opens("gear").await;
    world.lose_next(2);
    let comment = world.bob().comments_inline(pr, "first").await;
    world.alice().resolves(pr, comment).await;
    world.run_for(900).await;
    assert_eq!(
        world.events_after(pr, 1).await,
        ["2 pullrequest:comment_created poll", "3 pullrequest:comment_resolved poll"]
    );
}

#[tokio::test]
async fn lost_resolution_is_published_after_a_later_edit_report() {
    let world = World::start().await;
    let pr = world.alice().opens("gear").await;
    world.advance(3);
    world.poll().await;
    world.lose_next(2);
    let comment = world.bob().comments_inline(pr, "first").await;
    world.alice().resolves(pr, comment).await;
    world.advance(700);
    world.bob().edits(pr, comment, "second").await;
    world.run_for(900).await;
    assert_eq!(
        world.events_after(pr, 1).await,
        [
            "2 pullrequest:comment_updated webhook",
            "3 pullrequest:comment_created poll",
            "4 pullrequest:comment_resolved poll",
        ]
    );
}
