//! One run: its deadline, the calls it may make, and the counts of its summary.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::{SignedDuration, Timestamp};
use relay::budget::Reservation;
use relay::{Account, LinkId};
use serde::Serialize;
use store::links::LinkSource;
use store::{Clock, Table};
use tokio::time::Instant;

use crate::leases::Leases;
use crate::poller::Poller;
use crate::spender::Spender;

/// The counts of a run: the function's answer, and the last line in its log.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// True if other runs held the lease of every shard with a due watch, so that this run polled nothing.
    pub busy: bool,
    /// Shards that were handed over to other invocations.
    pub handed_over: u32,
    /// Passes: reads of the due watches.
    pub passes: u32,
    /// Subjects that were read and stored.
    pub polled: u32,
    /// Events that were found.
    pub events: u32,
    /// Polls that failed and will be retried.
    pub failed: u32,
    /// Polls of subjects that do not exist or may not be read. They are made again, less and less often.
    pub refused: u32,
    /// API calls, over all links.
    pub calls: u32,
    /// Kept deliveries that were folded.
    pub folded: u32,
}

/// One run of the poller.
#[derive(Debug)]
pub(crate) struct Run<'p, T, L, C> {
    pub(crate) poller: &'p Poller<T, L, C>,
    pub(crate) leases: &'p Leases<'p, T>,
    pub(crate) deadline: Timestamp,
    started_at: Timestamp,
    lasts: SignedDuration,
    /// The deadline by the monotonic clock, which nobody can set back.
    ends: Instant,
    tally: Mutex<Tally>,
}

/// The counts of a run, and the calls of its links. They last for the whole run, not only for a pass.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) spenders: BTreeMap<LinkId, Spender>,
    /// Links without enough calls for their next poll.
    pub(crate) out_of_calls: BTreeSet<LinkId>,
    /// Reads of the due watches.
    pub(crate) passes: u32,
    pub(crate) links: BTreeMap<LinkId, LinkStats>,
    pub(crate) kept: KeptStats,
}

/// The counts of kept deliveries in one run.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct KeptStats {
    /// Deliveries that were folded.
    pub(crate) folded: u32,
    /// Attempts that failed.
    pub(crate) failed: u32,
}

impl Tally {
    /// The counts of a link.
    pub(crate) fn stats(&mut self, link: &LinkId) -> &mut LinkStats {
        self.links.entry(link.clone()).or_default()
    }
}

/// The counts of one link in one run.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LinkStats {
    /// Subjects that were read and stored.
    pub(crate) polled: u32,
    /// Events that were found.
    pub(crate) events: u32,
    /// Polls that failed and will be retried.
    pub(crate) failed: u32,
    /// Polls of subjects that do not exist or may not be read.
    pub(crate) refused: u32,
    /// Comments and tasks that states at their limit let go of.
    pub(crate) let_go: u32,
}

impl<'p, T: Table, L: LinkSource, C: Clock> Run<'p, T, L, C> {
    pub(crate) fn new(
        poller: &'p Poller<T, L, C>,
        leases: &'p Leases<'p, T>,
        started_at: Timestamp,
        deadline: Timestamp,
    ) -> Self {
        let lasts = deadline.duration_since(started_at).max(SignedDuration::ZERO);
        let ends = Instant::now() + lasts.unsigned_abs();
        Self { poller, leases, deadline, started_at, lasts, ends, tally: Mutex::default() }
    }

    /// True if the deadline has passed: no further poll begins.
    pub(crate) fn is_late(&self) -> bool {
        self.poller.clock.now() >= self.deadline
    }

    /// True if no further pass begins: the deadline has passed by either clock. The monotonic clock counts only after
    /// the first pass, however long the run took to reach it.
    pub(crate) fn is_over(&self) -> bool {
        self.is_late() || (self.tally().passes > 0 && Instant::now() >= self.ends)
    }

    /// True if the calls of a link suffice for another poll at this time of the run.
    pub(crate) fn has_pace(&self, spender: &Spender) -> bool {
        let elapsed = self.poller.clock.now().duration_since(self.started_at);
        spender.allowance(&self.poller.limits).has_pace(elapsed, self.lasts)
    }

    /// The counts so far.
    pub(crate) fn summary(&self) -> Summary {
        let tally = self.tally();
        let sum = |count: fn(&LinkStats) -> u32| tally.links.values().map(count).sum();
        Summary {
            passes: tally.passes,
            polled: sum(|link| link.polled),
            events: sum(|link| link.events),
            failed: sum(|link| link.failed),
            refused: sum(|link| link.refused),
            calls: tally.spenders.values().map(Spender::calls_made).sum(),
            folded: tally.kept.folded,
            ..Summary::default()
        }
    }

    /// Returns the links that spend calls of this account in this run.
    pub(crate) fn links_of(&self, account: &Account) -> Vec<LinkId> {
        let tally = self.tally();
        let sharing = tally.spenders.iter().filter(|(_, spender)| spender.account == *account);
        sharing.map(|(link, _)| link.clone()).collect()
    }

    /// Gives unused calls back to their budgets, and stores the limits that Bitbucket reported. If that fails, the
    /// calls stay counted, which only wastes them.
    pub(crate) async fn settle_budgets(&self) {
        let spenders = self.tally().spenders.clone();
        for (link, Spender { client, account, reserved }) in spenders {
            let unused = Reservation { calls: client.calls_left(), ..reserved };
            let reported = client.rate_limit();
            if unused.calls == 0 && reported.is_none() {
                continue;
            }
            let (table, now) = (&self.poller.table, self.poller.clock.now());
            if let Err(error) = store::budget::settle(table, &account, now, unused, reported).await {
                tracing::warn!(
                    %link, calls = unused.calls, %error,
                    "unused calls could not be returned to the budget; they stay counted for an hour"
                );
            }
        }
    }

    pub(crate) fn tally(&self) -> MutexGuard<'_, Tally> {
        self.tally.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use store::memory::{ManualClock, MemoryLinks, MemoryTable};

    use super::*;
    use crate::testing::{START, UnitPoller, client, poller, spender};

    /// Checks a run that ends 50 seconds after the start of its poller.
    fn with_run(
        started_at: Timestamp,
        check: impl FnOnce(&UnitPoller, &Run<'_, MemoryTable, MemoryLinks, ManualClock>),
    ) {
        let poller = poller(r#""sweep":[]"#);
        let leases = Leases::new(&poller.table, "one", Vec::new(), START);
        check(&poller, &Run::new(&poller, &leases, started_at, START + SignedDuration::from_secs(50)));
    }

    #[test]
    fn first_pass_is_made_however_long_the_run_took_to_reach_it() {
        // By the monotonic clock it has no time.
        with_run(START + SignedDuration::from_secs(50), |_, run| {
            assert!(!run.is_over());
            run.tally().passes += 1;
            assert!(run.is_over());
        });
    }

    #[test]
    fn run_ends_at_its_deadline() {
        with_run(START, |poller, run| {
            run.tally().passes += 1;
            assert!(!run.is_over());
            poller.clock.advance_seconds(50);
            assert!(run.is_over());
        });
    }

    #[test]
    fn few_calls_are_spread_over_the_run() {
        with_run(START, |poller, run| {
            let unspent = spender(poller, "alice");
            let spent = Spender { client: client(poller, "alice", 0), ..unspent.clone() };
            assert!(run.has_pace(&unspent));
            assert!(!run.has_pace(&spent));
            poller.clock.advance_seconds(50);
            assert!(run.has_pace(&spent));
        });
    }

    #[test]
    fn links_of_an_account_are_those_that_spend_its_calls() {
        with_run(START, |poller, run| {
            for (link, account) in [("a", "alice"), ("b", "bob"), ("c", "alice")] {
                run.tally().spenders.insert(link.parse().unwrap(), spender(poller, account));
            }
            let links = run.links_of(&spender(poller, "alice").account);
            assert_eq!(links, ["a", "c"].map(|link| link.parse().unwrap()));
        });
    }
}
