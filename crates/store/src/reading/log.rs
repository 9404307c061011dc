//! The log of links in the order of time: the partitions of the index, merged.

use std::fmt;

use aws_sdk_dynamodb::Client;
use futures::StreamExt as _;
use jiff::Timestamp;
use relay::LinkId;

use super::cursor::Cursor;
use super::filter::EventFilter;
use super::lane::{Lane, Query};
use super::summary::EventSummary;
use crate::Error;
use crate::codec::{keys, log};

/// Items of one query without a filter: few, because a list usually ends after its first page.
const SMALL_PAGE: i32 = 100;

/// Items of one query with a filter, which may leave out most of them.
const LARGE_PAGE: i32 = 1_000;

/// Largest number of queries at once.
const MAX_QUERIES: usize = 16;

/// Order of the events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// The latest observed first.
    NewestFirst,
    /// The earliest observed first.
    OldestFirst,
}

/// The log of links between two times, in pages. Events of one time come in the order of their sequence.
pub struct Log {
    client: Client,
    query: Query,
    lanes: Vec<Lane>,
    filter: EventFilter,
}

impl fmt::Debug for Log {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Log")
            .field("filter", &self.filter)
            .field("lanes", &self.lanes)
            .finish_non_exhaustive()
    }
}

impl Log {
    pub(super) fn open(
        client: Client,
        table: String,
        links: &[LinkId],
        filter: EventFilter,
        order: Order,
    ) -> Self {
        let links = links.iter().filter(|link| filter.link.as_ref().is_none_or(|wanted| wanted == *link));
        let lanes = if filter.is_empty_span() {
            Vec::new()
        } else if let Some(subject) = filter.subject() {
            let keys = links.filter_map(|link| keys::subject(link, &subject).ok());
            keys.map(Lane::subject).collect()
        } else {
            links.flat_map(log::partitions).map(|name| Lane::time(name, &filter)).collect()
        };
        let page = if filter.leaves_out() { LARGE_PAGE } else { SMALL_PAGE };
        let query = Query { table, page, is_forward: order == Order::OldestFirst };
        Self { client, query, lanes, filter }
    }

    /// Continues after the events that a cursor has passed. It must come from a log with the same links, filter and
    /// order.
    #[must_use]
    pub fn from(mut self, cursor: &Cursor) -> Self {
        for lane in &mut self.lanes {
            lane.start_after(cursor);
        }
        self
    }

    /// Reads so many items at a time of each of a link's partitions, at most 1,000. Fewer read less in vain if the log
    /// is not read to its end.
    #[must_use]
    pub fn in_pages_of(mut self, items: usize) -> Self {
        self.query.page = i32::try_from(items).map_or(LARGE_PAGE, |items| items.clamp(1, LARGE_PAGE));
        self
    }

    /// Returns the next events that pass the filter; `None` after the last. A page can be empty although others follow.
    ///
    /// # Errors
    ///
    /// The table's errors; [`Error::Corrupt`] for an event that cannot be read.
    pub async fn next(&mut self) -> Result<Option<Vec<EventSummary>>, Error> {
        self.fill().await?;
        if self.lanes.iter().all(Lane::is_over) {
            return Ok(None);
        }
        let mut page = Vec::new();
        // A lane without an event in memory may have the next one in the table.
        while self.lanes.iter().all(Lane::is_ready) {
            let Some(event) = self.pop() else { break };
            page.push(event);
        }
        Ok(Some(page))
    }

    /// Returns the time up to which everything was read; `None` before the first page, at the end, and for the log of
    /// one pull request.
    pub fn reached(&self) -> Option<Timestamp> {
        let times = self.lanes.iter().filter_map(Lane::reached);
        if self.query.is_forward { times.min() } else { times.max() }
    }

    /// Reads on where no event is in memory.
    async fn fill(&mut self) -> Result<(), Error> {
        let Self { client, query, lanes, filter } = self;
        let (client, query, filter) = (&*client, &*query, &*filter);
        let mut reads = Vec::new();
        for lane in lanes.iter_mut().filter(|lane| !lane.is_ready()) {
            reads.push(lane.read(client, query, filter));
        }
        let mut reads = futures::stream::iter(reads).buffer_unordered(MAX_QUERIES);
        while let Some(read) = reads.next().await {
            read?;
        }
        Ok(())
    }

    /// Takes the event that comes first.
    fn pop(&mut self) -> Option<EventSummary> {
        let place = |lane: &Lane| lane.first().map(|event| (event.observed_at, event.sequence));
        let lanes = self.lanes.iter_mut().filter(|lane| lane.first().is_some());
        let lane = if self.query.is_forward {
            lanes.min_by_key(|lane| place(lane))
        } else {
            // The last of equal lanes: the exact reverse of the other order.
            lanes.max_by_key(|lane| place(lane))
        };
        lane?.pop()
    }
}
