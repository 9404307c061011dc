//! One pull request: what is known of it, what Bitbucket shows of it, and what is stored.

use bitbucket::client::{Client, RepositoryPath};
use jiff::{SignedDuration, Timestamp};
use relay::observation::{Observation, PullRequestObservation};
use relay::polling::Needs;
use relay::state::{Comments, PullRequestState};
use relay::{Subject, SubjectState};
use store::links::LinkSource;
use store::{Clock, DueWatch, Recorded, Table};

use crate::error::Error;
use crate::passes::Run;
use crate::reader::{self, Extent};

/// Comments, or tasks, on one page of a listing.
const PAGE_ITEMS: usize = 100;

/// How long a pull request waits for a run that has calls enough to read all of it.
const LONG_OVERDUE: SignedDuration = SignedDuration::from_mins(20);

/// What became of a watch that was due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Polled {
    /// The pull request was read, and what it shows is stored.
    Stored {
        /// How many events that gave.
        events: u32,
    },
    /// It was not due after all: the index of watches is a moment behind the table.
    NotDue,
    /// What is left of the run's calls does not suffice to read it.
    Postponed,
}

impl<T: Table, L: LinkSource, C: Clock> Run<'_, T, L, C> {
    /// Polls one pull request, or what else is watched.
    pub(crate) async fn poll(&self, client: &Client, due: &DueWatch) -> Result<Polled, Error> {
        let state = self.poller.table.read(&due.link, &due.subject).await?;
        let started_at = self.poller.clock.now();
        if state.watch.is_none_or(|watch| watch.due_at > started_at) {
            return Ok(Polled::NotDue);
        }
        if let Subject::Repository { .. } = &due.subject {
            return self.sweep(client, due, state).await;
        }
        if let Subject::Commit { hash, .. } = &due.subject {
            return self.poll_commit(client, due, state, hash).await;
        }
        if due.subject == Subject::Link {
            return self.look_up(client, due, state).await;
        }
        let (Some(known), Subject::PullRequest { id, .. }) = (state.pull_request(), &due.subject) else {
            return Ok(Polled::NotDue);
        };
        self.register(due, known).await?;
        let mut needs =
            Needs::new(known, started_at, &self.poller.settings, self.is_short_of_calls(&due.link));
        needs.head = needs.head.filter(|_| self.poller.limits.read_heads);
        let has_all_calls = client.calls_left() == self.granted(&due.link);
        let needed = calls_needed(known, &needs);
        if self.is_better_postponed(client, due, needed, started_at) {
            return Ok(Polled::Postponed);
        }
        if client.calls_left() < needed {
            (needs.pull_request, needs.tasks) = (false, false);
        }
        let read = match RepositoryPath::from_payload(&known.repository) {
            Some(path) => {
                reader::read(client, &path, *id, &state, needs, started_at).await.map_err(Error::from)
            }
            None => Err(Error::NoRepository),
        };
        let read = match read {
            Ok((_, Extent::OutOfCalls)) if !has_all_calls => return Ok(Polled::Postponed),
            Err(Error::Bitbucket(bitbucket::Error::AllowanceSpent { .. })) if !has_all_calls => {
                return Ok(Polled::Postponed);
            }
            Ok((poll, extent)) => {
                if extent != Extent::Everything {
                    tracing::warn!(
                        link = %due.link, subject = %due.subject, ?extent,
                        "more than is read: changes of what changed long ago are not noticed"
                    );
                }
                Ok(Observation::PullRequest(PullRequestObservation::Poll(poll)))
            }
            Err(error) => Err(error),
        };
        self.conclude(client, due, state, read).await
    }

    /// Stores what a poll read; or that there is nothing to be read any more.
    pub(crate) async fn conclude(
        &self,
        client: &Client,
        due: &DueWatch,
        state: SubjectState,
        read: Result<Observation, Error>,
    ) -> Result<Polled, Error> {
        let observation = match read {
            Ok(observation) => observation,
            Err(error) if error.disables_watch() => {
                tracing::warn!(
                    link = %due.link, subject = %due.subject, %error, "watch ended until the next delivery"
                );
                let Some(unreachable) = Observation::unreachable(&due.subject) else { return Err(error) };
                unreachable
            }
            Err(error) => return Err(error),
        };
        let events = self.record(due, &observation, Some(state)).await?;
        tracing::info!(
            link = %due.link, subject = %due.subject, reason = due.watch.reason.as_str(), events,
            calls_left = client.calls_left(), "polled"
        );
        Ok(Polled::Stored { events })
    }

    /// Whether a poll that takes so many calls is better left to another run. Calls that this one does not make are there for the
    /// next; where that will never be enough, the newest comments are read.
    pub(crate) fn is_better_postponed(
        &self,
        client: &Client,
        due: &DueWatch,
        needed: u32,
        now: Timestamp,
    ) -> bool {
        let (left, granted) = (client.calls_left(), self.granted(&due.link));
        let is_worth_waiting = granted < self.poller.limits.max_calls_per_run
            && now.duration_since(due.watch.due_at) <= LONG_OVERDUE;
        left < needed && (left < granted || is_worth_waiting)
    }

    /// Stores an observation and says how many events it gave.
    pub(crate) async fn record(
        &self,
        due: &DueWatch,
        observation: &Observation,
        known: Option<SubjectState>,
    ) -> Result<u32, Error> {
        let Self { poller, .. } = self;
        let recorder = poller.recorder();
        let outcome = match known {
            Some(state) => recorder.record_on(state, &due.link, &due.subject, observation).await?,
            None => recorder.record(&due.link, &due.subject, observation).await?,
        };
        Ok(match outcome {
            Recorded::Stored { events, .. } => u32::try_from(events.len()).unwrap_or(u32::MAX),
            Recorded::Known => 0,
        })
    }
}

/// The calls that reading a pull request takes, by what is known of it.
fn calls_needed(known: &PullRequestState, needs: &Needs) -> u32 {
    let tasks = known.tasks.values().filter(|task| !task.deleted).count();
    let tasks = if needs.tasks { pages_of(tasks) } else { 0 };
    pages(&known.comments).saturating_add(tasks).saturating_add(needs.pull_request.into())
}

/// The calls that listing comments takes, by what is known of them.
pub(crate) fn pages(comments: &Comments) -> u32 {
    pages_of(comments.values().filter(|comment| !comment.deleted).count())
}

fn pages_of(items: usize) -> u32 {
    u32::try_from(items.div_ceil(PAGE_ITEMS).max(1)).unwrap_or(u32::MAX)
}
