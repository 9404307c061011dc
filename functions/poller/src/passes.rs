//! The passes of one run: which links are polled when, and when there is nothing left to wait for.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use bitbucket::client::Client;
use futures::future::try_join_all;
use futures::stream::{FuturesUnordered, StreamExt};
use jiff::{SignedDuration, Timestamp};
use relay::budget::Reservation;
use relay::{Account, LinkId};
use store::links::LinkSource;
use store::{Clock, DueWatch, Shard, Table};
use tokio::time::{Instant, sleep, timeout};

use crate::figures::Done;
use crate::leases::Leases;
use crate::run::{Poller, Summary};

/// A run shorter than this spends its calls as they are asked for.
const LEAST_PACED: SignedDuration = SignedDuration::from_secs(20);

/// As if a run had begun this long ago, so that its first pass finds calls.
const FIRST_PART: SignedDuration = SignedDuration::from_secs(5);

/// The most watches of one shard that one pass takes.
const MAX_WATCHES_PER_PASS: usize = 200;

/// The most watches that are looked through for one that can be polled, where all before it have to wait.
pub(crate) const MAX_WATCHES_READ: usize = 20_000;

/// One run: what it has spent and what came of it. A credential's calls are counted over the whole run.
#[derive(Debug)]
pub(crate) struct Run<'p, T, L, C> {
    pub(crate) poller: &'p Poller<T, L, C>,
    pub(crate) deadline: Timestamp,
    pub(crate) leases: &'p Leases<'p, T>,
    started_at: Timestamp,
    lasts: SignedDuration,
    /// The deadline once more, in time that cannot be set back.
    ends: Instant,
    tally: Mutex<Tally>,
}

#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) spenders: BTreeMap<LinkId, Spender>,
    /// Links whose allowance does not suffice for the pull request that is next.
    pub(crate) spent: BTreeSet<LinkId>,
    /// How often the table was asked for due watches.
    pub(crate) passes: u32,
    /// What was done of each link.
    pub(crate) done: BTreeMap<LinkId, Done>,
}

impl Tally {
    /// What was done of a link so far, to be counted up.
    pub(crate) fn of(&mut self, link: &LinkId) -> &mut Done {
        self.done.entry(link.clone()).or_default()
    }
}

/// A link's client, and the calls that were reserved for it in the budget of its account.
#[derive(Debug, Clone)]
pub(crate) struct Spender {
    pub(crate) client: Client,
    pub(crate) account: Account,
    pub(crate) reserved: Reservation,
}

impl Spender {
    /// The calls that were made of those that were reserved.
    pub(crate) fn calls_made(&self) -> u32 {
        self.reserved.calls.saturating_sub(self.client.calls_left())
    }
}

/// What a pass does with what is due.
#[derive(Debug, Default, PartialEq, Eq)]
struct Plan {
    /// To be polled now, the longest due first.
    ready: BTreeMap<LinkId, Vec<DueWatch>>,
    /// Whether something else can be polled before the deadline.
    later: bool,
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
        Self { poller, deadline, leases, started_at, lasts, ends, tally: Mutex::default() }
    }

    /// Passes until nothing is due before the deadline, or the deadline has come. Links are polled side by side, and
    /// a link that takes its time is left behind by the next pass: one that hangs delays no other.
    pub(crate) async fn passes(&self) -> Result<(), store::Error> {
        let mut in_flight = FuturesUnordered::new();
        let mut busy = BTreeSet::new();
        let outcome = loop {
            if self.is_over() {
                break Ok(());
            }
            self.tally().passes += 1;
            let plan = match self.plan(&busy).await {
                Ok(plan) => plan,
                Err(error) => break Err(error),
            };
            // The rest waits for the next pass: many connections at once would not fit into a function's memory.
            let room = self.poller.limits.links_at_once().saturating_sub(in_flight.len());
            for (link, due) in longest_due_first(plan.ready).into_iter().take(room) {
                busy.insert(link.clone());
                in_flight.push(self.poll_link(link, due));
            }
            if in_flight.is_empty() && !plan.later {
                break Ok(());
            }
            // Fresh windows are noticed at this spacing, whatever is due later.
            let spacing = sleep(self.poller.limits.pass_spacing.unsigned_abs());
            tokio::pin!(spacing);
            loop {
                tokio::select! {
                    Some(link) = in_flight.next() => busy.remove(&link),
                    () = &mut spacing => break,
                };
            }
        };
        let overtime = self.poller.limits.overtime.unsigned_abs();
        let ended = timeout(overtime, async {
            while let Some(link) = in_flight.next().await {
                busy.remove(&link);
            }
        });
        if ended.await.is_err() {
            tracing::warn!(links = ?busy, "cut off at the end of the run; their watches stay due");
            let mut tally = self.tally();
            for link in &busy {
                tally.of(link).failed += 1;
            }
        }
        outcome
    }

    /// Whether no other poll is begun.
    pub(crate) fn is_late(&self) -> bool {
        self.poller.clock.now() >= self.deadline
    }

    /// Whether no other pass is made: the deadline has come, or as much time has gone by as there was. The first pass is
    /// made whatever time it took to get there.
    fn is_over(&self) -> bool {
        self.is_late() || (self.tally().passes > 0 && Instant::now() >= self.ends)
    }

    /// What came of the run so far.
    pub(crate) fn summary(&self) -> Summary {
        let tally = self.tally();
        let sum = |of: fn(&Done) -> u32| tally.done.values().map(of).sum();
        Summary {
            passes: tally.passes,
            polled: sum(|done| done.polled),
            events: sum(|done| done.events),
            failed: sum(|done| done.failed),
            calls: tally.spenders.values().map(Spender::calls_made).sum(),
            ..Summary::default()
        }
    }

    /// How many calls this run may make for a link.
    pub(crate) fn granted(&self, link: &LinkId) -> u32 {
        self.tally().spenders.get(link).map_or(0, |spender| spender.reserved.calls)
    }

    /// Whose calls are counted for a link in this run; `None` where none were asked for.
    pub(crate) fn account(&self, link: &LinkId) -> Option<Account> {
        self.tally().spenders.get(link).map(|spender| spender.account.clone())
    }

    /// The links that have spent an account's calls in this run.
    pub(crate) fn links_of(&self, account: &Account) -> Vec<LinkId> {
        let tally = self.tally();
        let sharing = tally.spenders.iter().filter(|(_, spender)| spender.account == *account);
        sharing.map(|(link, _)| link.clone()).collect()
    }

    /// Whether this run got few calls for a link.
    pub(crate) fn is_short_of_calls(&self, link: &LinkId) -> bool {
        let most = self.poller.limits.max_calls_per_run;
        self.tally().spenders.get(link).is_none_or(|spender| spender.reserved.is_short_of(most))
    }

    /// Whether the calls of a run that has few of them are spent evenly over it so far: what comes due in the middle of the run
    /// then finds some. For *economy*.
    pub(crate) fn has_pace(&self, link: &LinkId) -> bool {
        if !self.is_short_of_calls(link) || self.lasts < LEAST_PACED {
            return true;
        }
        let elapsed = self.poller.clock.now().duration_since(self.started_at).saturating_add(FIRST_PART);
        let tally = self.tally();
        let Some(spender) = tally.spenders.get(link) else { return true };
        i128::from(spender.calls_made()) * self.lasts.as_nanos()
            <= i128::from(spender.reserved.calls) * elapsed.as_nanos()
    }

    /// Gives back the calls that were reserved and not made, and notes what Bitbucket said of its own limit. Where that fails they stay
    /// counted, which only wastes them.
    pub(crate) async fn give_back(&self) {
        let spenders = self.tally().spenders.clone();
        for (link, Spender { client, account, reserved }) in spenders {
            let unused = Reservation { calls: client.calls_left(), ..reserved };
            let said = client.rate_limit();
            if unused.calls == 0 && said.is_none() {
                continue;
            }
            let (table, now) = (&self.poller.table, self.poller.clock.now());
            if let Err(error) = store::budget::settle(table, &account, now, unused, said).await {
                tracing::warn!(%link, calls = unused.calls, %error, "calls that were not made stay counted for an hour");
            }
        }
    }

    pub(crate) fn tally(&self) -> MutexGuard<'_, Tally> {
        self.tally.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks every shard of this run what is due.
    async fn plan(&self, busy: &BTreeSet<LinkId>) -> Result<Plan, store::Error> {
        let shards = self.leases.shards().into_iter();
        let plans = try_join_all(shards.map(|shard| self.plan_shard(shard, busy))).await?;
        let mut whole = Plan::default();
        for plan in plans {
            whole.later |= plan.later;
            whole.ready.extend(plan.ready);
        }
        Ok(whole)
    }

    /// What is ready of a shard. Nothing, while another invocation serves it.
    async fn plan_shard(&self, shard: Shard, busy: &BTreeSet<LinkId>) -> Result<Plan, store::Error> {
        let plan = self.due_in(shard, busy).await?;
        if plan.ready.is_empty() || self.leases.take(shard, self.poller.clock.now()).await? {
            Ok(plan)
        } else {
            Ok(Plan::default())
        }
    }

    /// Asks the table what is due, and again for more where all of it has to wait: what is overdue of a link that cannot
    /// be polled must not hide what is due of the others.
    async fn due_in(&self, shard: Shard, busy: &BTreeSet<LinkId>) -> Result<Plan, store::Error> {
        let mut limit = MAX_WATCHES_PER_PASS;
        loop {
            let due = self.poller.table.due_in(shard, self.deadline, limit).await?;
            let all = due.len() < limit || limit >= MAX_WATCHES_READ;
            let now = self.poller.clock.now();
            let plan = plan(due, now, self.deadline, |due| self.rests_until(due, busy));
            if all || !plan.ready.is_empty() {
                return Ok(plan);
            }
            limit *= 10;
        }
    }

    /// Until when a watch has to wait, whenever it is due.
    fn rests_until(&self, due: &DueWatch, busy: &BTreeSet<LinkId>) -> Timestamp {
        if busy.contains(&due.link) || self.tally().spent.contains(&due.link) {
            return Timestamp::MAX;
        }
        let pauses = self.poller.pauses();
        let link = pauses.until(&(due.link.clone(), None));
        link.max(pauses.until(&(due.link.clone(), Some(due.subject.clone())))).unwrap_or(Timestamp::MIN)
    }
}

/// In the order in which links get a place, and those with one budget its calls.
fn longest_due_first(ready: BTreeMap<LinkId, Vec<DueWatch>>) -> Vec<(LinkId, Vec<DueWatch>)> {
    let mut ready: Vec<_> = ready.into_iter().collect();
    ready.sort_by_key(|(_, due)| due.iter().map(|due| due.watch.due_at).min());
    ready
}

fn plan(
    due: Vec<DueWatch>,
    now: Timestamp,
    deadline: Timestamp,
    rests_until: impl Fn(&DueWatch) -> Timestamp,
) -> Plan {
    let mut plan = Plan::default();
    for due in due {
        let from = due.watch.due_at.max(rests_until(&due));
        if from <= now {
            plan.ready.entry(due.link.clone()).or_default().push(due);
        } else {
            plan.later |= from < deadline;
        }
    }
    plan
}

#[cfg(test)]
mod tests {
    use super::*;
    use relay::Reason;
    use relay::Watch;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn due(link: &str, second: i64) -> DueWatch {
        let subject = format!("pullrequest/r/{second}").parse().unwrap();
        let watch = Watch { due_at: at(second), reason: Reason::WindowOpen, deadline: None };
        DueWatch { link: link.parse().unwrap(), subject, watch }
    }

    fn awake(_: &DueWatch) -> Timestamp {
        Timestamp::MIN
    }

    #[test]
    fn what_is_due_is_ready_by_link_the_longest_due_first() {
        let plan = plan(vec![due("a", 1), due("b", 2), due("a", 3)], at(3), at(9), awake);
        assert_eq!(plan.ready[&"a".parse().unwrap()], [due("a", 1), due("a", 3)]);
        assert_eq!(plan.ready[&"b".parse().unwrap()], [due("b", 2)]);
        assert!(!plan.later);
    }

    #[test]
    fn the_link_that_waits_longest_is_first() {
        let ready =
            BTreeMap::from([("a", 3), ("b", 1), ("c", 2)].map(|(link, second)| {
                (link.parse().unwrap(), vec![due(link, second + 5), due(link, second)])
            }));
        let order: Vec<_> = longest_due_first(ready).into_iter().map(|(link, _)| link.to_string()).collect();
        assert_eq!(order, ["b", "c", "a"]);
    }

    #[test]
    fn what_will_be_due_before_the_deadline_is_waited_for() {
        assert_eq!(plan(vec![due("a", 4)], at(3), at(9), awake), Plan { later: true, ..Plan::default() });
        assert_eq!(plan(vec![due("a", 9)], at(3), at(9), awake), Plan::default());
    }

    #[test]
    fn what_has_to_rest_is_waited_for_if_that_ends_before_the_deadline() {
        let resting = |until| plan(vec![due("a", 1)], at(3), at(9), move |_| at(until));
        assert!(resting(3).ready.len() == 1);
        assert_eq!(resting(8), Plan { later: true, ..Plan::default() });
        assert_eq!(resting(9), Plan::default());
    }
}
