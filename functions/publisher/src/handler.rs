//! Handles a batch of stream records: publishes their events, and parks records that cannot be published. To park a
//! record is to send it to the dead-letter queue.

use bus::entry::EntryLimit;
use bus::{Bus, Entry, publish};
use jiff::{SignedDuration, Timestamp};
use serde_dynamo::Item;
use store::Clock;
use store::codec::StoredEvent;

use crate::Error;
use crate::dead_letters::{self, DeadLetters};
use crate::outcomes::{Delay, Outcome, Outcomes};
use crate::record::{self, Batch, Reading, StreamPosition};

/// A record that the bus keeps refusing is parked at this age if other records pass. Otherwise it would block its shard
/// of the stream, until the stream drops it and the records behind it.
const STUCK_AFTER: SignedDuration = SignedDuration::from_mins(10);

/// Time reserved at the end of an invocation for parking.
const PARKING_RESERVE: SignedDuration = SignedDuration::from_secs(10);

/// Assumed time of an invocation if Lambda gives no deadline.
const DEFAULT_DURATION: SignedDuration = SignedDuration::from_secs(30);

/// Reads the event in an item of the table; `None` if the item holds something else.
pub type Decode = fn(Item) -> Result<Option<StoredEvent>, Error>;

/// Reads the event in an item as the store wrote it; `None` if the item holds something else.
///
/// # Errors
///
/// [`Error::RecordInvalid`] if the item claims to be an event and is malformed.
pub fn decode(item: Item) -> Result<Option<StoredEvent>, Error> {
    store::codec::event_from_item(item).map_err(|error| Error::RecordInvalid(error.to_string()))
}

/// The publisher function without the Lambda runtime.
#[derive(Debug)]
pub struct Publisher<B, D, C> {
    /// Destination of the events.
    pub bus: B,
    /// Destination of records that cannot be published.
    pub dead_letters: D,
    /// Source of the current time.
    pub clock: C,
    /// Reader of items; [`decode`] outside tests.
    pub decode: Decode,
    /// Name of the table, for payload references.
    pub table: String,
    /// Largest entry of the bus.
    pub entry_limit: EntryLimit,
}

/// A record that holds, or should hold, an event.
struct Candidate {
    position: StreamPosition,
    entry: Option<Entry>,
    /// `Ok` if the event is on the bus, else the reason why not.
    result: Result<(), Error>,
}

impl<B: Bus, D: DeadLetters, C: Clock> Publisher<B, D, C> {
    /// Publishes the events of a batch.
    ///
    /// Never fails as a whole: a record that cannot be read, published or parked does not affect the others. `deadline`
    /// is the end of the invocation.
    pub async fn handle(&self, batch: Batch, deadline: Timestamp) -> Outcomes {
        let mut candidates = self.read(batch);
        let calls_end = deadline.saturating_sub(PARKING_RESERVE).unwrap_or(deadline);
        let entries: Vec<&Entry> =
            candidates.iter().filter_map(|candidate| candidate.entry.as_ref()).collect();
        let results = publish(&self.bus, &self.clock, &entries, self.entry_limit, calls_end).await;
        let publishable = candidates.iter_mut().filter(|candidate| candidate.entry.is_some());
        for (candidate, result) in publishable.zip(results) {
            candidate.result = result.map_err(Error::from);
        }
        let others_pass = candidates.iter().any(|candidate| candidate.result.is_ok());
        let now = self.clock.now();
        let mut outcomes = Outcomes::default();
        let mut one_failed = false;
        for candidate in candidates {
            let outcome = match &candidate.result {
                Ok(()) => Outcome::Published,
                Err(error) if error.retryable() && !(others_pass && self.is_stuck(&candidate, error)) => {
                    Outcome::Failed
                }
                // *Economy*: Lambda resends this record together with the failed one before it. It is parked then.
                Err(_) if one_failed => Outcome::Failed,
                Err(error) => self.park(&candidate, error, deadline).await,
            };
            log(&candidate, outcome);
            one_failed |= outcome == Outcome::Failed;
            let published = candidate.entry.filter(|_| outcome == Outcome::Published);
            outcomes.delays.extend(published.map(|entry| Delay::of(&entry, now)));
            outcomes.records.push((candidate.position.sequence_number, outcome));
        }
        outcomes
    }

    /// Reads the records and drops those without an event.
    fn read(&self, batch: Batch) -> Vec<Candidate> {
        let candidate = |record| {
            let (position, reading) = record::read(record);
            let entry = match reading {
                Ok(Reading::Other) => return None,
                Ok(Reading::Inserted(item)) => match (self.decode)(item) {
                    Ok(None) => return None,
                    Ok(Some(stored)) => {
                        Entry::from_event(&stored, &self.table, self.entry_limit).map_err(Error::from)
                    }
                    Err(error) => Err(error),
                },
                Err(error) => Err(error),
            };
            Some(match entry {
                Ok(entry) => {
                    Candidate { position, entry: Some(entry), result: Err(bus::Error::OutOfTime.into()) }
                }
                Err(error) => Candidate { position, entry: None, result: Err(error) },
            })
        };
        batch.records.into_iter().filter_map(candidate).collect()
    }

    /// True if the bus refused the record and it is so old that it blocks its shard.
    fn is_stuck(&self, candidate: &Candidate, error: &Error) -> bool {
        let age = candidate.position.created_at.map(|created| self.clock.now().duration_since(created));
        *error != Error::Bus(bus::Error::OutOfTime) && age.is_some_and(|age| age > STUCK_AFTER)
    }

    async fn park(&self, candidate: &Candidate, cause: &Error, deadline: Timestamp) -> Outcome {
        let call = SignedDuration::from_secs(i64::try_from(queue::SEND_SECONDS).unwrap_or(i64::MAX));
        if self.clock.now().saturating_add(call).is_ok_and(|end| end > deadline) {
            return Outcome::Failed;
        }
        let message = dead_letters::message(&candidate.position, candidate.entry.as_ref(), cause);
        match self.dead_letters.park(message).await {
            Ok(()) => Outcome::Parked,
            Err(error) => {
                let category = error.category().as_str();
                tracing::error!(error_code = error.code(), category, %error, "record could not be parked");
                Outcome::Failed
            }
        }
    }
}

/// Returns the end of an invocation, from Lambda's deadline in milliseconds since 1970. Emulators give times in the
/// past; then the end is 30 seconds from `now`.
pub fn deadline(given_ms: u64, now: Timestamp) -> Timestamp {
    let given = i64::try_from(given_ms).ok().and_then(|ms| Timestamp::from_millisecond(ms).ok());
    given
        .filter(|given| *given > now)
        .unwrap_or_else(|| now.saturating_add(DEFAULT_DURATION).unwrap_or(Timestamp::MAX))
}

/// Logs one line per record. It never contains a payload.
fn log(candidate: &Candidate, outcome: Outcome) {
    let (entry, error) = (candidate.entry.as_ref(), candidate.result.as_ref().err());
    let (event, key) = (entry.map(|e| e.event_id.as_str()), entry.map(|e| e.detail_type.as_str()));
    let (link, subject) = (entry.map(|e| e.link.as_str()), entry.map(|e| e.subject.as_str()));
    let (sequence, source) = (entry.map(|e| e.sequence), entry.map(|e| e.source.as_str()));
    let stream_sequence_number = candidate.position.sequence_number.as_str();
    let unpublished = error.map(|_| &candidate.position);
    let (pk, sk) = (unpublished.and_then(|p| p.pk.as_deref()), unpublished.and_then(|p| p.sk.as_deref()));
    let (error_code, category) = (error.map(Error::code), error.map(|error| error.category().as_str()));
    let error = error.map(tracing::field::display);
    macro_rules! line {
        ($level:ident, $message:literal) => {
            tracing::$level!(
                event,
                link,
                key,
                subject,
                sequence,
                source,
                stream_sequence_number,
                pk,
                sk,
                error_code,
                category,
                error,
                $message
            )
        };
    }
    match outcome {
        Outcome::Published => line!(info, "event published"),
        Outcome::Parked => line!(error, "event parked in the dead-letter queue"),
        Outcome::Failed => line!(warn, "event not published, the stream will resend it"),
    }
}
