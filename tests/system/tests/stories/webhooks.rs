//! G5, G6: webhooks get lost, come twice, late, in the wrong order and from two hooks. Each fact is published once.

use simulator::FaultRequest;
use store::memory::Fault;
use system::log::text_of;
use system::truth::check;
use system::{Repo, World};

#[tokio::test]
async fn comment_with_lost_webhook_is_found_after_the_grace_period() {
    let world = World::start().await;
    let pr = world.alice().opens("gear").await;
    world.lose_next(1);
    world.bob().comments(pr, "first").await;
    world.run_for(29).await;
    assert_eq!(world.events_after(pr, 1).await, [""; 0], "its webhook may still come");
    world.run_for(2).await;
    assert_eq!(world.events_after(pr, 1).await, ["2 pullrequest:comment_created poll"]);
    world.run_for(900).await;
    assert_eq!(world.events_after(pr, 1).await, ["2 pullrequest:comment_created poll"]);
}

#[tokio::test]
async fn a_comment_found_by_polling_is_watched_from_its_creation() {
    let world = World::start().await;
    let pr = world.alice().opens("gear").await;
    world.lose_next(1);
    let comment = world.bob().comments(pr, "first").await;
    world.run_for(590).await;
    world.bob().edits(pr, comment, "second").await;
    world.run_for(900).await;
    assert_eq!(
        world.events_after(pr, 1).await,
        ["2 pullrequest:comment_created poll", "3 pullrequest:comment_updated poll"]
    );
}

#[tokio::test]
async fn polling_waits_for_a_webhook_within_the_grace_period() {
    let world = World::start().await;
    let pr = world.alice().opens("gear").await;
    world.hold();
    world.bob().comments(pr, "first").await;
    world.run_for(25).await;
    world.release().await;
    world.run_for(900).await;
    assert_eq!(world.events_after(pr, 1).await, ["2 pullrequest:comment_created webhook"]);
}

#[tokio::test]
async fn webhook_after_a_polled_event_adds_nothing() {
    let world = World::start().await;
    let pr = world.alice().opens("gear").await;
    world.hold();
    let comment = world.bob().comments(pr, "first").await;
    world.run_for(60).await;
    world.bob().edits(pr, comment, "second").await;
    world.run_for(60).await;
    world.release().await;
    world.run_for(900).await;
    assert_eq!(
        world.events_after(pr, 1).await,
        ["2 pullrequest:comment_created poll", "3 pullrequest:comment_updated poll"]
    );
    assert_eq!(text_of(&world.last_event(pr).await), "second");
}

#[tokio::test]
async fn duplicate_webhooks_are_one_event_each() {
    let world = World::start().await;
    world.double_next(20);
    let pr = world.alice().opens("gear").await;
    let comment = world.bob().comments_inline(pr, "first").await;
    world.bob().resolves(pr, comment).await;
    world.bob().reopens(pr, comment).await;
    world.bob().approves(pr).await;
    world.bob().unapproves(pr).await;
    world.alice().retitles(pr, "gears").await;
    world.bob().deletes(pr, comment).await;
    world.alice().merges(pr).await;
    world.run_for(900).await;
    assert_eq!(world.events(pr).await, everything_once());
}

#[tokio::test]
async fn two_hooks_publish_each_fact_once() {
    let world = World::start().await;
    world.hook_workspace(Repo::Widgets).await;
    let pr = world.alice().opens("gear").await;
    let comment = world.bob().comments_inline(pr, "first").await;
    world.bob().resolves(pr, comment).await;
    world.bob().reopens(pr, comment).await;
    world.bob().approves(pr).await;
    world.bob().unapproves(pr).await;
    world.alice().retitles(pr, "gears").await;
    world.bob().deletes(pr, comment).await;
    world.alice().merges(pr).await;
    world.run_for(900).await;
    assert_eq!(world.events(pr).await, everything_once());
    assert_eq!(
        world.simulator.deliveries().iter().filter(|delivery| delivery.hook_uuid.is_some()).count(),
        18
    );
}

fn everything_once() -> [&'static str; 9] {
    [
        "1 pullrequest:created webhook",
        "2 pullrequest:comment_created webhook",
        "3 pullrequest:comment_resolved webhook",
        "4 pullrequest:comment_reopened webhook",
        "5 pullrequest:approved webhook",
        "6 pullrequest:unapproved webhook",
        "7 pullrequest:updated webhook",
        "8 pullrequest:comment_deleted webhook",
        "9 pullrequest:fulfilled webhook",
    ]
}

#[tokio::test]
async fn title_changed_back_and_forth_is_three_events() {
    let world = World::start().await;
    let pr = world.alice().opens("gear").await;
    for title in ["gears", "gear", "gears"] {
        world.alice().retitles(pr, title).await;
    }
    assert_eq!(world.events_after(pr, 1).await.len(), 3);
}

#[tokio::test]
async fn webhooks_in_wrong_order_publish_each_fact_once() {
    let world = World::start().await;
    let pr = world.alice().opens("gear").await;
    world.run_for(5).await;
    world.hold();
    let comment = world.bob().comments(pr, "first").await;
    let gone = world.bob().comments(pr, "gone").await;
    world.advance(700);
    world.bob().edits(pr, comment, "second").await;
    world.bob().deletes(pr, gone).await;
    world.bob().approves(pr).await;
    world.release_reversed().await;
    world.run_for(900).await;
    assert_eq!(
        world.events_after(pr, 1).await,
        [
            "2 pullrequest:approved webhook",
            "3 pullrequest:comment_deleted webhook",
            "4 pullrequest:comment_updated webhook",
            "5 pullrequest:comment_created webhook",
            "6 pullrequest:comment_created webhook",
            // The report of the creation, which came last, counts no approval.
            "7 pullrequest:counters_changed poll",
        ]
    );
    check(&world, pr).await.unwrap();
}

#[tokio::test]
async fn lost_creation_is_published_after_another_report() {
    let world = World::start().await;
    let pr = world.alice().opens("gear").await;
    world.lose_next(1);
    let comment = world.bob().comments_inline(pr, "first").await;
    world.alice().resolves(pr, comment).await;
    world.run_for(20).await;
    assert_eq!(world.events_after(pr, 1).await, ["2 pullrequest:comment_resolved webhook"]);
    world.run_for(900).await;
    assert_eq!(
        world.events_after(pr, 1).await,
        ["2 pullrequest:comment_resolved webhook", "3 pullrequest:comment_created poll"]
    );
}

#[tokio::test]
async fn unstored_webhook_is_sent_again_and_stored_once() {
    for fault in [Fault::ReadFails, Fault::CommitFails, Fault::CommitConflicts, Fault::AnswerLost] {
        for new_request_uuid in [false, true] {
            let world = World::start().await;
            let pr = world.alice().opens("gear").await;
            let new_request_uuid_each_attempt = Some(new_request_uuid);
            world.fault(FaultRequest { new_request_uuid_each_attempt, ..FaultRequest::default() });
            world.table.inject(fault, 1);
            world.bob().comments(pr, "first").await;
            assert_eq!(
                world.events_after(pr, 1).await,
                ["2 pullrequest:comment_created webhook"],
                "{fault:?}, a new request id with each attempt: {new_request_uuid}"
            );
            world.run_for(900).await;
            assert_eq!(world.log(pr).await.len(), 2, "{fault:?}");
        }
    }
}

#[tokio::test]
async fn webhook_that_was_never_stored_is_recovered_by_polling() {
    let world = World::start().await;
    let pr = world.alice().opens("gear").await;
    world.table.inject(Fault::CommitFails, 3);
    let comment = world.bob().comments(pr, "first").await;
    assert_eq!(world.log(pr).await.len(), 1);
    world.run_for(60).await;
    assert_eq!(world.events_after(pr, 1).await, ["2 pullrequest:comment_created poll"]);
    world.bob().edits(pr, comment, "second").await;
    world.run_for(900).await;
    check(&world, pr).await.unwrap();
}
