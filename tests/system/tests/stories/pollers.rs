//! Two pollers at once. The lease keeps them apart for economy; without it each fact is still published once.

use std::time::Duration;

use simulator::FaultRequest;
use store::Leases;
use store::memory::Fault;
use system::truth::check;
use system::{Pr, World};

/// Opens a pull request with many changes for one poll: comments, edits, threads, tasks, deletions.
async fn with_many_changes(world: &World) -> Pr {
    let pr = world.alice().opens("gear").await;
    let mut comments = Vec::new();
    let mut tasks = Vec::new();
    for number in 0..6 {
        comments.push(world.bob().comments_inline(pr, &format!("comment {number}")).await);
        tasks.push(world.bob().adds_task(pr, &format!("task {number}")).await);
    }
    world.run_for(60).await;
    world.lose_next(5);
    world.alice().resolves(pr, comments[0]).await;
    world.bob().deletes(pr, comments[1]).await;
    world.bob().deletes(pr, comments[2]).await;
    world.bob().comments(pr, "another").await;
    world.bob().replies(pr, comments[0], "a reply").await;
    world.bob().edits(pr, comments[3], "edited").await;
    world.bob().edits(pr, comments[4], "edited too").await;
    world.alice().resolves_task(pr, tasks[0]).await;
    world.alice().edits_task(pr, tasks[1], "edited").await;
    world.alice().deletes_task(pr, tasks[2]).await;
    world.bob().adds_task(pr, "another").await;
    world.advance(60);
    pr
}

#[tokio::test]
async fn second_poller_stops_while_the_first_holds_the_lease() {
    let world = World::start().await;
    let pr = world.alice().opens("gear").await;
    world.advance(5);
    assert!(world.table.lease("poller/0", "another", world.now(), 60).await.unwrap());
    assert!(world.poll().await.busy);
    assert_eq!(world.state(pr).await.polled_at, None);
    world.advance(60);
    assert_eq!(world.poll().await.polled, 1, "a lease that was not released expires");
    assert!(
        world.table.lease("poller/0", "another", world.now(), 60).await.unwrap(),
        "the run released its lease"
    );
}

#[tokio::test]
async fn two_pollers_at_once_publish_each_fact_once() {
    for round in 0..8 {
        let world = World::start().await;
        let pr = with_many_changes(&world).await;
        let before = world.log(pr).await.len();
        let (one, two) = (world.another_poller(), world.another_poller());
        // The calls of the two pollers interleave in every order.
        for ms in [round, 2 * round, 0, round] {
            let hang_next_ms = Some(ms);
            world.fault(FaultRequest {
                hang_next_ms,
                only_for: Some("bot".to_owned()),
                ..Default::default()
            });
        }
        tokio::join!(world.run(&one, "one"), world.run(&two, "two"));
        // The deletion of a task needs two polls apart.
        assert_eq!(world.log(pr).await.len(), before + 10, "round {round}: {:#?}", world.events(pr).await);
        world.run_for(900).await;
        assert_eq!(world.log(pr).await.len(), before + 11, "round {round}: {:#?}", world.events(pr).await);
        check(&world, pr).await.unwrap();
    }
}

#[tokio::test]
async fn stale_read_of_a_slow_poller_undoes_nothing() {
    let world = World::start().await;
    let pr = world.alice().opens("gear").await;
    let comment = world.bob().comments_inline(pr, "first").await;
    let task = world.bob().adds_task(pr, "task").await;
    world.run_for(60).await;
    world.advance(60);
    let slow = world.another_poller();
    let late = async {
        // It reads the tasks and the comments; the answer to its last call is late.
        world.run(&slow, "slow").await
    };
    let work = async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        world.bob().edits(pr, comment, "second").await;
        world.alice().resolves(pr, comment).await;
        world.bob().edits_task(pr, task, "task, edited").await;
        world.alice().resolves_task(pr, task).await;
        world.lose_next(1);
        world.bob().comments(pr, "lost").await;
        let quick = world.another_poller();
        world.run(&quick, "quick").await;
    };
    let hang_next_ms = Some(400);
    world.fault(FaultRequest {
        hang_next_ms: Some(0),
        only_for: Some("bot".to_owned()),
        ..Default::default()
    });
    world.fault(FaultRequest { hang_next_ms, only_for: Some("bot".to_owned()), ..Default::default() });
    tokio::join!(late, work);
    world.run_for(45).await;
    let events = world.events_after(pr, 3).await;
    let count = |key: &str| events.iter().filter(|line| line.contains(key)).count();
    let keys = ["comment_updated", "comment_resolved", "task_updated", "task_resolved", "comment_created"];
    assert_eq!(keys.map(count), [1; 5], "{events:#?}");
    assert_eq!(events.len(), 5, "{events:#?}");
    world.run_for(900).await;
    check(&world, pr).await.unwrap();
}

#[tokio::test]
async fn a_table_that_fails_during_a_poll_loses_nothing() {
    for fault in [Fault::ReadFails, Fault::CommitFails, Fault::CommitConflicts, Fault::AnswerLost] {
        let world = World::start().await;
        let pr = with_many_changes(&world).await;
        let before = world.log(pr).await.len();
        world.table.inject(fault, 1);
        world.poll().await;
        world.run_for(60).await;
        assert_eq!(world.log(pr).await.len(), before + 11, "{fault:?}: {:#?}", world.events(pr).await);
        world.run_for(900).await;
        assert_eq!(world.log(pr).await.len(), before + 11, "{fault:?}");
        check(&world, pr).await.unwrap();
    }
}

#[tokio::test]
async fn failed_query_for_due_watches_ends_run_and_frees_lease() {
    let world = World::start().await;
    let pr = world.alice().opens("gear").await;
    world.advance(5);
    world.table.inject(Fault::DueFails, 1);
    let poller = world.another_poller();
    let deadline = world.now() + jiff::SignedDuration::from_secs(1);
    assert!(poller.run("one", deadline).await.is_err());
    assert_eq!(world.poll().await.polled, 1);
    assert!(world.state(pr).await.polled_at.is_some());
}
