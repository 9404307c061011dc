//! What a run says of itself in metrics: a line for each link that it polled or that has something due, and one for all.
//!
//! Several invocations may write about the same minute, each of its own shards: counts are to be summed over them, what is left
//! or waits is not.

use std::collections::BTreeMap;

use futures::future::try_join_all;
use jiff::Timestamp;
use metrics::{Metric, Metrics, Scope};
use relay::LinkId;
use relay::budget::Budget;
use store::links::LinkSource;
use store::{Clock, DueWatch, Table};

use crate::passes::{MAX_WATCHES_READ, Run, Spender};

/// The most links that one run writes of, the first by their ids: each costs (docs/OPERATIONS.md). Those beyond are in the
/// figures of the stack only.
const MAX_LINKS: usize = 200;

/// What a run did of one link.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Done {
    /// Pull requests that were read and stored.
    pub(crate) polled: u32,
    /// Events that were found.
    pub(crate) events: u32,
    /// Polls that failed and will be made again.
    pub(crate) failed: u32,
}

/// The calls of the account that a link is polled with, of all links that share it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Calls {
    /// By this run, with this link.
    made: u32,
    /// That count in the rolling hour.
    last_hour: u32,
    /// That can still be made now.
    left: u32,
}

impl Calls {
    fn of(spender: &Spender, budget: &Budget, limit: u32, now: Timestamp) -> Self {
        Self { made: spender.calls_made(), last_hour: budget.spent(now), left: left(budget, limit, now) }
    }
}

/// None while Bitbucket wants to be left alone.
fn left(budget: &Budget, limit: u32, now: Timestamp) -> u32 {
    if budget.blocked(now).is_some() { 0 } else { budget.left(now, limit) }
}

/// What waits of one link.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Waiting {
    /// Watches that are due.
    watches: u64,
    /// How long ago the oldest deadline was that no poll has met. 0 where every
    /// deadline is still ahead.
    oldest_overdue_seconds: u64,
}

impl Waiting {
    fn add(&mut self, due: &DueWatch, now: Timestamp) {
        let late = due.watch.deadline.map_or(0, |deadline| now.duration_since(deadline).as_secs());
        self.watches += 1;
        self.oldest_overdue_seconds = self.oldest_overdue_seconds.max(u64::try_from(late).unwrap_or(0));
    }
}

/// All of one link.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Figures {
    done: Done,
    waiting: Waiting,
    /// `None` where the run did not ask for calls: it does not know then whose they would be.
    calls: Option<Calls>,
}

impl<T: Table, L: LinkSource, C: Clock> Run<'_, T, L, C> {
    /// Writes this run's metrics. Where the table cannot be asked, there are none: a run never fails for them.
    pub(crate) async fn measure(&self, metrics: &Metrics) {
        let now = self.poller.clock.now();
        match self.figures(now).await {
            Ok(links) => write(metrics, now, &links),
            Err(error) => tracing::warn!(%error, "this run has no metrics"),
        }
    }

    /// The figures of every link of this run's shards. The index behind what is due may be some moments old: what was polled just
    /// now can be counted once more.
    async fn figures(&self, now: Timestamp) -> Result<BTreeMap<LinkId, Figures>, store::Error> {
        let table = &self.poller.table;
        let due = try_join_all(
            self.leases.shards().into_iter().map(|shard| table.due_in(shard, now, MAX_WATCHES_READ)),
        );
        let mut links: BTreeMap<LinkId, Figures> = BTreeMap::new();
        for due in due.await?.iter().flatten() {
            links.entry(due.link.clone()).or_default().waiting.add(due, now);
        }
        let (done, spenders) = {
            let tally = self.tally();
            (tally.done.clone(), tally.spenders.clone())
        };
        for (link, done) in done {
            links.entry(link).or_default().done = done;
        }
        let mut budgets = BTreeMap::new();
        for (link, spender) in spenders {
            if !budgets.contains_key(&spender.account) {
                budgets.insert(spender.account.clone(), table.read_document(&spender.account).await?);
            }
            let limit = self.poller.limits.calls_per_hour;
            links.entry(link).or_default().calls =
                budgets.get(&spender.account).map(|budget| Calls::of(&spender, budget, limit, now));
        }
        Ok(links)
    }
}

fn write(metrics: &Metrics, now: Timestamp, links: &BTreeMap<LinkId, Figures>) {
    for (link, figures) in links.iter().take(MAX_LINKS) {
        metrics.write(now, Scope::Link(link), &of_link(figures));
    }
    if links.len() > MAX_LINKS {
        tracing::warn!(links = links.len(), "more links than have metrics of their own");
    }
    let oldest = links.values().map(|figures| figures.waiting.oldest_overdue_seconds).max();
    let failed: u32 = links.values().map(|figures| figures.done.failed).sum();
    let of_all =
        [Metric::seconds("OldestOverdueSeconds", oldest.unwrap_or(0)), Metric::count("PollsFailed", failed)];
    metrics.write(now, Scope::Stack, &of_all);
}

fn of_link(figures: &Figures) -> Vec<Metric> {
    let Figures { done, waiting, calls } = figures;
    let mut all = vec![
        Metric::count("Polls", done.polled),
        Metric::count("PollsFailed", done.failed),
        Metric::count("EventsFound", done.events),
        Metric::count("WatchesDue", waiting.watches),
        Metric::seconds("OldestOverdueSeconds", waiting.oldest_overdue_seconds),
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

    use relay::Reason;
    use relay::Watch;
    use serde_json::Value;

    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn waiting(deadlines: &[Option<i64>]) -> Waiting {
        let mut waiting = Waiting::default();
        for deadline in deadlines {
            let watch = Watch { due_at: at(0), reason: Reason::WindowOpen, deadline: deadline.map(at) };
            let subject = "pullrequest/r/1".parse().unwrap();
            waiting.add(&DueWatch { link: "a".parse().unwrap(), subject, watch }, at(100));
        }
        waiting
    }

    fn written(links: &BTreeMap<LinkId, Figures>) -> Vec<Value> {
        let sink = Arc::new(Mutex::new(Vec::new()));
        write(&Metrics::new("bitrelay".parse().unwrap(), sink.clone()), at(0), links);
        let taken = sink.lock().unwrap();
        taken.iter().map(|line: &String| serde_json::from_str(line).unwrap()).collect()
    }

    #[test]
    fn what_is_overdue_is_counted_from_the_oldest_deadline_and_not_from_when_it_was_due() {
        let waits = |deadlines| {
            let Waiting { watches, oldest_overdue_seconds } = waiting(deadlines);
            (watches, oldest_overdue_seconds)
        };
        assert_eq!(waits(&[Some(90), Some(30), Some(60)]), (3, 70));
        assert_eq!(waits(&[None, Some(101)]), (2, 0));
    }

    #[test]
    fn what_bitbucket_does_not_want_now_is_not_left() {
        let mut budget = Budget::default();
        budget.reserve(at(0), 900, 100);
        let left = |budget: &Budget, now| left(budget, 900, at(now));
        assert_eq!(left(&budget, 1), 800);
        budget.block(at(10));
        assert_eq!((left(&budget, 9), left(&budget, 10)), (0, 800));
    }

    #[test]
    fn a_link_whose_calls_are_not_known_has_no_figures_of_them() {
        let line = &written(&BTreeMap::from([("a".parse().unwrap(), Figures::default())]))[0];
        assert_eq!(line["_aws"]["CloudWatchMetrics"][0]["Metrics"].as_array().unwrap().len(), 5);
        assert_eq!(line.get("CallsLeft"), None);
    }

    #[test]
    fn links_beyond_the_most_are_in_the_figures_of_the_stack_only() {
        let failed = Figures { done: Done { failed: 1, ..Done::default() }, ..Figures::default() };
        let links = (0..300).map(|number| (format!("link-{number:03}").parse().unwrap(), failed)).collect();
        let written = written(&links);
        assert_eq!(written.len(), MAX_LINKS + 1);
        assert_eq!((&written[0]["link"], &written[199]["link"]), (&"link-000".into(), &"link-199".into()));
        assert_eq!((written[200].get("link"), &written[200]["PollsFailed"]), (None, &300.into()));
    }
}
