//! G4: no task change is lost. Bitbucket reports none of them.

use simulator::FaultRequest;
use system::log::{actor_of, text_of};
use system::{Pr, World};

/// Opens a pull request as Alice, with an open window so that it is polled.
async fn watched(world: &World) -> Pr {
    let pr = world.alice().opens("gear").await;
    world.bob().comments(pr, "first").await;
    world.run_for(40).await;
    pr
}

#[tokio::test]
async fn each_change_of_a_task_is_one_event_in_order() {
    let world = World::start().await;
    let pr = watched(&world).await;
    let task = world.alice().adds_task(pr, "oil it").await;
    world.run_for(120).await;
    world.alice().edits_task(pr, task, "oil it well").await;
    world.run_for(120).await;
    world.bob().resolves_task(pr, task).await;
    world.run_for(120).await;
    world.alice().reopens_task(pr, task).await;
    world.run_for(120).await;
    world.bob().resolves_task(pr, task).await;
    world.run_for(120).await;
    world.alice().deletes_task(pr, task).await;
    world.run_for(900).await;
    assert_eq!(
        world.events_after(pr, 2).await,
        [
            "3 pullrequest:task_created poll",
            "4 pullrequest:task_updated poll",
            "5 pullrequest:task_resolved poll",
            "6 pullrequest:task_reopened poll",
            "7 pullrequest:task_resolved poll",
            "8 pullrequest:task_deleted poll",
        ]
    );
    let actors: Vec<_> = world.log(pr).await[2..].iter().map(actor_of).collect();
    let [alice, bob] = ["alice", "bob"].map(|name| Some(name.to_owned()));
    assert_eq!(
        actors,
        [alice, None, bob.clone(), None, bob, None],
        "null if Bitbucket does not name the actor"
    );
}

#[tokio::test]
async fn a_task_created_and_resolved_between_two_polls_is_two_events() {
    let world = World::start().await;
    let pr = watched(&world).await;
    let task = world.alice().adds_task(pr, "oil it").await;
    world.bob().resolves_task(pr, task).await;
    world.run_for(900).await;
    assert_eq!(
        world.events_after(pr, 2).await,
        ["3 pullrequest:task_created poll", "4 pullrequest:task_resolved poll"]
    );
}

#[tokio::test]
async fn a_task_edited_and_resolved_between_two_polls_is_two_events() {
    let world = World::start().await;
    let pr = watched(&world).await;
    let task = world.alice().adds_task(pr, "oil it").await;
    world.run_for(60).await;
    world.alice().edits_task(pr, task, "oil it well").await;
    world.bob().resolves_task(pr, task).await;
    world.run_for(900).await;
    assert_eq!(
        world.events_after(pr, 3).await,
        ["4 pullrequest:task_updated poll", "5 pullrequest:task_resolved poll"]
    );
    assert_eq!(text_of(&world.last_event(pr).await), "oil it well");
}

#[tokio::test]
async fn task_resolved_twice_between_polls_is_published_as_resolved() {
    let world = World::start().await;
    let pr = watched(&world).await;
    let task = world.alice().adds_task(pr, "oil it").await;
    world.bob().resolves_task(pr, task).await;
    world.run_for(60).await;
    world.advance(1);
    world.bob().reopens_task(pr, task).await;
    world.alice().resolves_task(pr, task).await;
    world.run_for(900).await;
    assert_eq!(
        world.events_after(pr, 4).await,
        ["5 pullrequest:task_reopened poll", "6 pullrequest:task_resolved poll"]
    );
}

#[tokio::test]
async fn task_added_with_another_event_needs_no_window() {
    let world = World::start().await;
    let pr = world.alice().opens("gear").await;
    world.run_for(60).await;
    world.bob().approves(pr).await;
    world.bob().adds_task(pr, "oil it").await;
    world.run_for(3).await;
    assert_eq!(
        world.events_after(pr, 1).await,
        ["2 pullrequest:approved webhook", "3 pullrequest:task_created poll"]
    );
}

#[tokio::test]
async fn task_added_during_a_poll_is_found_by_the_next_one() {
    let world = World::start().await;
    let pr = world.alice().opens("gear").await;
    world.advance(3);
    // The poll has read the tasks and waits for the comments.
    for ms in [0, 300] {
        let (hang_next_ms, only_for) = (Some(ms), Some("bot".to_owned()));
        world.fault(FaultRequest { hang_next_ms, only_for, ..FaultRequest::default() });
    }
    let work = async {
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        world.bob().approves(pr).await;
        world.bob().adds_task(pr, "oil it").await;
    };
    tokio::join!(world.poll(), work);
    world.run_for(5).await;
    assert_eq!(
        world.events_after(pr, 1).await,
        ["2 pullrequest:approved webhook", "3 pullrequest:task_created poll"]
    );
}

#[tokio::test]
async fn task_found_late_has_its_creation_time() {
    let world = World::start().await;
    let pr = world.alice().opens("gear").await;
    world.run_for(60).await;
    let created_at = world.now();
    world.bob().adds_task(pr, "oil it").await;
    world.run_for(3_600).await;
    assert_eq!(world.events_after(pr, 1).await, [""; 0], "no webhook reports the new task");
    world.alice().retitles(pr, "gears").await;
    world.run_for(3).await;
    assert_eq!(
        world.events_after(pr, 1).await,
        ["2 pullrequest:updated webhook", "3 pullrequest:task_created poll"]
    );
    assert_eq!(world.last_event(pr).await.occurred_at, Some(created_at));
}
