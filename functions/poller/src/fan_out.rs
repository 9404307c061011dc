//! Division of the shards: if more links than one run polls have due watches, their shards go to other invocations.

use std::collections::BTreeSet;

use futures::future::{join_all, try_join_all};
use jiff::Timestamp;
use relay::LinkId;
use store::links::LinkSource;
use store::{Clock, Shard, Table};

use crate::poller::Poller;
use crate::shard_queue::{HandedShard, ShardQueue};

/// The most watches of a shard that are read to count its links. If one link has more than this, others may be missed
/// in the count: slower, never lost.
const MAX_WATCHES_COUNTED: usize = 1_000;

/// The division of one minute's shards.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Division {
    /// The shards of this run.
    pub(crate) own: Vec<Shard>,
    /// Number of shards that the queue took.
    pub(crate) handed_over: u32,
}

/// Hands every shard with due watches to the queue, if more links than one run polls have watches that are due before
/// `until`. This run keeps the shards that the queue refuses, and those where nothing is due yet.
pub(crate) async fn divide<T: Table, L: LinkSource, C: Clock>(
    poller: &Poller<T, L, C>,
    until: Timestamp,
) -> Result<Division, store::Error> {
    let undivided = || Division { own: Shard::all().collect(), handed_over: 0 };
    let Some(queue) = &poller.queue else { return Ok(undivided()) };
    let counted = try_join_all(Shard::all().map(|shard| count_links(&poller.table, shard, until))).await?;
    let links: usize = counted.iter().map(|(_, links)| links).sum();
    if links <= poller.limits.links_at_once() {
        return Ok(undivided());
    }
    tracing::info!(links, "more links than one run polls; their shards go to other invocations");
    let offers = counted.into_iter().map(|(shard, links)| async move {
        let handed = HandedShard { shard, until };
        (shard, links > 0 && is_taken(&**queue, handed).await)
    });
    let (taken, own): (Vec<_>, Vec<_>) = join_all(offers).await.into_iter().partition(|(_, taken)| *taken);
    Ok(Division {
        own: own.into_iter().map(|(shard, _)| shard).collect(),
        handed_over: u32::try_from(taken.len()).unwrap_or(u32::MAX),
    })
}

/// The number of links with due watches in a shard.
async fn count_links<T: Table>(
    table: &T,
    shard: Shard,
    until: Timestamp,
) -> Result<(Shard, usize), store::Error> {
    let due = table.due_in(shard, until, MAX_WATCHES_COUNTED).await?;
    let links: BTreeSet<LinkId> = due.into_iter().map(|due| due.link).collect();
    Ok((shard, links.len()))
}

async fn is_taken(queue: &dyn ShardQueue, handed: HandedShard) -> bool {
    match queue.hand_over(handed).await {
        Ok(()) => true,
        Err(error) => {
            tracing::warn!(shard = %handed.shard, %error, "a shard was not handed over; this run polls it itself");
            false
        }
    }
}
