//! The events that a replay publishes.

use bitbucket::{EventKey, PullRequestId};
use jiff::{SignedDuration, Timestamp};
use relay::{LinkId, Source};
use serde::{Deserialize, Serialize};
use store::reading::{EventFilter, EventSummary, Log, Order, Reader, RepositoryFilter};

use crate::Error;
use crate::args::ReplayArgs;
use crate::commands::events::{find, narrowed};
use crate::session::Session;

/// Number of events that a dry run shows.
const SHOWN: usize = 10;

/// The events of a replay, in a form that can be kept in a file. All times are fixed at its start.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Selection {
    links: Vec<LinkId>,
    event: Option<String>,
    repository: Option<String>,
    pull_request: Option<u64>,
    key: Option<EventKey>,
    source: Option<Source>,
    since: Option<Timestamp>,
    until: Option<Timestamp>,
}

impl Selection {
    /// Reads the flags. `None` if no event has the id, or the name of the repository.
    pub(super) async fn from_args(
        session: &mut Session<'_, '_>,
        reader: &Reader,
        args: &ReplayArgs,
    ) -> Result<Option<Self>, Error> {
        let links = session.links_to_read().await?;
        if let Some(id) = &args.event {
            let found = find(session, id, args.since).await?;
            return Ok(found.map(|event| Self::of_event(links, &event)));
        }
        let now = session.now();
        let pull_request = args.pull_request().map_err(Error::Usage)?;
        let filter = EventFilter {
            link: None,
            id: None,
            pull_request: pull_request.as_ref().map(|(_, number)| *number),
            repository: pull_request.map(|(repository, _)| repository).or_else(|| args.repository.clone()),
            key: args.key.clone(),
            source: args.source.map(Into::into),
            since: args.since.map(|moment| moment.resolve(now)),
            until: Some(args.until.map_or(now, |moment| moment.resolve(now))),
        };
        let filter = narrowed(reader, &links, filter).await?;
        Ok(filter.map(|filter| Self::new(links, filter)))
    }

    /// Selects one event by its time, so that the log is not searched again.
    fn of_event(links: Vec<LinkId>, event: &EventSummary) -> Self {
        let (since, after) = (event.observed_at, SignedDuration::from_nanos(1));
        let (since, until) = (Some(since), since.saturating_add(after).ok());
        Self::new(
            links,
            EventFilter { id: Some(event.id.to_string()), since, until, ..EventFilter::default() },
        )
    }

    fn new(links: Vec<LinkId>, filter: EventFilter) -> Self {
        let repository = filter.repository.map(|repository| match repository {
            RepositoryFilter::Id(id) => id.as_str().to_owned(),
            RepositoryFilter::FullName(name) => name,
        });
        Self {
            links,
            event: filter.id,
            repository,
            pull_request: filter.pull_request.map(|id| id.0),
            key: filter.key,
            source: filter.source,
            since: filter.since,
            until: filter.until,
        }
    }

    /// Opens the log of these events, the oldest first.
    pub(super) fn log(&self, reader: &Reader) -> Log {
        let filter = EventFilter {
            link: None,
            id: self.event.clone(),
            repository: self.repository.as_ref().and_then(|text| text.parse().ok()),
            pull_request: self.pull_request.map(PullRequestId),
            key: self.key.clone(),
            source: self.source,
            since: self.since,
            until: self.until,
        };
        reader.log(&self.links, filter, Order::OldestFirst)
    }

    /// Counts the events, and returns the first ones.
    pub(super) async fn count(&self, reader: &Reader) -> Result<(u64, Vec<EventSummary>), Error> {
        let (mut count, mut first) = (0, Vec::new());
        let mut log = self.log(reader);
        while let Some(page) = log.next().await? {
            count += page.len() as u64;
            first.extend(page.into_iter().take(SHOWN.saturating_sub(first.len())));
        }
        Ok((count, first))
    }
}
