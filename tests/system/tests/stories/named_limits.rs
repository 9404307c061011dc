//! G8 with a limit that Bitbucket names: it holds as ours does. Calls are saved while other programs spend them too.

use poller::PollerSettings;
use relay::Settings;
use simulator::{FaultRequest, ScaledLimit};
use system::truth::check;
use system::{Pr, Repo, Setup, World};

use crate::budget::busiest_hour;

const REPO: Repo = Repo::Widgets;

/// Starts a world with `CallsPerHour` 900 in which Bitbucket names this limit for the credential of `widgets`.
async fn allowing(calls_per_hour: u32) -> World {
    let setup = Setup::default();
    let limits = PollerSettings { calls_per_hour: 900, max_calls_per_run: 120, ..setup.limits };
    let settings = Settings { poll_interval_seconds: 15, ..setup.settings };
    let world = World::with(Setup { limits, settings, ..setup }).await;
    let account = REPO.bot().to_owned();
    let scaled_limit = Some(ScaledLimit { account, calls_per_hour });
    world.fault(FaultRequest { scaled_limit, ..FaultRequest::default() });
    world
}

/// Makes calls with the same token, as another program does.
async fn another_program_calls(world: &World, count: usize) {
    let program = world.simulator.person(REPO.bot()).unwrap();
    for _ in 0..count {
        assert_eq!(program.get("").await.unwrap().0, 200);
    }
}

async fn with_a_comment(world: &World, branch: &str) -> (Pr, u64) {
    let pr = world.alice().opens(branch).await;
    (pr, world.bob().comments(pr, "first").await)
}

#[tokio::test]
async fn lower_named_limit_holds_and_no_edit_is_lost() {
    let world = allowing(200).await;
    let mut windows = Vec::new();
    for number in 0..24 {
        windows.push(with_a_comment(&world, &format!("branch-{number}")).await);
    }
    world.run_for(20).await;
    for (pr, comment) in &windows {
        world.bob().edits(*pr, *comment, "silently").await;
    }
    for minute in 0..120 {
        world.advance(60);
        if minute % 7 == 0 {
            // A cold start: the named limit is recorded in the table, not in a process.
            world.run(&world.another_poller(), "poller-2").await;
        }
        world.poll().await;
    }
    let busiest = busiest_hour(&world.call_times(REPO));
    assert!((100..=200).contains(&busiest), "{busiest} calls in an hour");
    assert_eq!(world.simulator.call_counts()[REPO.bot()].rate_limited, 0, "Bitbucket never refused a call");
    for (pr, _) in windows {
        check(&world, pr).await.unwrap();
        assert!(world.subject_state(pr).await.watch.is_none(), "every window was checked after its end");
    }
}

/// Number of calls in five minutes with an open window, after a first poll.
async fn calls_for_a_window(world: &World) -> u64 {
    with_a_comment(world, "gear").await;
    world.run_for(5).await;
    let before = world.calls(REPO);
    let (pr, comment) = with_a_comment(world, "wheel").await;
    world.run_for(300).await;
    let calls = world.calls(REPO) - before;
    world.bob().edits(pr, comment, "silently").await;
    world.run_for(800).await;
    check(world, pr).await.unwrap();
    assert_eq!(world.events(pr).await.last().unwrap(), "3 pullrequest:comment_updated poll");
    calls
}

#[tokio::test]
async fn calls_are_saved_while_others_spend_the_same_limit() {
    let (alone, shared) = (allowing(1_000).await, allowing(1_000).await);
    another_program_calls(&shared, 800).await;
    let (usual, saving) = (calls_for_a_window(&alone).await, calls_for_a_window(&shared).await);
    assert!(saving > 0 && saving * 2 < usual, "{saving} calls instead of {usual}");
}

#[tokio::test]
async fn polls_return_to_normal_after_others_stop() {
    let (alone, shared) = (allowing(1_000).await, allowing(1_000).await);
    another_program_calls(&shared, 800).await;
    calls_for_a_window(&shared).await;
    shared.advance(3_600);
    let usual = calls_for_a_window(&alone).await;
    let later = calls_for_a_window(&shared).await;
    assert!(later.abs_diff(usual) <= 4, "{later} calls instead of {usual}");
}
