//! Metrics that a run of the poller writes.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use metrics::Metrics;
use serde_json::{Value, json};
use simulator::{FaultRequest, StatusFault};
use store::Shard;
use store::memory::Fault;
use system::queue::MemoryQueue;
use system::{Repo, World};

/// Lines written to the log.
#[derive(Debug, Default)]
struct Lines(Arc<Mutex<Vec<String>>>);

impl Lines {
    /// The metrics of a stack with `BITRELAY_METRICS` set to `switch`.
    fn switched(&self, switch: &str) -> Option<Metrics> {
        let lookup = |name: &str| match name {
            "BITRELAY_METRICS" => Some(switch.to_owned()),
            "BITRELAY_STACK" => Some("bitrelay".to_owned()),
            _ => None,
        };
        Metrics::from_environment(lookup, self.0.clone()).unwrap()
    }

    fn take(&self) -> Vec<Value> {
        let taken = std::mem::take(&mut *self.0.lock().unwrap());
        taken.iter().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

/// The values of these fields; null if the line lacks a field.
fn fields<const N: usize>(line: &Value, names: [&str; N]) -> [Value; N] {
    names.map(|name| line[name].clone())
}

const BACKLOG: [&str; 5] = ["link", "Polls", "PollsFailed", "WatchesDue", "OldestOverdueSeconds"];
const OF_ALL: [&str; 3] = ["link", "OldestOverdueSeconds", "PollsFailed"];

/// Refuses one call of `widgets`, which fails the poll and pauses the link.
fn refuse_widgets(world: &World) {
    world.fault(FaultRequest {
        api_status_next: Some(StatusFault { status: 401, count: 1 }),
        only_for: Some(Repo::Widgets.bot().to_owned()),
        ..FaultRequest::default()
    });
}

#[tokio::test]
async fn run_reports_polls_and_calls_left_of_each_link() {
    let (world, lines) = (World::start().await, Lines::default());
    let pr = world.alice().opens("gear").await;
    let comment = world.bob().comments(pr, "first").await;
    world.run_for(60).await;
    world.bob().edits(pr, comment, "second").await;
    world.advance(60);
    let calls_before = world.calls(Repo::Widgets);

    let poller = world.another_poller().with_metrics(lines.switched("true"));
    let summary = world.run(&poller, "measured").await;

    let [of_widgets, of_all] = lines.take().try_into().unwrap();
    let calls = world.calls(Repo::Widgets);
    assert!(calls_before > 0 && calls > calls_before, "{calls_before} and {calls} calls");
    assert_eq!(
        fields(&of_widgets, ["Polls", "EventsFound", "CallsMade", "CallsLastHour", "CallsLeft"]),
        [json!(1), json!(1), json!(calls - calls_before), json!(calls), json!(1_000_000 - calls)]
    );
    assert_eq!((summary.polled, summary.events, u64::from(summary.calls)), (1, 1, calls - calls_before));
    let no_backlog = [json!("widgets"), json!(1), json!(0), json!(0), json!(0)];
    assert_eq!(fields(&of_widgets, BACKLOG), no_backlog);
    assert_eq!(fields(&of_all, OF_ALL), [Value::Null, json!(0), json!(0)]);

    let texts = of_widgets.as_object().unwrap().iter().filter(|(_, value)| value.is_string());
    let texts: BTreeSet<_> = texts.map(|(name, _)| name.as_str()).collect();
    assert_eq!(
        texts,
        BTreeSet::from(["level", "timestamp", "stack", "link"]),
        "all other fields are numbers"
    );
}

#[tokio::test]
async fn missed_deadline_shows_its_age_until_a_poll() {
    let (world, lines) = (World::start().await, Lines::default());
    let poller = world.another_poller().with_metrics(lines.switched("true"));
    let pr = world.alice().opens("gear").await;
    world.bob().comments(pr, "first").await;
    // The window is 600 seconds and its margin 60. They begin some microseconds later, because the comment is still
    // being written.
    world.advance(660 + 90 + 1);

    refuse_widgets(&world);
    world.run(&poller, "refused").await;
    let [of_widgets, of_all] = lines.take().try_into().unwrap();
    assert_eq!(fields(&of_widgets, BACKLOG), [json!("widgets"), json!(0), json!(1), json!(1), json!(90)]);
    assert_eq!(fields(&of_all, OF_ALL), [Value::Null, json!(90), json!(1)]);

    world.advance(1);
    world.run(&poller, "paused").await;
    let [of_widgets, of_all] = lines.take().try_into().unwrap();
    assert_eq!(fields(&of_widgets, BACKLOG), [json!("widgets"), json!(0), json!(0), json!(1), json!(91)]);
    assert_eq!(of_widgets.get("CallsLeft"), None, "the run reserved no calls");
    assert_eq!(fields(&of_all, OF_ALL), [Value::Null, json!(91), json!(0)]);

    world.advance(600);
    world.run(&poller, "polls").await;
    let [of_widgets, of_all] = lines.take().try_into().unwrap();
    assert_eq!(fields(&of_widgets, BACKLOG), [json!("widgets"), json!(1), json!(0), json!(0), json!(0)]);
    assert_eq!(fields(&of_all, OF_ALL), [Value::Null, json!(0), json!(0)]);
}

#[tokio::test]
async fn each_link_has_metrics_and_the_stack_the_oldest_deadline() {
    let (world, lines) = (World::start().await, Lines::default());
    let poller = world.another_poller().with_metrics(lines.switched("true"));
    for repo in [Repo::Widgets, Repo::Gadgets] {
        let pr = world.member("alice", repo).opens("branch").await;
        world.member("bob", repo).comments(pr, "first").await;
        world.advance(10);
    }
    world.advance(700 + 1);
    refuse_widgets(&world);
    world.run(&poller, "measured").await;
    let [of_gadgets, of_widgets, of_all] = lines.take().try_into().unwrap();
    assert_eq!(fields(&of_gadgets, BACKLOG), [json!("gadgets"), json!(1), json!(0), json!(0), json!(0)]);
    assert_eq!(fields(&of_widgets, BACKLOG), [json!("widgets"), json!(0), json!(1), json!(1), json!(60)]);
    assert_eq!(fields(&of_all, OF_ALL), [Value::Null, json!(60), json!(1)]);
}

#[tokio::test]
async fn links_that_share_a_credential_show_the_same_calls_left() {
    let (world, lines) = (World::start().await, Lines::default());
    let token = json!({ "type": "bearer", "token": format!("{}-access-token", Repo::Widgets.bot()) });
    world.set_link(Repo::Gadgets, Some(token));
    for repo in [Repo::Widgets, Repo::Gadgets] {
        world.member("alice", repo).opens("branch").await;
    }
    world.advance(5);
    let poller = world.another_poller().with_metrics(lines.switched("true"));
    let summary = world.run(&poller, "measured").await;
    let [of_gadgets, of_widgets, _] = lines.take().try_into().unwrap();
    let calls_of_both = json!(summary.calls);
    assert_eq!(fields(&of_gadgets, ["CallsLastHour"]), std::slice::from_ref(&calls_of_both));
    assert_eq!(fields(&of_widgets, ["CallsLastHour"]), [calls_of_both]);
    let made = [&of_gadgets, &of_widgets].map(|line| line["CallsMade"].as_u64().unwrap());
    assert!(made[0] > 0 && made[1] > 0 && made[0] + made[1] == u64::from(summary.calls), "{made:?}");
}

#[tokio::test]
async fn quiet_run_writes_one_line_and_no_link_metrics() {
    let (world, lines) = (World::start().await, Lines::default());
    let poller = world.another_poller().with_metrics(lines.switched("true"));
    world.run(&poller, "quiet").await;
    let [of_all] = lines.take().try_into().unwrap();
    assert_eq!(fields(&of_all, OF_ALL), [Value::Null, json!(0), json!(0)]);
}

#[tokio::test]
async fn shard_metrics_come_from_the_run_that_serves_it() {
    let (world, lines) = (World::start().await, Lines::default());
    for repo in [Repo::Widgets, Repo::Gadgets] {
        world.member("alice", repo).opens("branch").await;
    }
    world.advance(5);
    let queue = Arc::new(MemoryQueue::default());
    let poller = world.sharing_poller(&queue).with_metrics(lines.switched("true"));
    world.run(&poller, "minute").await;
    assert_eq!(lines.take().len(), 1, "only the stack's line");
    let mut served = BTreeSet::new();
    for handed in queue.take() {
        poller.run_shard("shard", handed, handed.until).await.unwrap();
        let [of_link, _] = lines.take().try_into().unwrap();
        assert_eq!(of_link["Polls"], 1);
        served.insert(of_link["link"].as_str().unwrap().to_owned());
    }
    assert_eq!(served, BTreeSet::from(["gadgets".to_owned(), "widgets".to_owned()]));
}

#[tokio::test]
async fn disabled_metrics_write_nothing() {
    let (world, lines) = (World::start().await, Lines::default());
    for (switch, written) in [("false", 0), ("true", 2)] {
        world.alice().opens(&format!("branch-{switch}")).await;
        world.advance(5);
        let poller = world.another_poller().with_metrics(lines.switched(switch));
        assert_eq!(world.run(&poller, switch).await.polled, 1);
        assert_eq!(lines.take().len(), written, "{switch}");
    }
}

#[tokio::test]
async fn failed_run_reports_its_backlog_if_the_table_answers() {
    for (failures, written) in [(1, 2), (2, 0)] {
        let (world, lines) = (World::start().await, Lines::default());
        world.alice().opens("gear").await;
        world.advance(5);
        let poller = world.another_poller().with_metrics(lines.switched("true"));
        // The pass makes the first query, the metrics make the second.
        world.table.inject(Fault::DueFails, failures);
        let deadline = world.now() + jiff::SignedDuration::from_secs(1);
        assert!(poller.run("failing", deadline).await.is_err());
        let taken = lines.take();
        assert_eq!(taken.len(), written, "{failures} failures");
        assert!(taken.iter().take(1).all(|line| line["WatchesDue"] == 1), "{taken:?}");
    }
}

#[tokio::test]
async fn items_that_states_let_go_of_are_counted() {
    let mut setup = system::Setup::default();
    setup.settings.max_state_weight = 20_000;
    let (world, lines) = (World::with(setup).await, Lines::default());
    let pr = world.alice().opens("gear").await;
    world.lose_next(u32::MAX);
    for number in 0..250 {
        world.bob().comments(pr, &format!("comment {number}")).await;
    }
    world.advance(60);
    let poller = world.another_poller().with_metrics(lines.switched("true"));
    assert_eq!(world.run(&poller, "measured").await.events, 250);
    let [of_widgets, of_all] = lines.take().try_into().unwrap();
    let let_go = world.state(pr).await.let_go.unwrap().comments;
    assert!(let_go > 50);
    assert_eq!((&of_all["ItemsLetGo"], of_widgets.get("ItemsLetGo")), (&json!(let_go), None));
}

#[tokio::test]
async fn deliveries_that_stay_unfolded_are_counted() {
    let (world, lines) = (World::start().await, Lines::default());
    let pr = world.alice().opens("gear").await;
    // Two deliveries are refused, and each again by the run.
    world.table.inject(Fault::CommitRefused, 4);
    for text in ["first", "second"] {
        world.bob().comments(pr, text).await;
    }
    let poller = world.another_poller().with_metrics(lines.switched("true"));
    let unfolded = || lines.take().last().unwrap()["DeliveriesUnfolded"].clone();
    assert_eq!((world.run(&poller, "refused").await.folded, unfolded()), (0, json!(2)));
    world.advance(60);
    // The shard of the two cannot be read, nor another one.
    world.table.inject(Fault::KeptFails, Shard::all().count());
    assert_eq!((world.run(&poller, "unreadable").await.folded, unfolded()), (0, json!(Shard::all().count())));
    assert_eq!((world.run(&poller, "folds").await.folded, unfolded()), (2, json!(0)));
}
