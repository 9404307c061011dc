//! The outcome of one poll, and its storage.

use bitbucket::client::Client;
use relay::{Observation, SubjectState};
use store::links::LinkSource;
use store::{Clock, DueWatch, Table};

use crate::error::Error;
use crate::poller::{Added, Poller};

/// Outcome of polling one due watch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PollOutcome {
    /// The subject was read, and the observation is stored.
    Stored(Added),
    /// Not due any more. The index of watches lags behind the table by a moment.
    NotDue,
    /// The run's calls do not suffice; another run polls it.
    Postponed,
}

/// Stores the observation of a poll.
pub(crate) async fn store_poll<T: Table, L: LinkSource, C: Clock>(
    poller: &Poller<T, L, C>,
    client: &Client,
    due: &DueWatch,
    state: SubjectState,
    observation: &Observation,
) -> Result<PollOutcome, Error> {
    let added = poller.record(&due.link, &due.subject, observation, Some(state)).await?;
    tracing::info!(
        link = %due.link, subject = %due.subject, reason = due.watch.reason.as_str(), events = added.events,
        calls_left = client.calls_left(), "polled"
    );
    Ok(PollOutcome::Stored(added))
}
