//! The entry of the bus that an event becomes, and its size as AWS counts it.

use jiff::Timestamp;
use relay::PayloadReference;
use store::codec::StoredEvent;

use crate::Error;

/// The `source` of every entry: what rules match on.
pub const SOURCE: &str = "bitrelay";

/// The most bytes that one `PutEvents` request may have, all entries together, and it "must be less"
/// (<https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevent-size.html>). AWS has announced more since;
/// the older figure is safe in every region, and for the queues and functions behind the bus as well.
pub const MAX_REQUEST_BYTES: usize = 256 * 1024;

/// What is kept free around one entry: the bus adds its own fields (account, region, time...) before it hands an event
/// to a target, and a target such as a queue of 256 KB counts those too.
const HEADROOM_BYTES: usize = 1024;

/// The largest entry that is sent.
pub const MAX_ENTRY_BYTES: usize = MAX_REQUEST_BYTES - HEADROOM_BYTES;

/// A time counts as this many bytes, whatever it is.
const TIME_BYTES: usize = 14;

/// One event as the bus takes it.
#[derive(Clone, PartialEq, Eq)]
pub struct Entry {
    /// The event key.
    pub detail_type: String,
    /// The envelope, JSON.
    pub detail: String,
    /// When it happened; where Bitbucket does not say, when it was learned.
    pub time: Timestamp,
    /// The event's id, for logs and dead letters.
    pub event_id: String,
    /// The event's subject, for the same.
    pub subject: String,
    /// The event's place in its subject's order, for the same.
    pub sequence: u64,
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
    /// Makes the entry of an event. A payload that is not all in the event's own item, or would not fit, is left out,
    /// and the envelope's `payload_reference` says where in the log it is.
    ///
    /// # Errors
    ///
    /// [`Error::EntryTooLarge`] where even that does not fit.
    pub fn of(stored: &StoredEvent, table: &str) -> Result<Self, Error> {
        if stored.complete {
            let entry = Self::with_detail(stored, None)?;
            if entry.size_bytes() <= MAX_ENTRY_BYTES {
                return Ok(entry);
            }
        }
        let (table, pk, sk) = (table.to_owned(), stored.pk.clone(), stored.sk.clone());
        let reference = PayloadReference { table, pk, sk, bytes: stored.payload_bytes };
        let entry = Self::with_detail(stored, Some(reference))?;
        let bytes = entry.size_bytes();
        if bytes > MAX_ENTRY_BYTES {
            return Err(Error::EntryTooLarge { bytes, max_bytes: MAX_ENTRY_BYTES });
        }
        Ok(entry)
    }

    fn with_detail(stored: &StoredEvent, reference: Option<PayloadReference>) -> Result<Self, Error> {
        let event = &stored.event;
        let detail = serde_json::to_string(&event.envelope(reference))
            .map_err(|error| Error::RecordInvalid(error.to_string()))?;
        Ok(Self {
            detail_type: event.key.to_string(),
            detail,
            time: event.occurred_at.unwrap_or(event.observed_at),
            event_id: event.id.to_string(),
            subject: event.subject.to_string(),
            sequence: event.sequence,
        })
    }

    /// The size as AWS counts it: UTF-8 bytes of source, detail type and detail, and 14 for the time
    /// (<https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevent-size.html>).
    pub fn size_bytes(&self) -> usize {
        SOURCE.len() + self.detail_type.len() + self.detail.len() + TIME_BYTES
    }
}
