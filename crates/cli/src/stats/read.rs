//! Reads the events of the pull requests that were active in a time.

use std::collections::BTreeSet;

use futures::StreamExt as _;
use futures::stream;
use relay::{Event, LinkId, Subject};
use store::reading::EventFilter;

use super::review::{Review, review};
use crate::Error;
use crate::log::{Log, Stretch, listed};

/// Number of logs that are read at the same time.
const AT_ONCE: usize = 8;

/// Largest number of events that are read of one pull request.
const MAX_EVENTS: usize = 2_000;

/// Limits of one reading.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// Largest number of events that are listed to find active pull requests: the newest.
    pub(crate) listed: usize,
    /// Largest number of pull requests: the last active.
    pub(crate) pull_requests: usize,
}

/// The figures of the pull requests that were active in a time, the last active first.
#[derive(Debug, Clone, Default)]
pub(crate) struct Reviews {
    pub(crate) reviews: Vec<Review>,
    /// False if a limit left some out.
    pub(crate) complete: bool,
}

/// Reads the pull requests with an event that passes a filter.
pub(crate) async fn reviews<L: Log>(log: &L, filter: &EventFilter, limits: Limits) -> Result<Reviews, Error> {
    let EventFilter { link, since, until, .. } = filter.clone();
    let stretch = Stretch { link, since, until };
    let (events, all_listed) = listed(log, &stretch, limits.listed).await?;
    let mut active: Vec<(LinkId, Subject)> = Vec::new();
    let mut seen = BTreeSet::new();
    for event in events {
        let is_wanted = matches!(event.subject, Subject::PullRequest { .. }) && filter.passes(&event);
        let place = (event.link, event.subject);
        if is_wanted && seen.insert(place.clone()) {
            active.push(place);
        }
    }
    let complete = all_listed && active.len() <= limits.pull_requests;
    active.truncate(limits.pull_requests);
    let logs = stream::iter(active).map(|(link, subject)| async move {
        let events: Result<Vec<Event>, Error> = log.events(&link, &subject, 0, MAX_EVENTS).await;
        events.map(|events| review(&events))
    });
    let read: Vec<_> = logs.buffered(AT_ONCE).collect().await;
    let reviews = read.into_iter().filter_map(Result::transpose).collect::<Result<_, _>>()?;
    Ok(Reviews { reviews, complete })
}
