//! A backlog of sweeps: it delays no window, no other link, and it drains within half of the hour's calls.

use poller::PollerSettings;
use relay::observation::LinkObservation;
use relay::{Observation, Settings, Subject, SweepTargets};
use store::{Recorder, SubjectLog};
use system::clock::SimulatedClock;
use system::{Pr, Repo, Setup, World};

const LINK: Repo = Repo::Widgets;

/// The longest that an edit waits: window, margin and slack (docs/design/polling-and-budget.md), and one run.
const BOUND_SECONDS: u64 = 660 + 50 + 60;

/// Starts a world whose link names a workspace with this many repositories, with a limit of calls an hour.
async fn with_named(repositories: usize, calls_per_hour: u32) -> World {
    let setup = Setup::default();
    let limits = PollerSettings { calls_per_hour, max_calls_per_run: 120, ..setup.limits };
    let settings = Settings { sweep_seconds: 300, ..setup.settings };
    let quiet_repositories = repositories - 2;
    let world = World::with(Setup { limits, settings, quiet_repositories, ..setup }).await;
    name_workspace(&world).await;
    world
}

/// Names the workspace in the table, as `bitrelay link sweep` does, and in the link's document.
async fn name_workspace(world: &World) {
    world.name_targets(LINK, &["acme"]);
    let targets: SweepTargets =
        std::collections::BTreeSet::from(["acme".parse().unwrap()]).try_into().unwrap();
    let configured = Observation::Link(LinkObservation::Configured(targets));
    let clock = SimulatedClock(world.simulator.clone());
    let (link, settings) = (LINK.link(), world.setup.settings);
    let recorder = Recorder { table: &world.table, clock: &clock, settings: &settings };
    recorder.record(&link, &Subject::Link, &configured).await.unwrap();
}

/// Runs the poller every five seconds: with a backlog, each run takes real time.
async fn run_for(world: &World, seconds: u64) {
    for _ in 0..seconds / 5 {
        world.advance(5);
        world.poll().await;
    }
}

/// Edits a comment silently in the middle of its window, and waits for the longest time that it may take.
async fn edit_is_published_within_its_bound(world: &World, repo: Repo) {
    let alice = world.member("alice", repo);
    let pr: Pr = alice.opens("gear").await;
    let comment = alice.comments(pr, "Is it oiled?").await;
    run_for(world, 300).await;
    alice.edits(pr, comment, "Is it well oiled?").await;
    run_for(world, BOUND_SECONDS).await;
    let events = world.events(pr).await;
    assert!(events.iter().any(|event| event.ends_with("pullrequest:comment_updated poll")), "{events:?}");
}

#[tokio::test]
async fn thousand_named_repositories_starve_no_window() {
    let world = with_named(1_000, relay::budget::DEFAULT_CALLS_PER_HOUR).await;
    run_for(&world, 60).await;
    edit_is_published_within_its_bound(&world, LINK).await;
}

#[tokio::test]
async fn two_thousand_named_repositories_starve_no_window() {
    let world = with_named(2_000, relay::budget::DEFAULT_CALLS_PER_HOUR).await;
    run_for(&world, 60).await;
    edit_is_published_within_its_bound(&world, LINK).await;
}

#[tokio::test]
async fn backlog_after_an_outage_starves_no_window() {
    // Fewer repositories and calls than by default, in the same proportion.
    let world = with_named(300, 270).await;
    run_for(&world, 60).await;
    // The poller stands still until every sweep is overdue by hours.
    world.advance(12 * 3_600);
    for repo in [Repo::Widgets, Repo::Gadgets] {
        edit_is_published_within_its_bound(&world, repo).await;
    }
}

#[tokio::test]
async fn sweeps_of_many_repositories_take_half_of_the_calls() {
    // 100 repositories wanted 100 sweeps an hour of 90 calls.
    let world = with_named(100, 90).await;
    let hours = async |hours: u64| {
        for _ in 0..hours * 60 {
            world.advance(60);
            world.poll().await;
        }
    };
    hours(4).await;
    let before = world.calls(LINK);
    hours(2).await;
    let made = world.calls(LINK) - before;
    assert!((80..=100).contains(&made), "expected 45 sweeps and a listing an hour, got {made} calls in two");
    let due = world.table.due(world.now(), 200).await.unwrap();
    assert!(due.len() < 5, "sweeps are not overdue: {due:?}");
}
