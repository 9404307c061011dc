//! The loop that stores an observation: read, fold, commit; and again where somebody was faster. The webhook function
//! and the poller both use it.
//!
//! On the warm path this is one read and one transaction, nothing else.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

use relay::{Event, LinkId, Observation, Settings, Subject, SubjectState, Watch, fold};

use crate::Error;
use crate::clock::Clock;
use crate::table::{Commit, CommitError, DeliveryMark, Table};

/// How often in a row a commit may be refused.
const MAX_ATTEMPTS: u32 = 12;

/// The time for everything. Bitbucket waits ten seconds for an answer
/// (<https://support.atlassian.com/bitbucket-cloud/docs/troubleshoot-webhooks/>); the rest is for starting and for the link.
const DEADLINE: Duration = Duration::from_secs(6);

const FIRST_BACKOFF_MS: u64 = 5;
const MAX_BACKOFF_MS: u64 = 800;

/// What became of an observation.
#[derive(Debug, Clone, PartialEq)]
pub enum Recorded {
    /// It is durable.
    Stored {
        /// The new events, in order; none where it told nothing new.
        events: Vec<Event>,
        /// When its subject is polled next.
        watch: Option<Watch>,
    },
    /// Nothing had to be stored: the delivery was known, or a poll was about a pull request that nothing is known of.
    Known,
}

/// Stores an observation.
///
/// `delivery` is what brought it, if a delivery did. `known` is the state where the caller has just read it: that spares
/// the read.
///
/// # Errors
///
/// [`Error::Contended`] and [`Error::TooSlow`] where others kept writing the same subject; whatever the table says. After
/// an error that is retryable it may still have been stored; storing it again does no harm.
#[allow(
    clippy::too_many_arguments,
    reason = "these are the words of the sentence; a struct would only rename them"
)]
pub async fn record<T: Table, C: Clock>(
    table: &T,
    link: &LinkId,
    subject: &Subject,
    observation: &Observation,
    delivery: Option<&DeliveryMark>,
    known: Option<SubjectState>,
    clock: &C,
    settings: &Settings,
) -> Result<Recorded, Error> {
    let attempt = Attempt { table, link, subject, observation, clock, settings };
    tokio::time::timeout(DEADLINE, attempt.until_stored(delivery.cloned(), known))
        .await
        .unwrap_or(Err(Error::TooSlow { seconds: DEADLINE.as_secs() }))
}

/// What stays the same while it is tried.
#[derive(Debug, Clone, Copy)]
struct Attempt<'a, T, C> {
    table: &'a T,
    link: &'a LinkId,
    subject: &'a Subject,
    observation: &'a Observation,
    clock: &'a C,
    settings: &'a Settings,
}

impl<T: Table, C: Clock> Attempt<'_, T, C> {
    async fn until_stored(
        self,
        mut delivery: Option<DeliveryMark>,
        known: Option<SubjectState>,
    ) -> Result<Recorded, Error> {
        let Self { table, link, subject, observation, .. } = self;
        let mut stored = Vec::new();
        let mut refusals = 0;
        let mut state = match known {
            Some(known) => known,
            None => table.read(link, subject).await?,
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
                now,
            };
            let refused = match table.commit(&commit).await {
                Ok(()) => {
                    log(&commit);
                    stored.extend(folded.events);
                    if !folded.more {
                        return Ok(Recorded::Stored { events: stored, watch: folded.state.watch });
                    }
                    // The same observation again, for what did not fit. Its base version stays: what this commit
                    // changed equals the observation, and what others changed since must not look older than it.
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
                CommitError::RequestReused => delivery = delivery.map(|mark| set_apart(link, subject, &mark)),
                CommitError::KnownFacts(known) => facts = known,
                _ => tokio::time::sleep(backoff(refusals)).await,
            }
            tracing::debug!(%link, %subject, refusals, "folding again");
            state = table.read(link, subject).await?;
            state.remember(facts);
        }
    }
}

fn log(commit: &Commit<'_>) {
    for event in commit.events {
        tracing::info!(
            link = %event.link,
            subject = %event.subject,
            event = %event.id,
            key = %event.key,
            sequence = event.sequence,
            source = event.source.as_str(),
            "stored"
        );
    }
}

/// An alarm, and never a silent drop: two true deliveries under one id would make one of them disappear.
fn set_apart(link: &LinkId, subject: &Subject, mark: &DeliveryMark) -> DeliveryMark {
    tracing::error!(
        alarm = "request_uuid_reused",
        %link,
        %subject,
        hook = mark.hook,
        request = mark.request,
        key = %mark.key,
        "a request id came with another body before; the delivery is stored under an id of its own"
    );
    mark.set_apart()
}

/// Twice as long each time, and any part of that, so that those who collided do not collide again.
fn backoff(refusals: u32) -> Duration {
    let longest_ms = FIRST_BACKOFF_MS.saturating_mul(1 << refusals.min(16)).min(MAX_BACKOFF_MS);
    let random = RandomState::new().hash_one(refusals);
    Duration::from_millis(random % longest_ms)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_backoff_grows_up_to_its_limit() {
        for refusals in 1..=MAX_ATTEMPTS {
            assert!(backoff(refusals).as_millis() < u128::from(MAX_BACKOFF_MS));
        }
        assert!(backoff(1).as_millis() < 10);
    }
}
