//! The metrics of a run: one line for each link that was polled or has a due watch, and one for the whole stack.
//!
//! Several invocations may write for the same minute, each for its own shards. Counts add up over them; the calls
//! left and the backlog do not.

use std::collections::BTreeMap;

use futures::future::try_join_all;
use jiff::Timestamp;
use metrics::{Metric, Metrics, Scope};
use relay::LinkId;
use relay::budget::Budget;
use store::links::LinkSource;
use store::{Clock, DueWatch, Table};

use crate::run::{LinkStats, Run};
use crate::settings::MAX_WATCHES_READ;
use crate::spender::Spender;

/// The most links with metrics of their own in one run, the first by their ids: each costs (docs/MONITORING.md).
/// Further links count for the stack only.
const MAX_LINKS: usize = 200;

/// The calls of a link's account, over all links that share it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Calls {
    /// Calls of this run, through this link.
    made: u32,
    /// Calls that count in the rolling hour.
    last_hour: u32,
    /// Calls that can be made now.
    left: u32,
}

impl Calls {
    fn new(spender: &Spender, budget: &Budget, limit: u32, now: Timestamp) -> Self {
        Self {
            made: spender.calls_made(),
            last_hour: budget.spent(now),
            left: calls_left(budget, limit, now),
        }
    }
}

/// The calls that can be made now: none during a pause that Bitbucket asked for.
fn calls_left(budget: &Budget, limit: u32, now: Timestamp) -> u32 {
    if budget.blocked(now).is_some() { 0 } else { budget.left(now, limit) }
}

/// The due watches of one link.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Backlog {
    /// Number of due watches.
    watches: u64,
    /// Age of the oldest missed deadline, in seconds; 0 if none was missed.
    oldest_overdue_seconds: u64,
}

impl Backlog {
    fn add(&mut self, due: &DueWatch, now: Timestamp) {
        let late = due.watch.deadline.map_or(0, |deadline| now.duration_since(deadline).as_secs());
        self.watches += 1;
        self.oldest_overdue_seconds = self.oldest_overdue_seconds.max(u64::try_from(late).unwrap_or(0));
    }
}

/// The metrics of one link.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct LinkMetrics {
    stats: LinkStats,
    backlog: Backlog,
    /// `None` if the run reserved no calls: then it does not know the account.
    calls: Option<Calls>,
}

/// Writes the metrics of a run. If the table cannot be read there are none; a run never fails because of them.
pub(crate) async fn write<T: Table, L: LinkSource, C: Clock>(run: &Run<'_, T, L, C>, metrics: &Metrics) {
    let now = run.poller.clock.now();
    match collect(run, now).await {
        Ok(links) => write_links(metrics, now, &links, run.tally().kept.failed),
        Err(error) => tracing::warn!(%error, "this run has no metrics"),
    }
}

/// The metrics of every link in the run's shards. The index of due watches lags behind the table by a moment, so a
/// watch that was polled just now can be counted once more.
async fn collect<T: Table, L: LinkSource, C: Clock>(
    run: &Run<'_, T, L, C>,
    now: Timestamp,
) -> Result<BTreeMap<LinkId, LinkMetrics>, store::Error> {
    let table = &run.poller.table;
    let shards = run.leases.shards().into_iter();
    let due = try_join_all(shards.map(|shard| table.due_in(shard, now, MAX_WATCHES_READ))).await?;
    let mut links: BTreeMap<LinkId, LinkMetrics> = BTreeMap::new();
    for due in due.iter().flatten() {
        links.entry(due.link.clone()).or_default().backlog.add(due, now);
    }
    let (stats, spenders) = {
        let tally = run.tally();
        (tally.links.clone(), tally.spenders.clone())
    };
    for (link, stats) in stats {
        links.entry(link).or_default().stats = stats;
    }
    let mut budgets = BTreeMap::new();
    for (link, spender) in spenders {
        if !budgets.contains_key(&spender.account) {
            budgets.insert(spender.account.clone(), table.read_document(&spender.account).await?);
        }
        let limit = run.poller.limits.calls_per_hour;
        links.entry(link).or_default().calls =
            budgets.get(&spender.account).map(|budget| Calls::new(&spender, budget, limit, now));
    }
    Ok(links)
}

fn write_links(metrics: &Metrics, now: Timestamp, links: &BTreeMap<LinkId, LinkMetrics>, unfolded: u32) {
    for (link, link_metrics) in links.iter().take(MAX_LINKS) {
        metrics.write(now, Scope::Link(link), &of_link(link_metrics));
    }
    if links.len() > MAX_LINKS {
        tracing::warn!(
            links = links.len(),
            "too many links for metrics of their own; the others count for the stack only"
        );
    }
    let oldest = links.values().map(|link| link.backlog.oldest_overdue_seconds).max();
    let failed: u32 = links.values().map(|link| link.stats.failed).sum();
    let refused: u32 = links.values().map(|link| link.stats.refused).sum();
    let let_go: u32 = links.values().map(|link| link.stats.let_go).sum();
    let mut of_all = vec![
        Metric::seconds("OldestOverdueSeconds", oldest.unwrap_or(0)),
        Metric::count("PollsFailed", failed),
        Metric::count("PollsRefused", refused),
        Metric::count("DeliveriesUnfolded", unfolded),
    ];
    if let_go > 0 {
        of_all.push(Metric::count("ItemsLetGo", let_go));
    }
    metrics.write(now, Scope::Stack, &of_all);
}

fn of_link(link: &LinkMetrics) -> Vec<Metric> {
    let LinkMetrics { stats, backlog, calls } = link;
    let mut all = vec![
        Metric::count("Polls", stats.polled),
        Metric::count("PollsFailed", stats.failed),
        Metric::count("PollsRefused", stats.refused),
        Metric::count("EventsFound", stats.events),
        Metric::count("WatchesDue", backlog.watches),
        Metric::seconds("OldestOverdueSeconds", backlog.oldest_overdue_seconds),
    ];
    if let Some(calls) = calls {
        all.extend([
            Metric::count("CallsMade", calls.made),
            Metric::count("CallsLastHour", calls.last_hour),
            Metric::count("CallsLeft", calls.left),
        ]);
    }
    all
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use relay::{Reason, Watch};
    use serde_json::Value;

    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn backlog(deadlines: &[Option<i64>]) -> Backlog {
        let mut backlog = Backlog::default();
        for deadline in deadlines {
            let watch = Watch { due_at: at(0), reason: Reason::WindowOpen, deadline: deadline.map(at) };
            let subject = "pullrequest/r/1".parse().unwrap();
            backlog.add(&DueWatch { link: "a".parse().unwrap(), subject, watch }, at(100));
        }
        backlog
    }

    fn written(links: &BTreeMap<LinkId, LinkMetrics>) -> Vec<Value> {
        let sink = Arc::new(Mutex::new(Vec::new()));
        write_links(&Metrics::new("bitrelay".parse().unwrap(), sink.clone()), at(0), links, 0);
        let taken = sink.lock().unwrap();
        taken.iter().map(|line: &String| serde_json::from_str(line).unwrap()).collect()
    }

    #[test]
    fn backlog_age_counts_from_the_oldest_deadline() {
        let found = |deadlines| {
            let Backlog { watches, oldest_overdue_seconds } = backlog(deadlines);
            (watches, oldest_overdue_seconds)
        };
        assert_eq!(found(&[Some(90), Some(30), Some(60)]), (3, 70));
        assert_eq!(found(&[None, Some(101)]), (2, 0));
    }

    #[test]
    fn no_calls_are_left_during_a_pause() {
        let mut budget = Budget::default();
        budget.reserve(at(0), 900, 100);
        let left = |budget: &Budget, now| calls_left(budget, 900, at(now));
        assert_eq!(left(&budget, 1), 800);
        budget.block(at(10));
        assert_eq!((left(&budget, 9), left(&budget, 10)), (0, 800));
    }

    #[test]
    fn link_without_reservation_has_no_call_metrics() {
        let line = &written(&BTreeMap::from([("a".parse().unwrap(), LinkMetrics::default())]))[0];
        assert_eq!(line["_aws"]["CloudWatchMetrics"][0]["Metrics"].as_array().unwrap().len(), 6);
        assert_eq!(line.get("CallsLeft"), None);
    }

    #[test]
    fn let_go_items_count_for_the_stack_in_runs_with_some() {
        let let_go = |let_go| LinkMetrics {
            stats: LinkStats { let_go, ..LinkStats::default() },
            ..LinkMetrics::default()
        };
        let of_all = |links: &[(&str, u32)]| {
            let links = links.iter().map(|(link, count)| (link.parse().unwrap(), let_go(*count)));
            written(&links.collect()).pop().unwrap().get("ItemsLetGo").cloned()
        };
        assert_eq!(of_all(&[("a", 2), ("b", 3)]), Some(5.into()));
        assert_eq!(of_all(&[("a", 0)]), None);
    }

    #[test]
    fn links_beyond_the_most_count_for_the_stack_only() {
        let stats = LinkStats { failed: 1, ..LinkStats::default() };
        let failed = LinkMetrics { stats, ..LinkMetrics::default() };
        let links = (0..300).map(|number| (format!("link-{number:03}").parse().unwrap(), failed)).collect();
        let written = written(&links);
        assert_eq!(written.len(), MAX_LINKS + 1);
        assert_eq!((&written[0]["link"], &written[199]["link"]), (&"link-000".into(), &"link-199".into()));
        assert_eq!((written[200].get("link"), &written[200]["PollsFailed"]), (None, &300.into()));
    }
}
