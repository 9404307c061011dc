//! Deletions. No listing shows deleted items, so the poller reads a missing item before it counts as deleted.

use simulator::{FaultRequest, Omission, Rules};
use system::truth::check;
use system::{Repo, Setup, World};

#[tokio::test]
async fn a_reported_deletion_is_one_event() {
    let world = World::start().await;
    let pr = world.alice().opens("gear").await;
    let comment = world.bob().comments(pr, "first").await;
    world.run_for(40).await;
    world.bob().deletes(pr, comment).await;
    world.run_for(900).await;
    assert_eq!(world.events_after(pr, 2).await, ["3 pullrequest:comment_deleted webhook"]);
}

#[tokio::test]
async fn deletion_with_lost_webhook_is_one_polled_event() {
    for (with_reply, readable) in [(false, true), (false, false), (true, true), (true, false)] {
        let rules = Rules { deleted_comments_stay_readable: readable, ..Rules::default() };
        let world = World::with(Setup { rules, ..Setup::default() }).await;
        let pr = world.alice().opens("gear").await;
        let comment = world.bob().comments(pr, "first").await;
        if with_reply {
            world.alice().replies(pr, comment, "reply").await;
        }
        world.run_for(40).await;
        let before = world.log(pr).await.len() as u64;
        world.lose_next(1);
        world.bob().deletes(pr, comment).await;
        world.run_for(900).await;
        assert_eq!(
            world.events_after(pr, before).await,
            [format!("{} pullrequest:comment_deleted poll", before + 1)],
            "with a reply: {with_reply}, deleted comments readable: {readable}"
        );
        check(&world, pr).await.unwrap();
    }
}

#[tokio::test]
async fn more_deletions_than_one_poll_checks_are_all_found() {
    let world = World::start().await;
    let pr = world.alice().opens("gear").await;
    let mut comments = Vec::new();
    let mut tasks = Vec::new();
    for number in 0..30 {
        comments.push(world.bob().comments(pr, &format!("comment {number}")).await);
        tasks.push(world.bob().adds_task(pr, &format!("task {number}")).await);
    }
    world.run_for(650).await;
    world.lose_next(30);
    for (comment, task) in comments.into_iter().zip(tasks) {
        world.bob().deletes(pr, comment).await;
        world.bob().deletes_task(pr, task).await;
    }
    let calls = world.calls(pr.repo);
    world.run_for(120).await;
    check(&world, pr).await.unwrap();
    assert!(world.subject_state(pr).await.watch.is_none());
    let calls = world.calls(pr.repo) - calls;
    assert!(calls <= 150, "{calls} calls for sixty deletions, each looked up twice");
}

#[tokio::test]
async fn comment_deleted_before_first_read_is_published_as_deleted() {
    for (webhooks, with_reply) in [("lost", false), ("lost", true), ("late", true)] {
        let world = World::start().await;
        let pr = world.alice().opens("gear").await;
        world.hold();
        let comment = world.bob().comments(pr, "first").await;
        let letters = world.stop_holding();
        if with_reply {
            world.alice().replies(pr, comment, "reply").await;
        }
        world.lose_next(1);
        world.bob().deletes(pr, comment).await;
        world.run_for(60).await;
        if webhooks == "late" {
            world.deliver(&letters).await;
        }
        world.run_for(900).await;
        check(&world, pr).await.unwrap_or_else(|wrong| panic!("{webhooks}, {with_reply}: {wrong}"));
    }
}

/// Lets the poller's answers lack an item.
fn hide(world: &World, id: u64, by_id: bool) {
    let omit = Some(Omission { id, count: u32::MAX, by_id });
    let only_for = Some(Repo::Widgets.bot().to_owned());
    world.fault(FaultRequest { omit, only_for, ..FaultRequest::default() });
}

#[tokio::test]
async fn listings_that_lack_an_item_delete_nothing() {
    let world = World::start().await;
    let pr = world.alice().opens("gear").await;
    let (comment, task) =
        (world.bob().comments(pr, "first").await, world.bob().adds_task(pr, "oil it").await);
    world.run_for(40).await;
    let before = world.log(pr).await.len() as u64;
    for id in [comment, task, 1] {
        hide(&world, id, false);
    }
    world.run_for(900).await;
    assert_eq!(world.events_after(pr, before).await, [""; 0]);
    world.bob().edits(pr, comment, "second").await;
    world.run_for(900).await;
    check(&world, pr).await.unwrap();
}

#[tokio::test]
async fn comment_and_task_that_answers_lacked_for_a_while_are_published_again() {
    let world = World::start().await;
    let pr = world.alice().opens("gear").await;
    let (comment, task) =
        (world.bob().comments(pr, "first").await, world.bob().adds_task(pr, "oil it").await);
    world.run_for(40).await;
    for id in [comment, task] {
        hide(&world, id, true);
    }
    world.run_for(200).await;
    let wrong = ["4 pullrequest:comment_deleted poll", "5 pullrequest:task_deleted poll"];
    assert_eq!(world.events_after(pr, 3).await, wrong);
    world.end_faults().await;
    world.alice().comments(pr, "another").await;
    world.run_for(900).await;
    let again = [
        "6 pullrequest:comment_created webhook",
        "7 pullrequest:comment_created poll",
        "8 pullrequest:task_created poll",
    ];
    assert_eq!(world.events_after(pr, 5).await, again);
    check(&world, pr).await.unwrap();
    world.bob().deletes(pr, comment).await;
    world.bob().deletes_task(pr, task).await;
    world.run_for(900).await;
    let at_last = ["9 pullrequest:comment_deleted webhook", "10 pullrequest:task_deleted poll"];
    assert_eq!(world.events_after(pr, 8).await, at_last);
    check(&world, pr).await.unwrap();
}
