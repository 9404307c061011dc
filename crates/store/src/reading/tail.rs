//! Follows the log live, through the index `log`.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use relay::LinkId;

use super::filter::EventFilter;
use super::log::Order;
use super::reader::Reader;
use super::stored::ItemKey;
use super::summary::EventSummary;
use crate::Error;

/// Time that each read goes back. An event can appear in the index after a later one: its transaction may have taken
/// seconds, the index lags, and clocks differ.
const OVERLAP: SignedDuration = SignedDuration::from_mins(1);

/// The events from now on. Each read costs the events of the last minute, and never touches the table's stream, which
/// supports two readers and has the publisher as one
/// (<https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Streams.html>).
#[derive(Debug)]
pub struct Tail {
    reader: Reader,
    links: Vec<LinkId>,
    filter: EventFilter,
    /// Time of the last read that succeeded.
    read_at: Timestamp,
    /// Events of the last minutes that were returned, or are older than the tail.
    seen: BTreeMap<ItemKey, Timestamp>,
}

impl Tail {
    /// Follows the log from `now` on, without earlier events.
    ///
    /// # Errors
    ///
    /// As for [`Reader::stored`].
    pub async fn open(
        reader: Reader,
        links: Vec<LinkId>,
        filter: EventFilter,
        now: Timestamp,
    ) -> Result<Self, Error> {
        let mut tail = Self { reader, links, filter, read_at: now, seen: BTreeMap::new() };
        tail.next(now).await?;
        Ok(tail)
    }

    /// Returns the events since the last call that succeeded, in the order of time.
    ///
    /// # Errors
    ///
    /// As for [`Reader::stored`].
    pub async fn next(&mut self, now: Timestamp) -> Result<Vec<EventSummary>, Error> {
        let since = self.read_at.min(now).saturating_sub(OVERLAP).unwrap_or(Timestamp::MIN);
        let filter = EventFilter { since: self.filter.since.max(Some(since)), ..self.filter.clone() };
        let mut log = self.reader.log(&self.links, filter, Order::OldestFirst);
        let mut events = Vec::new();
        while let Some(page) = log.next().await? {
            events.extend(page);
        }
        events.retain(|event| self.seen.insert(event.item_key(), event.observed_at).is_none());
        self.read_at = now;
        self.seen.retain(|_, observed_at| *observed_at >= since);
        Ok(events)
    }
}
