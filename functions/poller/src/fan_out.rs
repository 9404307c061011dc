//! More links than one run serves: shards are handed over through a queue to other invocations of this function.

use std::collections::BTreeSet;
use std::fmt;
use std::future::Future;
use std::pin::Pin;

use futures::future::{join_all, try_join_all};
use jiff::Timestamp;
use relay::LinkId;
use serde::{Deserialize, Serialize};
use store::links::LinkSource;
use store::{Clock, Shard, Table};

use crate::Error;
use crate::run::Poller;

/// The most watches of a shard that are looked through to count its links. A link with more hides others from the count;
/// that costs speed, and no watch.
const MAX_WATCHES_COUNTED: usize = 1_000;

/// A shard that another invocation is to serve: the message in the queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HandedShard {
    /// Whose links are to be polled.
    pub shard: Shard,
    /// The end of the run that hands it over. Later the next minute's run asks again, and a message that comes so late
    /// does nothing.
    pub until: Timestamp,
}

/// What a queue answers.
pub type HandOver<'a> = Pin<Box<dyn Future<Output = Result<(), Error>> + Send + 'a>>;

/// Takes shards for other invocations.
pub trait ShardQueue: fmt::Debug + Send + Sync {
    /// Hands a shard over.
    ///
    /// # Errors
    ///
    /// [`Error::QueueRefused`] where it was not taken, or nobody knows.
    fn hand_over(&self, handed: HandedShard) -> HandOver<'_>;
}

/// How the work of a minute is shared.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Shares {
    /// What this run serves itself.
    pub(crate) own: Vec<Shard>,
    /// How many shards others serve.
    pub(crate) handed_over: u32,
}

impl<T: Table, L: LinkSource, C: Clock> Poller<T, L, C> {
    /// Hands every shard with something due over to the queue, where more links than one run serves have something due
    /// before `until`. What the queue refuses this run serves itself, and with it the shards where nothing is due yet.
    pub(crate) async fn share(&self, until: Timestamp) -> Result<Shares, store::Error> {
        let alone = || Shares { own: Shard::all().collect(), handed_over: 0 };
        let Some(queue) = &self.queue else { return Ok(alone()) };
        let counted = try_join_all(Shard::all().map(|shard| self.links_due(shard, until))).await?;
        let links: usize = counted.iter().map(|(_, links)| links).sum();
        if links <= self.limits.links_at_once() {
            return Ok(alone());
        }
        tracing::info!(links, "more links than one run serves: their shards are handed over");
        let offers = counted.into_iter().map(|(shard, links)| async move {
            let handed = HandedShard { shard, until };
            (shard, links > 0 && is_taken(&**queue, handed).await)
        });
        let (taken, own): (Vec<_>, Vec<_>) =
            join_all(offers).await.into_iter().partition(|(_, taken)| *taken);
        Ok(Shares {
            own: own.into_iter().map(|(shard, _)| shard).collect(),
            handed_over: u32::try_from(taken.len()).unwrap_or(u32::MAX),
        })
    }

    /// How many links of a shard have something due.
    async fn links_due(&self, shard: Shard, until: Timestamp) -> Result<(Shard, usize), store::Error> {
        let due = self.table.due_in(shard, until, MAX_WATCHES_COUNTED).await?;
        let links: BTreeSet<LinkId> = due.into_iter().map(|due| due.link).collect();
        Ok((shard, links.len()))
    }
}

async fn is_taken(queue: &dyn ShardQueue, handed: HandedShard) -> bool {
    match queue.hand_over(handed).await {
        Ok(()) => true,
        Err(error) => {
            tracing::warn!(shard = %handed.shard, %error, "a shard was not handed over; this run serves it as far as it can");
            false
        }
    }
}
