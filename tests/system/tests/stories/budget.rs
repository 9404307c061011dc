//! G8: a run makes at most its number of calls for each link, and no rolling hour has more than the limit. The most
//! urgent watches go first.

use jiff::SignedDuration;
use poller::PollerSettings;
use relay::Settings;
use serde_json::json;
use simulator::{FaultRequest, StatusFault};
use store::SubjectLog;
use system::truth::check;
use system::{Pr, Repo, Setup, World};

async fn with_calls(max_calls_per_run: u32) -> World {
    let setup = Setup::default();
    let limits = PollerSettings { max_calls_per_run, ..setup.limits };
    World::with(Setup { limits, ..setup }).await
}

async fn open(world: &World, count: u64) -> Vec<Pr> {
    let mut prs = Vec::new();
    for number in 0..count {
        prs.push(world.alice().opens(&format!("branch-{number}")).await);
        world.advance(1);
    }
    prs
}

async fn polled(world: &World, prs: &[Pr]) -> Vec<bool> {
    let mut polled = Vec::new();
    for pr in prs {
        polled.push(world.state(*pr).await.polled_at.is_some());
    }
    polled
}

#[tokio::test]
async fn next_runs_poll_the_rest_longest_due_first() {
    let world = with_calls(7).await;
    let prs = open(&world, 8).await;
    world.advance(5);
    for (calls, count) in [(6, 3), (6, 6), (4, 8)] {
        let summary = world.poll().await;
        assert_eq!((summary.calls, summary.failed), (calls, 0));
        let expected: Vec<bool> = (0..8).map(|index| index < count).collect();
        assert_eq!(polled(&world, &prs).await, expected);
    }
}

#[tokio::test]
async fn a_spent_allowance_pauses_nothing_beyond_its_run() {
    let world = with_calls(2).await;
    let prs = open(&world, 6).await;
    world.advance(5);
    for count in 1..=6 {
        world.poll().await;
        assert_eq!(polled(&world, &prs).await.iter().filter(|polled| **polled).count(), count);
    }
}

#[tokio::test]
async fn another_links_calls_are_its_own() {
    let world = with_calls(2).await;
    open(&world, 3).await;
    let other = world.member("alice", Repo::Gadgets).opens("lever").await;
    world.advance(5);
    assert_eq!(world.poll().await.calls, 4);
    assert!(world.state(other).await.polled_at.is_some());
}

#[tokio::test]
async fn calls_of_a_poll_are_independent_of_watched_comments() {
    let mut calls = Vec::new();
    for count in [1, 10, 100] {
        let world = World::start().await;
        let pr = world.alice().opens("gear").await;
        for number in 0..count {
            world.bob().comments(pr, &format!("comment {number}")).await;
        }
        world.run_for(700).await;
        calls.push(world.calls(Repo::Widgets));
        check(&world, pr).await.unwrap();
    }
    assert_eq!(calls, [calls[0]; 3]);
    assert!(calls[0] <= 2 * (700 / 60 + 5), "{calls:?}");
}

#[tokio::test]
async fn deletions_beyond_one_runs_calls_are_found_by_later_runs() {
    let world = with_calls(6).await;
    let pr = world.alice().opens("gear").await;
    let mut comments = Vec::new();
    for number in 0..12 {
        comments.push(world.bob().comments(pr, &format!("comment {number}")).await);
    }
    world.run_for(20).await;
    world.lose_next(12);
    for comment in comments {
        world.bob().deletes(pr, comment).await;
    }
    world.run_for(60).await;
    check(&world, pr).await.unwrap();
}

#[tokio::test]
async fn large_pull_request_does_not_starve_others() {
    let world = with_calls(4).await;
    let large = world.alice().opens("gear").await;
    let mut comments = Vec::new();
    for number in 0..420 {
        comments.push(world.bob().comments(large, &format!("comment {number}")).await);
    }
    let small = world.alice().opens("wheel").await;
    let comment = world.bob().comments(small, "first").await;
    world.run_for(60).await;
    world.bob().edits(small, comment, "second").await;
    world.bob().edits(large, comments[0], "second").await;
    world.run_for(60).await;
    for pr in [large, small] {
        let edits =
            world.events(pr).await.iter().filter(|line| line.contains("comment_updated poll")).count();
        assert_eq!(edits, 1, "{pr:?}");
    }
}

#[tokio::test]
async fn watches_of_a_paused_link_do_not_hide_another_links() {
    let world = World::start().await;
    open(&world, 210).await;
    world.advance(5);
    world.fault(FaultRequest {
        api_status_next: Some(StatusFault { status: 401, count: 1 }),
        only_for: Some("bot".to_owned()),
        ..FaultRequest::default()
    });
    world.poll().await;
    let other = world.member("alice", Repo::Gadgets).opens("lever").await;
    world.advance(3);
    world.poll().await;
    assert!(world.state(other).await.polled_at.is_some());
}

#[tokio::test]
async fn run_continues_while_a_watch_is_due_before_its_deadline() {
    let settings = Settings { sweep_seconds: 0, ..Settings::default() };
    let world = World::with(Setup { settings, ..Setup::default() }).await;
    let pr = world.alice().opens("gear").await;
    let (poller, deadline) = (world.another_poller(), world.now() + SignedDuration::from_secs(50));
    let work = async {
        // Only this test advances the clock; the run reads it at every pass.
        for _ in 0..49 {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
            world.advance(1);
        }
        world.advance(1);
    };
    world.bob().comments(pr, "first").await;
    let (summary, ()) = tokio::join!(poller.run("one", deadline), work);
    let summary = summary.unwrap();
    assert!((3..=4).contains(&summary.polled), "at 2, 17, 32 and 47 seconds: {summary:?}");
    assert!(summary.passes > 10, "{summary:?}");
}

#[tokio::test]
async fn run_without_due_watches_returns_at_once() {
    let world = World::start().await;
    let pr = world.alice().opens("gear").await;
    world.run_for(5).await;
    let (poller, deadline) = (world.another_poller(), world.now() + SignedDuration::from_secs(50));
    let summary = poller.run("one", deadline).await.unwrap();
    assert_eq!((summary.passes, summary.polled), (1, 0));
    assert!(world.subject_state(pr).await.watch.is_none());
}

/// Largest number of calls in an hour that begins with a call.
pub(crate) fn busiest_hour(calls: &[jiff::Timestamp]) -> usize {
    let hour = SignedDuration::from_hours(1);
    let within = |start: jiff::Timestamp, at: jiff::Timestamp| at >= start && at.duration_since(start) < hour;
    let counts = calls.iter().map(|start| calls.iter().filter(|at| within(*start, **at)).count());
    counts.max().unwrap_or(0)
}

#[tokio::test]
async fn hourly_limit_holds_and_no_edit_is_lost() {
    let setup = Setup::default();
    let limits = PollerSettings { calls_per_hour: 100, ..setup.limits };
    let settings = Settings { poll_interval_seconds: 15, ..setup.settings };
    let world = World::with(Setup { limits, settings, ..setup }).await;
    let prs = open(&world, 12).await;
    let mut comments = Vec::new();
    for pr in &prs {
        comments.push(world.bob().comments(*pr, "first").await);
    }
    world.run_for(300).await;
    for (pr, comment) in prs.iter().zip(&comments) {
        world.bob().edits(*pr, *comment, "silently").await;
    }
    let mut poller = world.another_poller();
    for minute in 0..120 {
        world.advance(60);
        if minute % 7 == 0 {
            // A cold start: the calls spent are recorded in the table, not in a process.
            poller = world.another_poller();
        }
        world.run(&poller, "poller-2").await;
    }
    let busiest = busiest_hour(&world.call_times(Repo::Widgets));
    assert!((50..=100).contains(&busiest), "{busiest} calls in an hour");
    for pr in prs {
        check(&world, pr).await.unwrap();
        assert!(world.subject_state(pr).await.watch.is_none(), "every window was checked after its end");
        assert_eq!(world.events(pr).await.last().unwrap(), "3 pullrequest:comment_updated poll");
    }
}

#[tokio::test]
async fn links_share_a_credentials_limit_and_lose_no_edit() {
    let setup = Setup::default();
    let limits = PollerSettings { calls_per_hour: 60, ..setup.limits };
    let settings = Settings { poll_interval_seconds: 15, ..setup.settings };
    let world = World::with(Setup { limits, settings, ..setup }).await;
    let token = json!({ "type": "bearer", "token": format!("{}-access-token", Repo::Widgets.bot()) });
    world.set_link(Repo::Gadgets, Some(token));
    let mut prs = Vec::new();
    for repo in [Repo::Widgets, Repo::Gadgets] {
        for number in 0..5 {
            let pr = world.member("alice", repo).opens(&format!("branch-{number}")).await;
            let comment = world.member("bob", repo).comments(pr, "first").await;
            prs.push((repo, pr, comment));
        }
    }
    world.advance(300);
    for (repo, pr, comment) in &prs {
        world.member("bob", *repo).edits(*pr, *comment, "silently").await;
    }
    let poller = world.another_poller();
    for _ in 0..120 {
        world.advance(60);
        world.run(&poller, "poller-2").await;
    }
    let busiest = busiest_hour(&world.call_times(Repo::Widgets));
    assert!((30..=60).contains(&busiest), "{busiest} calls in an hour");
    assert_eq!(world.calls(Repo::Gadgets), 0, "its own credential is not used");
    for (_, pr, _) in prs {
        check(&world, pr).await.unwrap();
        assert!(world.subject_state(pr).await.watch.is_none(), "every window was checked after its end");
        assert_eq!(world.events(pr).await.last().unwrap(), "3 pullrequest:comment_updated poll");
    }
}

/// Answers the next call of `widgets` with 429.
fn answers_429_once(world: &World) {
    world.fault(FaultRequest {
        api_status_next: Some(StatusFault { status: 429, count: 1 }),
        only_for: Some(Repo::Widgets.bot().to_owned()),
        ..FaultRequest::default()
    });
}

#[tokio::test]
async fn a_429_ends_the_calls_of_every_link_with_the_same_credential() {
    let world = World::start().await;
    let token = json!({ "type": "bearer", "token": format!("{}-access-token", Repo::Widgets.bot()) });
    world.set_link(Repo::Gadgets, Some(token));
    world.alice().opens("gear").await;
    world.advance(5);
    answers_429_once(&world);
    world.poll().await;
    let calls = world.calls(Repo::Widgets);
    world.member("alice", Repo::Gadgets).opens("lever").await;
    world.advance(5);
    assert_eq!(world.run(&world.another_poller(), "poller-2").await.calls, 0);
    assert_eq!(world.calls(Repo::Widgets), calls);
}

#[tokio::test]
async fn a_429_is_obeyed_by_a_poller_that_never_saw_it() {
    let world = World::start().await;
    let prs = open(&world, 2).await;
    world.advance(5);
    answers_429_once(&world);
    world.poll().await;
    let calls = world.calls(Repo::Widgets);
    // Bitbucket's 429 has no `Retry-After`.
    world.advance(119);
    assert_eq!(world.run(&world.another_poller(), "poller-2").await.calls, 0);
    assert_eq!(world.calls(Repo::Widgets), calls);
    world.advance(2);
    world.run(&world.another_poller(), "poller-2").await;
    assert!(world.state(prs[0]).await.polled_at.is_some());
}

#[tokio::test]
async fn run_without_calls_reads_no_subject() {
    let mut setup = Setup::default();
    setup.limits.calls_per_hour = 20;
    let world = World::with(setup).await;
    open(&world, 20).await;
    world.advance(5);
    while world.poll().await.calls > 0 {}
    assert!(!world.table.due(world.now(), 1).await.unwrap().is_empty());
    let reads = world.table.calls().reads;
    let summary = world.poll().await;
    assert_eq!((summary.calls, summary.failed, world.table.calls().reads), (0, 0, reads));
}

#[tokio::test]
async fn pull_request_that_must_be_confirmed_first_waits_for_calls_without_a_failure() {
    let world = with_calls(2).await;
    world.set_unsigned(Repo::Gadgets, Repo::Gadgets, json!({ "hooks": ["acme/gadgets"] }));
    let pr = world.member("alice", Repo::Gadgets).opens("gear").await;
    world.advance(5);
    let summary = world.poll().await;
    assert_eq!((summary.calls, summary.polled, summary.failed), (1, 0, 0), "its repository is confirmed");
    world.advance(5);
    let summary = world.poll().await;
    assert_eq!((summary.polled, summary.failed), (1, 0));
    assert!(world.state(pr).await.polled_at.is_some());
}

#[tokio::test]
async fn pull_request_whose_repository_must_be_confirmed_waits_for_a_run_with_calls() {
    let world = with_calls(4).await;
    let hooks = json!({ "hooks": ["acme/gadgets", "acme/widgets"] });
    world.set_unsigned(Repo::Gadgets, Repo::Gadgets, hooks);
    let pr = world.member("alice", Repo::Gadgets).opens("gear").await;
    let other = json!({
        "repository": { "uuid": world.uuid(Repo::Widgets), "full_name": "acme/widgets" },
        "pullrequest": { "id": 1, "state": "OPEN", "updated_on": "2026-11-24T10:00:00Z" },
    });
    world.advance(2);
    world.forge(Repo::Gadgets, "pullrequest:created", &other).await;
    world.advance(5);
    // The first pull request takes all calls.
    let summary = world.poll().await;
    assert_eq!((summary.calls, summary.polled, summary.failed), (4, 1, 0));
    assert!(world.state(pr).await.polled_at.is_some());
}

#[tokio::test]
async fn listing_longer_than_the_calls_that_are_left_is_read_by_the_next_run() {
    let world = with_calls(4).await;
    let small = world.alice().opens("wheel").await;
    world.advance(1);
    let large = world.alice().opens("gear").await;
    world.lose_next(250);
    for number in 0..250 {
        world.bob().comments(large, &format!("comment {number}")).await;
    }
    world.advance(5);
    assert_eq!(world.poll().await.polled, 1);
    assert_eq!(polled(&world, &[small, large]).await, [true, false]);
    world.poll().await;
    assert_eq!(polled(&world, &[small, large]).await, [true, true]);
    world.run_for(120).await;
    assert_eq!(world.log(large).await.len(), 251);
}
