//! Stores an observation: read, fold, commit; repeat if another writer was faster. The webhook function and the poller
//! both use it.
//!
//! Without other writers this costs one read and one transaction.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use jiff::Timestamp;
use relay::{Event, LetGoCounts, LinkId, Observation, Settings, Subject, SubjectState, Watch, fold};

use crate::Error;
use crate::clock::Clock;
use crate::commit::{Commit, CommitError, DeliveryMark};
use crate::table::SubjectLog;

/// Number of refused transactions in a row after which recording fails with [`Error::Contended`].
const MAX_ATTEMPTS: u32 = 12;

/// Time limit for all attempts. Bitbucket waits ten seconds for an answer
/// (<https://support.atlassian.com/bitbucket-cloud/docs/troubleshoot-webhooks/>); the other seconds are for the start
/// of the function and for loading the link.
pub(crate) const DEADLINE: Duration = Duration::from_secs(6);

const FIRST_BACKOFF_MS: u64 = 5;
const MAX_BACKOFF_MS: u64 = 800;

/// Outcome of recording an observation.
#[derive(Debug, Clone, PartialEq)]
pub enum Recorded {
    /// The observation is durable.
    Stored {
        /// The new events, in order; empty if the observation showed nothing new.
        events: Vec<Event>,
        /// The next poll of its subject.
        watch: Option<Watch>,
        /// Number of comments and tasks that the state let go of, because it is at its limit.
        let_go: u32,
    },
    /// Nothing had to be stored: the delivery was stored before, or the state does not track what the poll read.
    Known,
}

impl Recorded {
    /// The new events.
    pub fn events(&self) -> &[Event] {
        match self {
            Self::Stored { events, .. } => events,
            Self::Known => &[],
        }
    }
}

/// Stores observations.
#[derive(Debug, Clone, Copy)]
pub struct Recorder<'a, T, C> {
    /// The table that keeps states and events.
    pub table: &'a T,
    /// Our clock.
    pub clock: &'a C,
    /// The settings that the schedule follows.
    pub settings: &'a Settings,
}

impl<T: SubjectLog, C: Clock> Recorder<'_, T, C> {
    /// Stores an observation.
    ///
    /// # Errors
    ///
    /// [`Error::Contended`] and [`Error::TooSlow`] if others kept writing the same subject; the table's own errors.
    /// After a retryable error the observation may still have been stored; storing it again does no harm.
    pub async fn record(
        &self,
        link: &LinkId,
        subject: &Subject,
        observation: &Observation,
    ) -> Result<Recorded, Error> {
        self.store(link, subject, observation, None, None).await
    }

    /// Stores an observation that a delivery brought, unless that delivery is stored already.
    ///
    /// # Errors
    ///
    /// As for [`Recorder::record`].
    pub async fn record_delivery(
        &self,
        link: &LinkId,
        subject: &Subject,
        observation: &Observation,
        mark: &DeliveryMark,
    ) -> Result<Recorded, Error> {
        self.store(link, subject, observation, Some(mark.clone()), None).await
    }

    /// Stores an observation on top of a state that the caller has just read. This saves the read.
    ///
    /// # Errors
    ///
    /// As for [`Recorder::record`].
    pub async fn record_on(
        &self,
        state: SubjectState,
        link: &LinkId,
        subject: &Subject,
        observation: &Observation,
    ) -> Result<Recorded, Error> {
        self.store(link, subject, observation, None, Some(state)).await
    }

    async fn store(
        &self,
        link: &LinkId,
        subject: &Subject,
        observation: &Observation,
        delivery: Option<DeliveryMark>,
        state: Option<SubjectState>,
    ) -> Result<Recorded, Error> {
        tokio::time::timeout(DEADLINE, self.until_stored(link, subject, observation, delivery, state))
            .await
            .unwrap_or(Err(Error::TooSlow { seconds: DEADLINE.as_secs() }))
    }

    async fn until_stored(
        &self,
        link: &LinkId,
        subject: &Subject,
        observation: &Observation,
        mut delivery: Option<DeliveryMark>,
        state: Option<SubjectState>,
    ) -> Result<Recorded, Error> {
        let mut stored = Vec::new();
        let mut let_go = 0;
        let mut refusals = 0;
        let mut state = match state {
            Some(state) => state,
            None => self.table.read(link, subject).await?,
        };
        loop {
            if !observation.concerns(&state) {
                return Ok(Recorded::Known);
            }
            let now = self.clock.now();
            let folded = fold(state, link, subject, observation, now, self.settings);
            let commit = Commit {
                link,
                subject,
                state: &folded.state,
                events: &folded.events,
                delivery: delivery.as_ref(),
                head: folded.head.as_ref(),
                facts: &folded.stored_facts,
                now,
            };
            let refused = match self.table.commit(&commit).await {
                Ok(()) => {
                    log(&commit);
                    let_go += log_let_go(link, subject, folded.let_go);
                    stored.extend(folded.events);
                    if !folded.more {
                        return Ok(Recorded::Stored { events: stored, watch: folded.state.watch, let_go });
                    }
                    // Fold the same observation again, for the events that did not fit. Keep its base version: with a
                    // higher one, changes that other writers stored meanwhile would count as older than the poll.
                    (state, delivery, refusals) = (folded.state, None, 0);
                    continue;
                }
                Err(CommitError::KnownDelivery) => return Ok(Recorded::Known),
                Err(CommitError::Failed(error)) => return Err(error),
                Err(refused) => refused,
            };
            refusals += 1;
            if refusals >= MAX_ATTEMPTS {
                return Err(Error::Contended { attempts: refusals });
            }
            let mut facts = Vec::new();
            match refused {
                CommitError::BodyReused => delivery = delivery.map(|mark| mark.set_apart()),
                CommitError::KnownFacts(known) => facts = known,
                _ => {
                    let request = delivery.as_ref().map(|mark| mark.request.as_str());
                    tokio::time::sleep(backoff(refusals, now, subject, request)).await;
                }
            }
            tracing::debug!(%link, %subject, refusals, "folding again");
            state = self.table.read(link, subject).await?;
            state.remember(facts);
        }
    }
}

/// Logs one line for each new event. With the request id of its delivery, the line connects a delivery to the entry on
/// the bus, which the publisher logs by the event's id.
fn log(commit: &Commit<'_>) {
    let request = commit.delivery.map(|mark| mark.request.as_str());
    for event in commit.events {
        tracing::info!(
            link = %event.link,
            subject = %event.subject,
            event = %event.id,
            key = %event.key,
            sequence = event.sequence,
            source = event.source.as_str(),
            request,
            "stored"
        );
    }
}

/// Logs the items that a state let go of, and returns the number of those that were not deleted.
fn log_let_go(link: &LinkId, subject: &Subject, let_go: LetGoCounts) -> u32 {
    let LetGoCounts { comments, tasks, deleted } = let_go;
    if !let_go.is_empty() {
        tracing::warn!(
            %link, %subject, comments, tasks, deleted,
            "state is at its limit; it let go of the items that did not change for longest"
        );
    }
    comments + tasks
}

/// Returns a pause before the next attempt. Its upper limit doubles each time; its length spreads over the whole range,
/// so that writers that collided do not collide again.
///
/// The length comes from a hash, not from a random number, so that a test run can be repeated. That suffices: writers
/// that collide read their clocks at different nanoseconds. Deliveries also differ in their request ids, for tests
/// whose clock stands still.
fn backoff(refusals: u32, now: Timestamp, subject: &Subject, request: Option<&str>) -> Duration {
    let longest_ms = FIRST_BACKOFF_MS.saturating_mul(1 << refusals.min(16)).min(MAX_BACKOFF_MS);
    let mut hasher = DefaultHasher::new();
    (refusals, now.as_nanosecond(), subject, request).hash(&mut hasher);
    Duration::from_millis(hasher.finish() % longest_ms)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_let_go_are_counted_unless_they_were_deleted() {
        let (link, subject) = ("acme".parse().unwrap(), "pullrequest/0a1b/7".parse().unwrap());
        let let_go = LetGoCounts { comments: 2, tasks: 3, deleted: 5 };
        assert_eq!(log_let_go(&link, &subject, let_go), 5);
        assert_eq!(log_let_go(&link, &subject, LetGoCounts::default()), 0);
    }

    #[test]
    fn backoff_grows_to_its_limit_and_is_repeatable() {
        let subject: Subject = "pullrequest/0a1b/7".parse().unwrap();
        let wait = |refusals, request| backoff(refusals, Timestamp::UNIX_EPOCH, &subject, request);
        for refusals in 1..=MAX_ATTEMPTS {
            assert!(wait(refusals, None).as_millis() < u128::from(MAX_BACKOFF_MS));
        }
        assert!(wait(1, None).as_millis() < 10);
        assert_eq!(wait(8, Some("a")), wait(8, Some("a")));
        assert_ne!(wait(8, Some("a")), wait(8, Some("b")));
    }
}
