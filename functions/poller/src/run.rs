//! One invocation: passes until nothing is due or time is up.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use bitbucket::client::{Api, Client, RepositoryPath};
use jiff::{SignedDuration, Timestamp};
use relay::{LinkId, Observation, Settings, Subject};
use serde::Serialize;
use store::links::{CachedLinks, LinkSource};
use store::{Clock, DueWatch, Recorded, Table};

use crate::error::Error;
use crate::pauses::Pauses;
use crate::reader;
use crate::settings::PollerSettings;

/// The most watches that one pass takes.
const MAX_WATCHES_PER_PASS: usize = 200;

/// A 429 says nothing of when to come back; a rolling window frees calls minute by minute.
const PAUSE_AFTER_RATE_LIMIT: SignedDuration = SignedDuration::from_secs(120);

/// The most that `Retry-After` is obeyed for.
const LONGEST_RETRY_AFTER_SECONDS: u64 = 3_600;

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
    pauses: Mutex<Pauses<(LinkId, Option<Subject>)>>,
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

/// The clients of one run: a credential's calls are counted over the whole run.
type Clients = BTreeMap<LinkId, Client>;

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
        Self { table, links, api, clock, settings, limits, pauses: Mutex::default() }
    }

    /// Polls what is due until `deadline`, or until nothing will be due before it.
    ///
    /// # Errors
    ///
    /// [`store::Error`] where the table cannot be asked. What fails with one pull request or one link is logged, paused
    /// and made again; it never ends the run.
    pub async fn run(&self, holder: &str, deadline: Timestamp) -> Result<Summary, store::Error> {
        let started_at = self.clock.now();
        let deadline = deadline.min(started_at.saturating_add(self.limits.run).unwrap_or(deadline));
        // For economy: two runs at once would find the same and spend twice the calls.
        if !self.table.lease("poller", holder, started_at, seconds_until(started_at, deadline)).await? {
            return Ok(Summary { busy: true, ..Summary::default() });
        }
        let mut summary = Summary::default();
        let mut clients = Clients::new();
        let outcome = self.passes(deadline, &mut clients, &mut summary).await;
        let spent = |client: &Client| self.limits.max_calls_per_run.saturating_sub(client.calls_left());
        summary.calls = clients.values().map(spent).sum();
        if let Err(error) = self.table.release("poller", holder).await {
            tracing::warn!(%error, "the lease was not released; it runs out by itself");
        }
        outcome.map(|()| summary)
    }

    async fn passes(
        &self,
        deadline: Timestamp,
        clients: &mut Clients,
        summary: &mut Summary,
    ) -> Result<(), store::Error> {
        loop {
            let now = self.clock.now();
            if now >= deadline {
                return Ok(());
            }
            summary.passes += 1;
            let watches = self.table.due(deadline, MAX_WATCHES_PER_PASS).await?;
            let watches: Vec<_> = watches.into_iter().filter(|due| !self.paused(due, now)).collect();
            let Some(first) = watches.first().map(|due| due.watch.due_at) else { return Ok(()) };
            if first <= now {
                let ready = watches.into_iter().filter(|due| due.watch.due_at <= now);
                self.pass(ready, deadline, clients, summary).await;
            }
            // Fresh windows are noticed at this spacing, whatever is due later.
            tokio::time::sleep(self.limits.pass_spacing.unsigned_abs()).await;
        }
    }

    /// Polls what is ready: links side by side, so that one that hangs delays no other within the pass.
    async fn pass(
        &self,
        ready: impl Iterator<Item = DueWatch>,
        deadline: Timestamp,
        clients: &mut Clients,
        summary: &mut Summary,
    ) {
        let mut by_link: BTreeMap<LinkId, Vec<DueWatch>> = BTreeMap::new();
        for due in ready {
            by_link.entry(due.link.clone()).or_default().push(due);
        }
        let links = by_link.into_iter().map(|(link, due)| {
            let client = clients.get(&link).cloned();
            async move { self.poll_link(link, client, due, deadline).await }
        });
        for (link, client, partial) in futures::future::join_all(links).await {
            clients.extend(client.map(|client| (link, client)));
            summary.polled += partial.polled;
            summary.events += partial.events;
            summary.failed += partial.failed;
        }
    }

    /// Polls one link's pull requests, the longest due first, until one failure concerns them all.
    async fn poll_link(
        &self,
        link: LinkId,
        client: Option<Client>,
        due: Vec<DueWatch>,
        deadline: Timestamp,
    ) -> (LinkId, Option<Client>, Summary) {
        let mut summary = Summary::default();
        let client = match client {
            Some(client) => Ok(client),
            None => self.client(&link).await,
        };
        for due in due {
            if self.clock.now() >= deadline {
                break;
            }
            let polled = match &client {
                Ok(client) => self.poll(client, &due).await,
                Err(error) => self.failed_link(error, &due).await,
            };
            match polled {
                Ok(events) => {
                    summary.polled += u32::from(events.is_some());
                    summary.events += events.unwrap_or(0);
                    self.pauses().worked(&(link.clone(), Some(due.subject.clone())));
                    self.pauses().worked(&(link.clone(), None));
                }
                Err(error) => {
                    summary.failed += 1;
                    self.pause(&due, &error);
                    if error.concerns_link() {
                        break;
                    }
                }
            }
        }
        (link, client.ok(), summary)
    }

    async fn client(&self, link: &LinkId) -> Result<Client, Error> {
        let link = self.links.get(link, self.clock.now()).await?.ok_or(Error::NoLink)?;
        let credential = link.credential.ok_or(Error::NoCredential)?;
        Ok(self.api.client(credential, self.limits.max_calls_per_run))
    }

    /// What becomes of a watch whose link cannot be polled with.
    async fn failed_link(&self, error: &Error, due: &DueWatch) -> Result<Option<u32>, Error> {
        match error {
            Error::NoCredential | Error::NoLink => {
                self.record(due, &Observation::Unreachable, None).await?;
                tracing::warn!(link = %due.link, subject = %due.subject, %error, "not polled");
                Ok(None)
            }
            Error::Store(error) => Err(error.clone().into()),
            _ => Ok(None),
        }
    }

    /// Polls one pull request. Gives the number of events, or `None` where it was not due after all: the index of watches
    /// is a moment behind the table.
    async fn poll(&self, client: &Client, due: &DueWatch) -> Result<Option<u32>, Error> {
        let state = self.table.read(&due.link, &due.subject).await?;
        let started_at = self.clock.now();
        if state.watch.is_none_or(|watch| watch.due_at > started_at) {
            return Ok(None);
        }
        let (Some(known), Subject::PullRequest { id, .. }) = (&state.pull_request, &due.subject) else {
            return Ok(None);
        };
        let read = match RepositoryPath::of(&known.repository) {
            Some(repository) => {
                reader::read(client, &repository, *id, &state, started_at).await.map_err(Error::from)
            }
            None => Err(Error::NoRepository),
        };
        let observation = match read {
            Ok(poll) => Observation::Poll(poll),
            Err(error) if error.disables_watch() => {
                tracing::warn!(link = %due.link, subject = %due.subject, %error, "watch ended until the next delivery");
                Observation::Unreachable
            }
            Err(error) => return Err(error),
        };
        let events = self.record(due, &observation, Some(state)).await?;
        tracing::info!(
            link = %due.link, subject = %due.subject, reason = due.watch.reason.as_str(), events,
            calls_left = client.calls_left(), "polled"
        );
        Ok(Some(events))
    }

    async fn record(
        &self,
        due: &DueWatch,
        observation: &Observation,
        known: Option<relay::SubjectState>,
    ) -> Result<u32, Error> {
        let recorded = store::record(
            &self.table,
            &due.link,
            &due.subject,
            observation,
            None,
            known,
            &self.clock,
            &self.settings,
        );
        Ok(match recorded.await? {
            Recorded::Stored { events, .. } => u32::try_from(events.len()).unwrap_or(u32::MAX),
            Recorded::Known => 0,
        })
    }

    fn paused(&self, due: &DueWatch, now: Timestamp) -> bool {
        let pauses = self.pauses();
        pauses.paused(&(due.link.clone(), None), now)
            || pauses.paused(&(due.link.clone(), Some(due.subject.clone())), now)
    }

    fn pause(&self, due: &DueWatch, error: &Error) {
        let subject = if error.concerns_link() { None } else { Some(due.subject.clone()) };
        let least = match error {
            Error::Bitbucket(bitbucket::Error::Api { status: 429, retry_after_seconds, .. }) => {
                retry_after_seconds.map_or(PAUSE_AFTER_RATE_LIMIT, |seconds| {
                    SignedDuration::from_secs(seconds.min(LONGEST_RETRY_AFTER_SECONDS).cast_signed())
                })
            }
            _ => SignedDuration::ZERO,
        };
        tracing::warn!(
            link = %due.link, subject = %due.subject, category = error.category().as_str(), %error,
            "poll failed; the watch stays due"
        );
        self.pauses().failed((due.link.clone(), subject), self.clock.now(), least);
    }

    fn pauses(&self) -> std::sync::MutexGuard<'_, Pauses<(LinkId, Option<Subject>)>> {
        self.pauses.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn seconds_until(now: Timestamp, deadline: Timestamp) -> u32 {
    u32::try_from(deadline.duration_since(now).as_secs().max(1)).unwrap_or(u32::MAX)
}
