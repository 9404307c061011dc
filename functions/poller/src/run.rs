//! One invocation: the lease, the passes, the summary.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bitbucket::RepositoryId;
use bitbucket::client::Api;
use jiff::Timestamp;
use relay::{LinkId, Places, Settings, Subject};
use serde::Serialize;
use store::links::tokens::TokenSource;
use store::links::{CachedLinks, LinkSource};
use store::{Clock, Table};

use crate::passes::Run;
use crate::pauses::Pauses;
use crate::settings::PollerSettings;

/// The name of the lease.
const LEASE: &str = "poller";

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
    pauses: Mutex<Pauses<Paused>>,
    registered: Mutex<BTreeMap<(LinkId, RepositoryId), Timestamp>>,
    configured: Mutex<BTreeMap<LinkId, Places>>,
}

/// What a run did: the function's answer, and a line in its log.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// Whether another run held the lease; then all else is 0.
    pub busy: bool,
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
            pauses: Mutex::default(),
            registered: Mutex::default(),
            configured: Mutex::default(),
        }
    }

    /// Takes the tokens of links with an OAuth consumer from there; without it such links cannot be polled.
    #[must_use]
    pub fn with_tokens(self, tokens: Arc<dyn TokenSource>) -> Self {
        Self { tokens: Some(tokens), ..self }
    }

    /// Polls what is due until `deadline`, or until nothing will be due before it. What is being polled at the deadline
    /// gets [`PollerSettings::overtime`] to end.
    ///
    /// # Errors
    ///
    /// [`store::Error`] where the table cannot be asked. What fails with one pull request or one link is logged, paused
    /// and made again; it never ends the run.
    pub async fn run(&self, holder: &str, deadline: Timestamp) -> Result<Summary, store::Error> {
        let started_at = self.clock.now();
        let deadline = deadline.min(started_at.saturating_add(self.limits.run).unwrap_or(deadline));
        // For economy: two runs at once would find the same and spend twice the calls.
        if !self.table.lease(LEASE, holder, started_at, seconds_until(started_at, deadline)).await? {
            return Ok(Summary { busy: true, ..Summary::default() });
        }
        let run = Run::new(self, started_at, deadline);
        let outcome = run.passes().await;
        run.give_back().await;
        if let Err(error) = self.table.release(LEASE, holder).await {
            tracing::warn!(%error, "the lease was not released; it runs out by itself");
        }
        outcome.map(|()| run.summary())
    }

    /// The repositories that are surely swept, and when the table was last asked about that.
    pub(crate) fn registered(&self) -> MutexGuard<'_, BTreeMap<(LinkId, RepositoryId), Timestamp>> {
        self.registered.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the table surely knows of each link's places.
    pub(crate) fn configured(&self) -> MutexGuard<'_, BTreeMap<LinkId, Places>> {
        self.configured.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn pauses(&self) -> MutexGuard<'_, Pauses<Paused>> {
        self.pauses.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn seconds_until(now: Timestamp, deadline: Timestamp) -> u32 {
    u32::try_from(deadline.duration_since(now).as_secs().max(1)).unwrap_or(u32::MAX)
}
