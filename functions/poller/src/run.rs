//! One invocation: its shards, the passes, the summary.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bitbucket::RepositoryId;
use bitbucket::client::Api;
use jiff::Timestamp;
use metrics::Metrics;
use relay::{LinkId, Settings, Subject, SweepTargets};
use serde::Serialize;
use store::links::tokens::TokenSource;
use store::links::{CachedLinks, LinkSource};
use store::{Clock, Recorder, Shard, Table};

use crate::fan_out::{HandedShard, ShardQueue, Shares};
use crate::leases::Leases;
use crate::passes::Run;
use crate::pauses::Pauses;
use crate::settings::PollerSettings;

/// What is left alone for a while: a link, or one pull request of it.
pub(crate) type Paused = (LinkId, Option<Subject>);

/// What runs the polls. Kept between invocations.
#[derive(Debug)]
pub struct Poller<T, L, C> {
    /// Where states and watches are.
    pub table: T,
    /// Where credentials are.
    pub links: CachedLinks<L>,
    /// Bitbucket.
    pub api: Api,
    /// What time it is.
    pub clock: C,
    /// How windows are planned.
    pub settings: Settings,
    /// What a run may spend.
    pub limits: PollerSettings,
    pub(crate) tokens: Option<Arc<dyn TokenSource>>,
    pub(crate) queue: Option<Arc<dyn ShardQueue>>,
    metrics: Option<Metrics>,
    pauses: Mutex<Pauses<Paused>>,
    registered: Mutex<BTreeMap<(LinkId, RepositoryId), Timestamp>>,
    configured: Mutex<BTreeMap<LinkId, SweepTargets>>,
}

/// What a run did: the function's answer, and a line in its log.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// Whether other runs held the lease of every shard where something was due; then nothing was polled.
    pub busy: bool,
    /// Shards that were handed over to other invocations.
    pub handed_over: u32,
    /// How often the table was asked for due watches.
    pub passes: u32,
    /// Pull requests that were read and stored.
    pub polled: u32,
    /// Events that were found.
    pub events: u32,
    /// Polls that failed and will be made again.
    pub failed: u32,
    /// API calls, over all links.
    pub calls: u32,
}

impl<T: Table, L: LinkSource, C: Clock> Poller<T, L, C> {
    /// Wires a poller.
    pub fn new(
        table: T,
        links: CachedLinks<L>,
        api: Api,
        clock: C,
        settings: Settings,
        limits: PollerSettings,
    ) -> Self {
        Self {
            table,
            links,
            api,
            clock,
            settings,
            limits,
            tokens: None,
            queue: None,
            metrics: None,
            pauses: Mutex::default(),
            registered: Mutex::default(),
            configured: Mutex::default(),
        }
    }

    /// Stores observations in the table.
    pub(crate) const fn recorder(&self) -> Recorder<'_, T, C> {
        Recorder { table: &self.table, clock: &self.clock, settings: &self.settings }
    }

    /// Takes the tokens of links with an OAuth consumer from there; without it such links cannot be polled.
    #[must_use]
    pub fn with_tokens(self, tokens: Arc<dyn TokenSource>) -> Self {
        Self { tokens: Some(tokens), ..self }
    }

    /// Hands shards over to that queue where there are more links than one run serves; without it every run serves them all.
    #[must_use]
    pub fn with_queue(self, queue: Arc<dyn ShardQueue>) -> Self {
        Self { queue: Some(queue), ..self }
    }

    /// Writes the figures of every run there; without it, or with `None`, nothing is written.
    #[must_use]
    pub fn with_metrics(self, metrics: Option<Metrics>) -> Self {
        Self { metrics, ..self }
    }

    /// Polls what is due until `deadline`, or until nothing will be due before it. What is being polled at the deadline
    /// gets [`PollerSettings::overtime`] to end.
    ///
    /// # Errors
    ///
    /// [`store::Error`] where the table cannot be asked. What fails with one pull request or one link is logged, paused
    /// and made again; it never ends the run.
    pub async fn run(&self, holder: &str, deadline: Timestamp) -> Result<Summary, store::Error> {
        let deadline = self.end_of_run(deadline);
        let Shares { own, handed_over } = self.share(deadline).await?;
        let summary = self.serve(holder, own, deadline).await?;
        Ok(Summary { handed_over, ..summary })
    }

    /// The same for one shard that the minute's run handed over, and no longer than that run lasts.
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
        self.serve(holder, vec![handed.shard], self.end_of_run(deadline).min(handed.until)).await
    }

    fn end_of_run(&self, deadline: Timestamp) -> Timestamp {
        deadline.min(self.clock.now().saturating_add(self.limits.run).unwrap_or(deadline))
    }

    async fn serve(
        &self,
        holder: &str,
        shards: Vec<Shard>,
        deadline: Timestamp,
    ) -> Result<Summary, store::Error> {
        let leases = Leases::new(&self.table, holder, shards, deadline);
        let run = Run::new(self, &leases, self.clock.now(), deadline);
        let outcome = run.passes().await;
        run.give_back().await;
        leases.release().await;
        if let Some(metrics) = &self.metrics {
            run.measure(metrics).await;
        }
        outcome.map(|()| Summary { busy: leases.are_all_of_others(), ..run.summary() })
    }

    /// The repositories that are surely swept, and when the table was last asked about that.
    pub(crate) fn registered(&self) -> MutexGuard<'_, BTreeMap<(LinkId, RepositoryId), Timestamp>> {
        self.registered.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the table surely knows of each link's places.
    pub(crate) fn configured(&self) -> MutexGuard<'_, BTreeMap<LinkId, SweepTargets>> {
        self.configured.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn pauses(&self) -> MutexGuard<'_, Pauses<Paused>> {
        self.pauses.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
