//! One invocation: a run over all shards, or over one shard that another run handed over.

use jiff::Timestamp;
use store::links::LinkSource;
use store::{Clock, Shard, Table};

use crate::fan_out::{Division, divide};
use crate::kept::fold_kept;
use crate::leases::Leases;
use crate::passes::passes;
use crate::poller::Poller;
use crate::run::{Run, Summary};
use crate::shard_queue::HandedShard;

impl<T: Table, L: LinkSource, C: Clock> Poller<T, L, C> {
    /// Polls due watches until `deadline`, or until no other becomes due before it. A poll that is under way at the
    /// deadline gets [`PollerSettings::overtime`](crate::PollerSettings::overtime) to end.
    ///
    /// # Errors
    ///
    /// [`store::Error`] if the table cannot be read. A failure of one link or one subject is logged, paused and
    /// retried; it never ends the run.
    pub async fn run(&self, holder: &str, deadline: Timestamp) -> Result<Summary, store::Error> {
        let deadline = self.end_of_run(deadline);
        let Division { own, handed_over } = divide(self, deadline).await?;
        let summary = self.poll_shards(holder, own, deadline).await?;
        Ok(Summary { handed_over, ..summary })
    }

    /// Polls the due watches of one shard that the minute's run handed over, no longer than that run lasts.
    ///
    /// # Errors
    ///
    /// As [`Poller::run`].
    pub async fn run_shard(
        &self,
        holder: &str,
        handed: HandedShard,
        deadline: Timestamp,
    ) -> Result<Summary, store::Error> {
        self.poll_shards(holder, vec![handed.shard], self.end_of_run(deadline).min(handed.until)).await
    }

    fn end_of_run(&self, deadline: Timestamp) -> Timestamp {
        deadline.min(self.clock.now().saturating_add(self.limits.run).unwrap_or(deadline))
    }

    async fn poll_shards(
        &self,
        holder: &str,
        shards: Vec<Shard>,
        deadline: Timestamp,
    ) -> Result<Summary, store::Error> {
        let leases = Leases::new(&self.table, holder, shards, deadline);
        let run = Run::new(self, &leases, self.clock.now(), deadline);
        // Kept deliveries need no call of Bitbucket's API, so they wait for none.
        let (outcome, ()) = tokio::join!(passes(&run), fold_kept(&run));
        run.settle_budgets().await;
        leases.release().await;
        if let Some(metrics) = &self.metrics {
            crate::metrics::write(&run, metrics).await;
        }
        outcome.map(|()| Summary { busy: leases.all_held_elsewhere(), ..run.summary() })
    }
}
