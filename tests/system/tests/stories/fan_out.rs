//! More links than one run serves: the run hands their shards over. Nothing is lost if the queue drops a message.

use std::sync::Arc;

use jiff::SignedDuration;
use poller::Summary;
use poller::shard_queue::HandedShard;
use simulator::FaultRequest;
use store::Shard;
use store::memory::MemoryTable;
use system::queue::MemoryQueue;
use system::setup::Repo;
use system::world::TestPoller;
use system::{Pr, World};

/// Starts a world with two links in two shards, each with a pull request that is due.
async fn with_two_links_due() -> (World, [Pr; 2]) {
    assert_ne!(Shard::of(&Repo::Widgets.link()), Shard::of(&Repo::Gadgets.link()));
    let world = World::start().await;
    let gear = world.alice().opens("gear").await;
    let lever = world.member("alice", Repo::Gadgets).opens("lever").await;
    world.advance(5);
    (world, [gear, lever])
}

async fn serve(
    world: &World,
    poller: &TestPoller<MemoryTable>,
    holder: &str,
    handed: HandedShard,
) -> Summary {
    let deadline = world.now().saturating_add(SignedDuration::from_secs(60)).unwrap();
    poller.run_shard(holder, handed, deadline).await.unwrap()
}

#[tokio::test]
async fn each_due_shard_is_handed_over_and_polled_once() {
    let (world, prs) = with_two_links_due().await;
    let queue = Arc::new(MemoryQueue::default());
    let poller = world.sharing_poller(&queue);

    let minute = world.run(&poller, "minute").await;
    assert_eq!((minute.handed_over, minute.polled), (2, 0));
    let handed = queue.take();
    let mut shards = handed.iter().map(|handed| handed.shard).collect::<Vec<_>>();
    shards.sort();
    let mut of_links = [Repo::Widgets, Repo::Gadgets].map(|repo| Shard::of(&repo.link()));
    of_links.sort();
    assert_eq!(shards, of_links);

    for (number, handed) in handed.into_iter().enumerate() {
        let summary = serve(&world, &poller, &format!("shard-{number}"), handed).await;
        assert_eq!((summary.polled, summary.handed_over), (1, 0), "its own link, and no other");
    }
    for pr in prs {
        assert_eq!(world.state(pr).await.polled_at, Some(world.now()));
    }
}

#[tokio::test]
async fn run_that_serves_all_links_hands_nothing_over() {
    let world = World::start().await;
    world.alice().opens("gear").await;
    world.advance(5);
    let queue = Arc::new(MemoryQueue::default());
    let summary = world.run(&world.sharing_poller(&queue), "minute").await;
    assert_eq!((summary.handed_over, summary.polled), (0, 1));
    assert_eq!(queue.take(), []);
}

#[tokio::test]
async fn one_of_two_invocations_for_a_shard_does_the_work() {
    let (world, _) = with_two_links_due().await;
    let queue = Arc::new(MemoryQueue::default());
    let poller = world.sharing_poller(&queue);
    world.run(&poller, "minute").await;
    let handed = queue.take()[0];
    world.fault(FaultRequest { hang_next_ms: Some(200), hang_count: Some(2), ..FaultRequest::default() });

    let (one, two) =
        tokio::join!(serve(&world, &poller, "one", handed), serve(&world, &poller, "two", handed));
    assert_eq!(one.polled + two.polled, 1);
    assert_ne!(one.busy, two.busy);
}

#[tokio::test]
async fn message_after_its_minute_does_nothing() {
    let (world, prs) = with_two_links_due().await;
    let queue = Arc::new(MemoryQueue::default());
    let poller = world.sharing_poller(&queue);
    world.run(&poller, "minute").await;
    world.advance(60);
    for handed in queue.take() {
        assert_eq!(serve(&world, &poller, "late", handed).await, Summary::default());
    }
    assert_eq!(world.state(prs[0]).await.polled_at, None);

    world.run(&poller, "the next minute").await;
    assert_eq!(queue.take().len(), 2, "the next minute's run hands them over again");
}

#[tokio::test]
async fn run_serves_refused_shards_and_loses_nothing() {
    let (world, prs) = with_two_links_due().await;
    let queue = Arc::new(MemoryQueue::refusing());
    let poller = world.sharing_poller(&queue);

    let first = world.run(&poller, "minute").await;
    assert_eq!((first.handed_over, first.polled), (0, 1), "one link a pass, and time for one pass");
    let second = world.run(&poller, "the next minute").await;
    assert_eq!(second.polled, 1, "the other one stayed due");
    for pr in prs {
        assert!(world.state(pr).await.polled_at.is_some());
    }
}
