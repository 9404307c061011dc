//! The poller: clients, table and caches, kept between invocations.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bitbucket::RepositoryId;
use bitbucket::client::Api;
use jiff::Timestamp;
use metrics::Metrics;
use relay::polling::{Pauses, SweepLoad};
use relay::state::RepositoryState;
use relay::{LinkId, Observation, Settings, Subject, SubjectState, SweepTargets};
use store::links::tokens::TokenSource;
use store::links::{CachedLinks, LinkSource};
use store::{Clock, Recorded, Recorder, Shard, Table};

use crate::cache::Cache;
use crate::error::Error;
use crate::settings::PollerSettings;
use crate::shard_queue::ShardQueue;

/// A link, or one subject of it, that is paused after a failure.
pub(crate) type Paused = (LinkId, Option<Subject>);

/// The sweeps of each link of a shard, and the time of the count.
pub(crate) type SweepCount = (Timestamp, Arc<BTreeMap<LinkId, SweepLoad>>);

/// The effect of a stored observation.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Added {
    /// Number of new events.
    pub(crate) events: u32,
    /// Number of comments and tasks that a state at its limit let go of.
    pub(crate) let_go: u32,
}

/// Polls due watches. Kept between invocations.
#[derive(Debug)]
pub struct Poller<T, L, C> {
    /// The table with states and watches.
    pub table: T,
    /// The links with their credentials.
    pub links: CachedLinks<L>,
    /// Bitbucket's API.
    pub api: Api,
    /// The clock.
    pub clock: C,
    /// Windows and intervals.
    pub settings: Settings,
    /// Limits of one run.
    pub limits: PollerSettings,
    pub(crate) tokens: Option<Arc<dyn TokenSource>>,
    pub(crate) queue: Option<Arc<dyn ShardQueue>>,
    pub(crate) metrics: Option<Metrics>,
    pauses: Mutex<Pauses<Paused>>,
    /// Times at which the table was asked for the registration of a repository.
    pub(crate) registrations: Cache<(LinkId, RepositoryId), Timestamp>,
    /// The `repository` objects that Bitbucket confirmed, for links without signatures.
    pub(crate) confirmed: Cache<(LinkId, RepositoryId), Arc<RepositoryState>>,
    /// The repositories of which the log says that they are not polled.
    pub(crate) not_named: Cache<(LinkId, RepositoryId), ()>,
    /// The sweeps of each shard's links, as last counted.
    pub(crate) sweep_counts: Cache<Shard, SweepCount>,
    /// The sweep targets of each link that the table has.
    pub(crate) configured: Cache<LinkId, SweepTargets>,
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
            registrations: Cache::default(),
            confirmed: Cache::default(),
            not_named: Cache::default(),
            sweep_counts: Cache::default(),
            configured: Cache::default(),
        }
    }

    /// Sets the source of tokens for links with an OAuth consumer; without it such links cannot be polled.
    #[must_use]
    pub fn with_tokens(self, tokens: Arc<dyn TokenSource>) -> Self {
        Self { tokens: Some(tokens), ..self }
    }

    /// Sets the queue that takes shards if there are more links than one run polls; without it every run polls them
    /// all.
    #[must_use]
    pub fn with_queue(self, queue: Arc<dyn ShardQueue>) -> Self {
        Self { queue: Some(queue), ..self }
    }

    /// Sets the destination of each run's metrics; with `None` there are none.
    #[must_use]
    pub fn with_metrics(self, metrics: Option<Metrics>) -> Self {
        Self { metrics, ..self }
    }

    /// Folds and stores an observation. `state` spares the first read.
    pub(crate) async fn record(
        &self,
        link: &LinkId,
        subject: &Subject,
        observation: &Observation,
        state: Option<SubjectState>,
    ) -> Result<Added, Error> {
        let recorder = Recorder { table: &self.table, clock: &self.clock, settings: &self.settings };
        let outcome = match state {
            Some(state) => recorder.record_on(state, link, subject, observation).await?,
            None => recorder.record(link, subject, observation).await?,
        };
        Ok(match outcome {
            Recorded::Stored { events, let_go, .. } => {
                Added { events: u32::try_from(events.len()).unwrap_or(u32::MAX), let_go }
            }
            Recorded::Known => Added::default(),
        })
    }

    pub(crate) fn pauses(&self) -> MutexGuard<'_, Pauses<Paused>> {
        self.pauses.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
