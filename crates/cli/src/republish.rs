//! Publishes events of the log again, for `replay` and `dlq redrive`, as the publisher does.

use std::time::Duration;

use bus::entry::EntryLimit;
use bus::{Entry, EventBridge, plan};
use jiff::SignedDuration;
use relay::Replay;
use store::reading::{ItemKey, Reader};
use store::{Clock as _, StoredEvent};
use tokio::time::Instant;

use crate::Error;
use crate::environment::SharedClock;

/// Longest time for one batch, with its retries.
const BATCH_TIME: SignedDuration = SignedDuration::from_secs(30);

/// Reads events from the log and publishes them, at a limited rate.
pub(crate) struct Republisher {
    pub(crate) reader: Reader,
    pub(crate) bus: EventBridge,
    /// Name of the table, for payload references.
    pub(crate) table: String,
    /// The publisher's limit for the size of an entry.
    pub(crate) limit: EntryLimit,
    pub(crate) clock: SharedClock,
    pub(crate) pace: Pace,
}

/// Outcome of one event.
#[derive(Debug, PartialEq)]
pub(crate) enum Outcome {
    /// The bus has it.
    Published,
    /// The log does not have it (any more).
    Missing,
    /// It could not be published.
    Refused(bus::Error),
}

impl Republisher {
    /// Publishes the events with these keys, at most [`Republisher::batch`], as soon as the rate allows it. Returns one
    /// outcome for each, in their order.
    ///
    /// # Errors
    ///
    /// The table's errors; nothing was published then.
    pub(crate) async fn publish(
        &mut self,
        keys: &[ItemKey],
        replay: Option<&Replay>,
    ) -> Result<Vec<Outcome>, Error> {
        let stored = self.reader.stored(keys).await?;
        self.pace.wait_for(stored.len()).await;
        let made: Vec<_> = stored.iter().map(|stored| self.entry(stored, replay)).collect();
        let entries: Vec<&Entry> = made.iter().filter_map(|made| made.as_ref().ok()).collect();
        let now = self.clock.now();
        let deadline = now.saturating_add(BATCH_TIME).unwrap_or(now);
        let mut results =
            bus::publish(&self.bus, &self.clock, &entries, self.limit, deadline).await.into_iter();
        let outcomes = stored.iter().zip(made).map(|(stored, made)| {
            let result = made.and_then(|_| results.next().unwrap_or(Err(bus::Error::OutOfTime)));
            let key = ItemKey { pk: stored.pk.clone(), sk: stored.sk.clone() };
            (key, result.map_or_else(Outcome::Refused, |()| Outcome::Published))
        });
        let mut found: Vec<_> = outcomes.collect();
        let mut outcome = |key: &ItemKey| {
            let at = found.iter().position(|(of, _)| of == key);
            at.map_or(Outcome::Missing, |at| found.remove(at).1)
        };
        Ok(keys.iter().map(&mut outcome).collect())
    }

    fn entry(&self, stored: &StoredEvent, replay: Option<&Replay>) -> Result<Entry, bus::Error> {
        match replay {
            Some(replay) => Entry::of_replay(stored, &self.table, self.limit, replay),
            None => Entry::from_event(stored, &self.table, self.limit),
        }
    }

    /// Number of events that are published together.
    pub(crate) fn batch(&self) -> usize {
        plan::MAX_ENTRIES.min(usize::try_from(self.pace.per_second).unwrap_or(1)).max(1)
    }
}

/// The rate of publication, in events per second.
#[derive(Debug)]
pub(crate) struct Pace {
    per_second: u32,
    started: Instant,
    count: u32,
}

impl Pace {
    pub(crate) fn new(per_second: u32) -> Self {
        Self { per_second, started: Instant::now(), count: 0 }
    }

    /// Waits until the rate allows further events, and counts them.
    async fn wait_for(&mut self, events: usize) {
        let due = Duration::from_secs(1).saturating_mul(self.count) / self.per_second.max(1);
        self.count = self.count.saturating_add(u32::try_from(events).unwrap_or(u32::MAX));
        tokio::time::sleep_until(self.started + due).await;
    }
}
