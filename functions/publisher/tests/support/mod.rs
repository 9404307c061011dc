//! A stream, a bus, a dead-letter queue and a clock that tests control.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "test code")]

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

use bus::entry::EntryLimit;
use bus::{Bus, Entry, Results};
use jiff::{SignedDuration, Timestamp};
use publisher::dead_letters::DeadLetters;
use publisher::record::Batch;
use publisher::{Error, Outcome, Outcomes, Publisher};
use relay::{Event, EventId, Source};
use serde_dynamo::{AttributeValue, Item};
use serde_json::{Value, json};
use store::Clock;
use store::codec::StoredEvent;
use tokio::time::Instant;

/// A record of the stream.
#[derive(Debug, Clone)]
pub(crate) struct Record(Value);

/// A record of event `n`, written a second ago. Its stream sequence number is 1000 + n.
pub(crate) fn event(n: u64) -> Record {
    Record(json!({
        "awsRegion": "eu-west-1",
        "eventID": format!("record-{n}"),
        "eventName": "INSERT",
        "eventSource": "aws:dynamodb",
        "dynamodb": {
            "ApproximateCreationDateTime": NOW_SECOND - 1,
            "Keys": { "pk": { "S": "the-subject" }, "sk": { "S": format!("event-{n}") } },
            "NewImage": {
                "pk": { "S": "the-subject" },
                "sk": { "S": format!("event-{n}") },
                "kind": { "S": "event" },
                "sequence": { "N": n.to_string() },
            },
            "SequenceNumber": (1000 + n).to_string(),
            "SizeBytes": 100,
            "StreamViewType": "NEW_IMAGE",
        },
    }))
}

impl Record {
    fn set(mut self, pointer: &str, name: &str, value: Value) -> Self {
        self.0.pointer_mut(pointer).unwrap()[name] = value;
        self
    }

    pub(crate) fn into_json(self) -> Value {
        self.0
    }

    pub(crate) fn named(self, event_name: &str) -> Self {
        self.set("", "eventName", json!(event_name))
    }

    /// Makes its item claim to be an event without being one.
    pub(crate) fn undecodable(self) -> Self {
        self.set("/dynamodb/NewImage", "sequence", json!({ "S": "not a number" }))
    }

    /// Makes it an invalid record.
    pub(crate) fn garbled(self) -> Self {
        self.set("/dynamodb", "NewImage", json!(["no", "item"]))
    }

    /// Leaves the key of its item to the item.
    pub(crate) fn without_keys(self) -> Self {
        self.set("/dynamodb", "Keys", json!({}))
    }

    /// Makes its item a state.
    pub(crate) fn of_the_state(self) -> Self {
        self.set("/dynamodb/NewImage", "kind", json!({ "S": "state" }))
    }

    pub(crate) fn with_payload_bytes(self, bytes: usize) -> Self {
        self.set("/dynamodb/NewImage", "payload_bytes", json!({ "N": bytes.to_string() }))
    }

    /// Spreads its payload over several items.
    pub(crate) fn split(self) -> Self {
        self.set("/dynamodb/NewImage", "split", json!({ "BOOL": true }))
    }

    /// Makes it an event that a poll found, of a fact this long ago.
    pub(crate) fn found_by_a_poll_after(self, seconds: i64) -> Self {
        let occurred = json!({ "N": (NOW_SECOND - seconds).to_string() });
        self.set("/dynamodb/NewImage", "occurred_at", occurred)
    }

    pub(crate) fn written_minutes_ago(self, minutes: i64) -> Self {
        self.set("/dynamodb", "ApproximateCreationDateTime", json!(NOW_SECOND - 60 * minutes))
    }
}

/// Decodes the items of these tests; replaces the store's codec.
#[allow(clippy::needless_pass_by_value, reason = "the signature of the real one")]
fn decode(item: Item) -> Result<Option<StoredEvent>, Error> {
    let text = |name: &str| match item.get(name) {
        Some(AttributeValue::S(text)) => text.clone(),
        _ => String::new(),
    };
    let number = |name: &str| match item.get(name) {
        Some(AttributeValue::N(number)) => number.parse::<u64>().ok(),
        _ => None,
    };
    if text("kind") != "event" {
        return Ok(None);
    }
    let sequence = number("sequence").ok_or_else(|| Error::RecordInvalid("it has no sequence".to_owned()))?;
    let complete = !item.contains_key("split");
    let payload =
        json!({ "filler": "x".repeat(usize::try_from(number("payload_bytes").unwrap_or(2)).unwrap()) });
    let occurred_at =
        number("occurred_at").map(|second| Timestamp::from_second(second.cast_signed()).unwrap());
    let event = Event {
        id: EventId::stored(format!("id-{sequence}")),
        key: bitbucket::EventKey::CommentCreated,
        source: if occurred_at.is_some() { Source::Poll } else { Source::Webhook },
        trusted: true,
        signed: true,
        link: "acme".parse().unwrap(),
        subject: "pullrequest/acme:widgets/7".parse().unwrap(),
        repository_name: Some("acme/widgets".to_owned()),
        sequence,
        occurred_at,
        observed_at: now(),
        actor: None,
        changes: None,
        counters: None,
        payload: if complete { payload.to_string().into_bytes() } else { Vec::new() },
    };
    let payload_bytes = payload.to_string().len() as u64;
    Ok(Some(StoredEvent { event, complete, payload_bytes, pk: text("pk"), sk: text("sk") }))
}

const NOW_SECOND: i64 = 1_790_000_000;

pub(crate) fn now() -> Timestamp {
    Timestamp::from_second(NOW_SECOND).unwrap()
}

/// Follows tokio's paused clock: only a sleep moves it.
#[derive(Debug)]
pub(crate) struct PausedClock(Instant);

impl Clock for PausedClock {
    fn now(&self) -> Timestamp {
        now() + SignedDuration::try_from(self.0.elapsed()).unwrap()
    }
}

/// A bus with configurable refusals.
#[derive(Debug, Default)]
pub(crate) struct FakeBus {
    /// Error codes for the next attempts of an event, by its sequence.
    refusals: Mutex<BTreeMap<u64, Vec<&'static str>>>,
    /// Fails every request as a whole.
    pub(crate) outage: Mutex<Option<bus::Error>>,
    /// Time that each call takes.
    pub(crate) call_time: Duration,
    /// Refuses every request that holds this event.
    spoiled_by: Option<(u64, &'static str)>,
    /// Sequences in each request.
    pub(crate) calls: Mutex<Vec<Vec<u64>>>,
    /// Time of each request.
    pub(crate) call_times: Mutex<Vec<Instant>>,
    /// Accepted entries.
    pub(crate) taken: Mutex<Vec<Entry>>,
}

impl FakeBus {
    /// Refuses an event once for each code.
    pub(crate) fn refuses(self, sequence: u64, codes: &[&'static str]) -> Self {
        self.refusals.lock().unwrap().insert(sequence, codes.to_vec());
        self
    }

    pub(crate) fn down(self) -> Self {
        self.refuses_everything_with(bus::Error::BusUnreachable("no connection"))
    }

    pub(crate) fn refuses_everything_with(self, error: bus::Error) -> Self {
        *self.outage.lock().unwrap() = Some(error);
        self
    }

    pub(crate) fn refuses_requests_with(mut self, sequence: u64, code: &'static str) -> Self {
        self.spoiled_by = Some((sequence, code));
        self
    }
}

impl Bus for FakeBus {
    async fn put_events(&self, entries: &[&Entry]) -> Result<Results, bus::Error> {
        self.calls.lock().unwrap().push(entries.iter().map(|entry| entry.sequence).collect());
        self.call_times.lock().unwrap().push(Instant::now());
        tokio::time::sleep(self.call_time).await;
        if let Some(error) = &*self.outage.lock().unwrap() {
            return Err(error.clone());
        }
        if let Some((sequence, code)) = self.spoiled_by
            && entries.iter().any(|entry| entry.sequence == sequence)
        {
            return Err(bus::Error::BusRefused { code: code.to_owned() });
        }
        let mut refusals = self.refusals.lock().unwrap();
        let results = entries.iter().map(|entry| {
            if let Some(codes) = refusals.get_mut(&entry.sequence).filter(|codes| !codes.is_empty()) {
                return Err(bus::Error::BusRefused { code: codes.remove(0).to_owned() });
            }
            self.taken.lock().unwrap().push((*entry).clone());
            Ok(())
        });
        Results::new(entries.len(), results.collect())
    }
}

/// A dead-letter queue.
#[derive(Debug, Default)]
pub(crate) struct FakeDeadLetters {
    pub(crate) refuses: bool,
    pub(crate) messages: Mutex<Vec<String>>,
}

impl DeadLetters for FakeDeadLetters {
    async fn park(&self, message: String) -> Result<(), Error> {
        if self.refuses {
            return Err(Error::DeadLetterRefused("Throttling".to_owned()));
        }
        self.messages.lock().unwrap().push(message);
        Ok(())
    }
}

pub(crate) type FakePublisher = Publisher<FakeBus, FakeDeadLetters, PausedClock>;

pub(crate) fn publisher(bus: FakeBus, dead_letters: FakeDeadLetters) -> FakePublisher {
    let (table, entry_limit) = ("the-table".to_owned(), EntryLimit::default());
    Publisher { bus, dead_letters, clock: PausedClock(Instant::now()), decode, table, entry_limit }
}

/// Shorthands of the tests.
pub(crate) trait PublisherExt {
    async fn handles(&self, records: impl IntoIterator<Item = Record>) -> Outcomes;
    async fn gets(&self, records: impl IntoIterator<Item = Record>) -> Vec<(String, Outcome)>;
    fn published(&self) -> Vec<u64>;
    fn parked(&self) -> Vec<Value>;
}

impl PublisherExt for FakePublisher {
    /// Handles a batch with a minute of time.
    async fn handles(&self, records: impl IntoIterator<Item = Record>) -> Outcomes {
        let batch = Batch { records: records.into_iter().map(|record| record.0).collect() };
        self.handle(batch, now() + SignedDuration::from_mins(1)).await
    }

    /// Handles a batch, and returns the outcome of each record.
    async fn gets(&self, records: impl IntoIterator<Item = Record>) -> Vec<(String, Outcome)> {
        self.handles(records).await.records
    }

    /// Sequences of the events on the bus, in the order of their arrival.
    fn published(&self) -> Vec<u64> {
        self.bus.taken.lock().unwrap().iter().map(|entry| entry.sequence).collect()
    }

    /// Messages in the dead-letter queue.
    fn parked(&self) -> Vec<Value> {
        let messages = self.dead_letters.messages.lock().unwrap();
        messages.iter().map(|message| serde_json::from_str(message).unwrap()).collect()
    }
}

/// Sequence numbers that are reported to Lambda.
pub(crate) fn reported(records: Vec<(String, Outcome)>) -> Vec<String> {
    let response = Outcomes { records, ..Outcomes::default() }.into_response();
    response.batch_item_failures.into_iter().map(|failure| failure.item_identifier.unwrap()).collect()
}
