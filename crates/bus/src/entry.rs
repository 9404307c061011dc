//! One event as an entry of `PutEvents`, and its size as AWS counts it.

use jiff::Timestamp;
use relay::{PayloadReference, Replay, Source};
use store::codec::StoredEvent;

use crate::Error;

/// The `source` of every entry. Rules match on it.
pub const SOURCE: &str = "bitrelay";

/// Upper bound of one `PutEvents` request in bytes, all entries together; the size "must be less"
/// (<https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevent-size.html>).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EntryLimit(usize);

/// Bytes reserved in each entry for the fields that the bus adds (account, region, time...). A target such as a queue
/// of 256 KB counts those too.
const HEADROOM_BYTES: usize = 1024;

impl EntryLimit {
    /// The lowest limit: an entry without its payload always fits.
    pub const LOWEST_BYTES: usize = 128 * 1024;
    /// AWS's limit since January 2026
    /// (<https://aws.amazon.com/blogs/compute/more-room-to-build-serverless-services-now-support-payloads-up-to-1-mb>).
    pub const HIGHEST_BYTES: usize = 1024 * 1024;

    /// Returns a limit in bytes; `None` if it is out of bounds.
    pub fn new(bytes: usize) -> Option<Self> {
        (Self::LOWEST_BYTES..=Self::HIGHEST_BYTES).contains(&bytes).then_some(Self(bytes))
    }

    /// The most bytes of a request.
    pub const fn request_bytes(self) -> usize {
        self.0
    }

    /// The most bytes of an entry.
    pub const fn entry_bytes(self) -> usize {
        self.0.saturating_sub(HEADROOM_BYTES)
    }
}

impl Default for EntryLimit {
    /// AWS's former limit, which every queue and function behind the bus takes.
    fn default() -> Self {
        Self(256 * 1024)
    }
}

/// Bytes that AWS counts for any time.
const TIME_BYTES: usize = 14;

/// One event, ready for the bus.
#[derive(Clone, PartialEq, Eq)]
pub struct Entry {
    /// The event key.
    pub detail_type: String,
    /// The envelope as JSON.
    pub detail: String,
    /// Time of the event; time of its observation if Bitbucket gives none.
    pub time: Timestamp,
    /// The event's id, for logs and dead letters.
    pub event_id: String,
    /// The event's subject, for logs and dead letters.
    pub subject: String,
    /// The event's sequence number within its subject, for logs and dead letters.
    pub sequence: u64,
    /// The id of the event's link, for logs.
    pub link: String,
    /// The event's source, for logs and metrics.
    pub source: Source,
}

impl std::fmt::Debug for Entry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Entry")
            .field("detail_type", &self.detail_type)
            .field("event_id", &self.event_id)
            .field("subject", &self.subject)
            .field("sequence", &self.sequence)
            .field("detail_bytes", &self.detail.len())
            .finish_non_exhaustive()
    }
}

impl Entry {
    /// Makes the entry of an event. If the payload spans several items or does not fit, the entry omits it, and the
    /// envelope's `payload_reference` gives its location in the log.
    ///
    /// # Errors
    ///
    /// [`Error::EntryTooLarge`] if the entry does not fit without its payload either.
    pub fn from_event(stored: &StoredEvent, table: &str, limit: EntryLimit) -> Result<Self, Error> {
        Self::new(stored, table, limit, None)
    }

    /// Makes the entry of an event that a replay publishes again. It differs by the field `replay` only.
    ///
    /// # Errors
    ///
    /// As for [`Entry::from_event`].
    pub fn of_replay(
        stored: &StoredEvent,
        table: &str,
        limit: EntryLimit,
        replay: &Replay,
    ) -> Result<Self, Error> {
        Self::new(stored, table, limit, Some(replay))
    }

    fn new(
        stored: &StoredEvent,
        table: &str,
        limit: EntryLimit,
        replay: Option<&Replay>,
    ) -> Result<Self, Error> {
        let max_bytes = limit.entry_bytes();
        if stored.complete {
            let entry = Self::with_detail(stored, None, replay)?;
            if entry.size_bytes() <= max_bytes {
                return Ok(entry);
            }
        }
        let (table, pk, sk) = (table.to_owned(), stored.pk.clone(), stored.sk.clone());
        let reference = PayloadReference { table, pk, sk, bytes: stored.payload_bytes };
        let entry = Self::with_detail(stored, Some(reference), replay)?;
        let bytes = entry.size_bytes();
        if bytes > max_bytes {
            return Err(Error::EntryTooLarge { bytes, max_bytes });
        }
        Ok(entry)
    }

    fn with_detail(
        stored: &StoredEvent,
        reference: Option<PayloadReference>,
        replay: Option<&Replay>,
    ) -> Result<Self, Error> {
        let event = &stored.event;
        let detail = serde_json::to_string(&event.envelope(reference).in_replay(replay))
            .map_err(|error| Error::EntryInvalid(error.to_string()))?;
        Ok(Self {
            detail_type: event.key.to_string(),
            detail,
            time: event.occurred_at.unwrap_or(event.observed_at),
            event_id: event.id.to_string(),
            subject: event.subject.to_string(),
            sequence: event.sequence,
            link: event.link.to_string(),
            source: event.source,
        })
    }

    /// Size as AWS counts it: UTF-8 bytes of source, detail type and detail, plus 14 for the time
    /// (<https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevent-size.html>).
    pub fn size_bytes(&self) -> usize {
        SOURCE.len() + self.detail_type.len() + self.detail.len() + TIME_BYTES
    }
}
