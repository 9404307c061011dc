//! The passes of one run: which links are polled in each, and the end of the last one.

use std::collections::{BTreeMap, BTreeSet};

use futures::future::try_join_all;
use futures::stream::{FuturesUnordered, StreamExt};
use jiff::Timestamp;
use relay::LinkId;
use relay::polling::{Turn, most_urgent_first};
use store::links::LinkSource;
use store::{Clock, DueWatch, Shard, Table};
use tokio::time::{sleep, timeout};

use crate::link::poll_link;
use crate::run::Run;
use crate::settings::MAX_WATCHES_READ;

/// The most watches of one link in one pass. If a shard has as many, all of its watches are read, and each link's most
/// urgent ones are taken: no watch hides a missed deadline, and no link hides another.
const MAX_WATCHES_PER_PASS: usize = 200;

/// The watches of one pass.
#[derive(Debug, Default, PartialEq, Eq)]
struct Plan {
    /// To be polled now.
    ready: BTreeMap<LinkId, Vec<DueWatch>>,
    /// True if another watch can be polled before the deadline.
    later: bool,
}

/// Makes passes until no watch becomes due before the deadline, or the deadline has passed. Links are polled
/// concurrently, and the next pass does not wait for a slow one: a link that hangs delays no other.
pub(crate) async fn passes<T: Table, L: LinkSource, C: Clock>(
    run: &Run<'_, T, L, C>,
) -> Result<(), store::Error> {
    let limits = &run.poller.limits;
    let mut in_flight = FuturesUnordered::new();
    let mut busy = BTreeSet::new();
    let outcome = loop {
        if run.is_over() {
            break Ok(());
        }
        run.tally().passes += 1;
        let plan = match plan(run, &busy).await {
            Ok(plan) => plan,
            Err(error) => break Err(error),
        };
        // Further links wait for the next pass: their connections would not fit into the function's memory.
        let room = limits.links_at_once().saturating_sub(in_flight.len());
        let now = run.poller.clock.now();
        let ready = most_urgent_first(plan.ready, MAX_WATCHES_PER_PASS, |due| due.watch.urgency(now));
        for (link, due) in ready.into_iter().take(room) {
            busy.insert(link.clone());
            in_flight.push(poll_link(run, link, due));
        }
        if in_flight.is_empty() && !plan.later {
            break Ok(());
        }
        // The next pass comes after this time, however late the next known watch is due: new windows may open.
        let spacing = sleep(limits.pass_spacing.unsigned_abs());
        tokio::pin!(spacing);
        loop {
            tokio::select! {
                biased;
                Some(link) = in_flight.next() => busy.remove(&link),
                () = &mut spacing => break,
            };
        }
    };
    let ended = timeout(limits.overtime.unsigned_abs(), async {
        while let Some(link) = in_flight.next().await {
            busy.remove(&link);
        }
    });
    if ended.await.is_err() {
        tracing::warn!(links = ?busy, "polls cut off at the end of the run; their watches stay due");
        let mut tally = run.tally();
        for link in &busy {
            tally.stats(link).failed += 1;
        }
    }
    outcome
}

/// Plans a pass over every shard of the run.
async fn plan<T: Table, L: LinkSource, C: Clock>(
    run: &Run<'_, T, L, C>,
    busy: &BTreeSet<LinkId>,
) -> Result<Plan, store::Error> {
    let shards = run.leases.shards().into_iter();
    let plans = try_join_all(shards.map(|shard| plan_shard(run, shard, busy))).await?;
    let mut whole = Plan::default();
    for plan in plans {
        whole.later |= plan.later;
        whole.ready.extend(plan.ready);
    }
    Ok(whole)
}

/// Plans a pass over one shard. The plan is empty while another invocation holds the shard's lease.
async fn plan_shard<T: Table, L: LinkSource, C: Clock>(
    run: &Run<'_, T, L, C>,
    shard: Shard,
    busy: &BTreeSet<LinkId>,
) -> Result<Plan, store::Error> {
    let table = &run.poller.table;
    let mut due = table.due_in(shard, run.deadline, MAX_WATCHES_PER_PASS).await?;
    if due.len() >= MAX_WATCHES_PER_PASS {
        due = table.due_in(shard, run.deadline, MAX_WATCHES_READ).await?;
    }
    let plan = group(due, run.poller.clock.now(), run.deadline, |due| paused_until(run, due, busy));
    if plan.ready.is_empty() || run.leases.take(shard, run.poller.clock.now()).await? {
        Ok(plan)
    } else {
        Ok(Plan::default())
    }
}

/// Groups watches by their links.
fn group(
    due: Vec<DueWatch>,
    now: Timestamp,
    deadline: Timestamp,
    paused_until: impl Fn(&DueWatch) -> Timestamp,
) -> Plan {
    let mut plan = Plan::default();
    for due in due {
        match Turn::new(due.watch.due_at, paused_until(&due), now, deadline) {
            Turn::Now => plan.ready.entry(due.link.clone()).or_default().push(due),
            Turn::Later => plan.later = true,
            Turn::NextRun => {}
        }
    }
    plan
}

/// Time before which a watch is not polled, even if it is due.
fn paused_until<T: Table, L: LinkSource, C: Clock>(
    run: &Run<'_, T, L, C>,
    due: &DueWatch,
    busy: &BTreeSet<LinkId>,
) -> Timestamp {
    if busy.contains(&due.link) || run.tally().out_of_calls.contains(&due.link) {
        return Timestamp::MAX;
    }
    let pauses = run.poller.pauses();
    let link = pauses.until(&(due.link.clone(), None));
    link.max(pauses.until(&(due.link.clone(), Some(due.subject.clone())))).unwrap_or(Timestamp::MIN)
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;
    use relay::{Reason, Watch};

    use super::*;
    use crate::leases::Leases;
    use crate::testing::{START, names_repository, poller};

    #[tokio::test]
    async fn many_watches_of_a_link_hide_none_of_another() {
        let poller = poller(r#""sweep":[]"#);
        let acme: LinkId = "acme".parse().unwrap();
        let shard = Shard::of(&acme);
        let mut names = (0..).map(|number| format!("other-{number}").parse::<LinkId>().unwrap());
        let other = names.find(|link| Shard::of(link) == shard).unwrap();
        for number in 0..MAX_WATCHES_PER_PASS {
            names_repository(&poller, &acme, number, START).await;
        }
        names_repository(&poller, &other, 0, START + SignedDuration::from_secs(1)).await;
        poller.clock.advance_seconds(2);
        let leases = Leases::new(&poller.table, "one", vec![shard], START);
        let run = Run::new(&poller, &leases, START, START + SignedDuration::from_secs(50));
        let plan = plan_shard(&run, shard, &BTreeSet::new()).await.unwrap();
        assert_eq!(plan.ready.keys().collect::<Vec<_>>(), [&acme, &other]);
    }

    fn due(link: &str, second: i64) -> DueWatch {
        let subject = format!("pullrequest/r/{second}").parse().unwrap();
        let due_at = Timestamp::from_second(second).unwrap();
        let watch = Watch { due_at, reason: Reason::WindowOpen, deadline: None };
        DueWatch { link: link.parse().unwrap(), subject, watch }
    }

    #[test]
    fn due_watches_are_grouped_by_link_and_later_ones_noted() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let plan = |due| group(due, at(3), at(9), |_| Timestamp::MIN);
        let found = plan(vec![due("a", 1), due("b", 2), due("a", 3), due("a", 9)]);
        assert_eq!(found.ready[&"a".parse().unwrap()], [due("a", 1), due("a", 3)]);
        assert_eq!(found.ready[&"b".parse().unwrap()], [due("b", 2)]);
        assert!(!found.later);
        assert!(plan(vec![due("a", 4)]).later);
    }
}
