//! Records in, outcomes out.

use aws_lambda_events::streams::{DynamoDbBatchItemFailure, DynamoDbEventResponse};
use jiff::{SignedDuration, Timestamp};
use metrics::{Metric, Metrics, Of};
use serde_dynamo::Item;
use store::Clock;
use store::codec::StoredEvent;

use crate::Error;
use crate::bus::Bus;
use crate::dead_letters::{self, DeadLetters};
use crate::entry::Entry;
use crate::publish::publish;
use crate::record::{self, Batch, Reading, StreamPosition};

/// A record older than this that is refused while others pass is parked: it would hold its shard up until the stream
/// forgets it, and everything behind it.
const STUCK_AFTER: SignedDuration = SignedDuration::from_mins(10);

/// What is kept of an invocation's time for parking, after the last call of the bus.
const PARKING_RESERVE: SignedDuration = SignedDuration::from_secs(10);

/// How long an invocation is taken to last where nobody says.
const UNKNOWN_DEADLINE: SignedDuration = SignedDuration::from_secs(30);

/// Reads an item of the table: the event in it, or `None` where it holds something else.
pub type Decode = fn(Item) -> Result<Option<StoredEvent>, Error>;

/// Reads an item as the store wrote it.
///
/// # Errors
///
/// [`Error::RecordInvalid`] where it says that it is an event and cannot be read.
pub fn decode(item: Item) -> Result<Option<StoredEvent>, Error> {
    store::codec::event_from_item(item).map_err(|error| Error::RecordInvalid(error.to_string()))
}

/// The function, without Lambda around it.
#[derive(Debug)]
pub struct Publisher<B, D, C> {
    /// Where events go.
    pub bus: B,
    /// Where what cannot go there goes.
    pub dead_letters: D,
    /// The time.
    pub clock: C,
    /// How an item is read.
    pub decode: Decode,
    /// The table's name, for references.
    pub table: String,
}

/// What became of a record that holds an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It is on the bus.
    Published,
    /// It is in the dead-letter queue.
    Parked,
    /// It is in neither: the stream has to send it again.
    Failed,
}

/// What became of each record that holds an event, by the stream's sequence number, in the order of the stream.
#[must_use = "what failed has to be reported, or the stream moves on without it"]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcomes(pub Vec<(String, Outcome)>);

impl Outcomes {
    /// Writes how many events are on the bus and how many in the dead-letter queue, in one line; none for a batch without an
    /// event. An event that the stream sends again counts each time.
    pub fn measure(&self, metrics: &Metrics, at: Timestamp) {
        if self.0.is_empty() {
            return;
        }
        let count = |wanted| self.0.iter().map(|(_, outcome)| u64::from(*outcome == wanted)).sum::<u64>();
        let figures = [
            Metric::count("EventsPublished", count(Outcome::Published)),
            Metric::count("EventsDeadLettered", count(Outcome::Parked)),
        ];
        metrics.write(at, Of::Stack, &figures);
    }

    /// The answer for Lambda: what failed, lowest first.
    pub fn into_response(self) -> DynamoDbEventResponse {
        let failed = self.0.into_iter().filter(|(_, outcome)| *outcome == Outcome::Failed);
        let mut response = DynamoDbEventResponse::default();
        response.batch_item_failures = failed
            .map(|(sequence_number, _)| {
                let mut failure = DynamoDbBatchItemFailure::default();
                failure.item_identifier = Some(sequence_number);
                failure
            })
            .collect();
        response
    }
}

/// A record that holds, or should hold, an event.
struct Candidate {
    position: StreamPosition,
    entry: Option<Entry>,
    /// Why it cannot be published, or what the bus said; `Ok` is on the bus.
    result: Result<(), Error>,
}

impl<B: Bus, D: DeadLetters, C: Clock> Publisher<B, D, C> {
    /// Publishes the events of a batch.
    ///
    /// Never fails as a whole: a record that cannot be read, cannot be published or cannot be parked concerns only
    /// itself. `deadline` is the end of the invocation.
    pub async fn handle(&self, batch: Batch, deadline: Timestamp) -> Outcomes {
        let mut candidates = self.read(batch);
        let calls_end = deadline.saturating_sub(PARKING_RESERVE).unwrap_or(deadline);
        let entries: Vec<&Entry> =
            candidates.iter().filter_map(|candidate| candidate.entry.as_ref()).collect();
        let results = publish(&self.bus, &self.clock, &entries, calls_end).await;
        let publishable = candidates.iter_mut().filter(|candidate| candidate.entry.is_some());
        for (candidate, result) in publishable.zip(results) {
            candidate.result = result;
        }
        let others_pass = candidates.iter().any(|candidate| candidate.result.is_ok());
        let mut outcomes = Vec::with_capacity(candidates.len());
        let mut comes_again = false;
        for candidate in candidates {
            let outcome = match &candidate.result {
                Ok(()) => Outcome::Published,
                Err(error) if error.retryable() && !(others_pass && self.is_stuck(&candidate, error)) => {
                    Outcome::Failed
                }
                // Economy: Lambda sends this one again with the failed one before it, and it is to be parked once.
                Err(_) if comes_again => Outcome::Failed,
                Err(error) => self.park(&candidate, error, deadline).await,
            };
            log(&candidate, outcome);
            comes_again |= outcome == Outcome::Failed;
            outcomes.push((candidate.position.sequence_number, outcome));
        }
        Outcomes(outcomes)
    }

    /// Reads the records; those that hold no event are left out.
    fn read(&self, batch: Batch) -> Vec<Candidate> {
        let candidate = |record| {
            let (position, reading) = record::read(record);
            let entry = match reading {
                Ok(Reading::Other) => return None,
                Ok(Reading::Inserted(item)) => match (self.decode)(item) {
                    Ok(None) => return None,
                    Ok(Some(stored)) => Entry::of(&stored, &self.table),
                    Err(error) => Err(error),
                },
                Err(error) => Err(error),
            };
            Some(match entry {
                Ok(entry) => Candidate { position, entry: Some(entry), result: Err(Error::OutOfTime) },
                Err(error) => Candidate { position, entry: None, result: Err(error) },
            })
        };
        batch.records.into_iter().filter_map(candidate).collect()
    }

    /// Whether a record was refused and is so old that it holds its shard up.
    fn is_stuck(&self, candidate: &Candidate, error: &Error) -> bool {
        let age = candidate.position.created_at.map(|created| self.clock.now().duration_since(created));
        *error != Error::OutOfTime && age.is_some_and(|age| age > STUCK_AFTER)
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
                tracing::error!(error_code = error.code(), category, %error, "parking failed");
                Outcome::Failed
            }
        }
    }
}

/// The end of an invocation, from the milliseconds since 1970 that Lambda gives. Emulators give times in the past: then
/// an invocation has [`UNKNOWN_DEADLINE`].
pub fn deadline(given_ms: u64, now: Timestamp) -> Timestamp {
    let given = i64::try_from(given_ms).ok().and_then(|ms| Timestamp::from_millisecond(ms).ok());
    given
        .filter(|given| *given > now)
        .unwrap_or_else(|| now.saturating_add(UNKNOWN_DEADLINE).unwrap_or(Timestamp::MAX))
}

/// One line a record: what it is, never what it says.
fn log(candidate: &Candidate, outcome: Outcome) {
    let entry = candidate.entry.as_ref();
    let error = candidate.result.as_ref().err();
    let (event_id, key) = (entry.map(|e| e.event_id.as_str()), entry.map(|e| e.detail_type.as_str()));
    let (subject, sequence) = (entry.map(|e| e.subject.as_str()), entry.map(|e| e.sequence));
    let (pk, sk) = (candidate.position.pk.as_deref(), candidate.position.sk.as_deref());
    let stream_sequence_number = candidate.position.sequence_number.as_str();
    let (error_code, category) = (error.map(Error::code), error.map(|error| error.category().as_str()));
    let error = error.map(tracing::field::display);
    match outcome {
        Outcome::Published => {
            tracing::info!(event_id, key, subject, sequence, stream_sequence_number, "event published");
        }
        Outcome::Parked => {
            tracing::error!(
                event_id,
                key,
                subject,
                sequence,
                stream_sequence_number,
                pk,
                sk,
                error_code,
                category,
                error,
                "event parked in the dead-letter queue"
            );
        }
        Outcome::Failed => {
            tracing::warn!(
                event_id,
                key,
                subject,
                sequence,
                stream_sequence_number,
                pk,
                sk,
                error_code,
                category,
                error,
                "event not published, the stream will send it again"
            );
        }
    }
}
