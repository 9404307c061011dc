//! Records of the table's stream, through the publisher.
//!
//! Each record with an event, or with something that claims to be one, is published or parked, or reported as failed
//! while bus and queue refuse (G7). No record affects the others, and none is dropped.

use std::sync::Mutex;

use bitbucket::payload::{MAX_NESTING, nesting};
use bus::dead_letter::MAX_MESSAGE_BYTES;
use bus::entry::EntryLimit;
use bus::{Bus, Entry, Results};
use jiff::SignedDuration;
use publisher::dead_letters::DeadLetters;
use publisher::handler::decode;
use publisher::record::Batch;
use publisher::{Error, Outcome, Publisher};
use serde_json::{Value, json};
use store::Clock as _;
use tokio::runtime::Runtime;

use super::support::{PausedClock, expand_item, list, runtime, text};
use crate::target::Target;
use crate::traits::{Traits, rough};

#[derive(Debug)]
struct Records {
    runtime: Runtime,
}

/// Makes the target. An input is `{"records": [...], "bus": [code or null, ...], "queue": bool}`: `bus` are the results
/// of the first entries, `"queue": false` refuses dead letters. The attributes of an image may have short forms.
pub fn make() -> Box<dyn Target> {
    Box::new(Records { runtime: runtime() })
}

#[derive(Debug, Default)]
struct Outside {
    refusals: Mutex<Vec<Option<String>>>,
    queue_is_down: bool,
    published: Mutex<usize>,
    parked: Mutex<usize>,
}

impl Bus for &Outside {
    async fn put_events(&self, entries: &[&Entry]) -> Result<Results, bus::Error> {
        let mut refusals = self.refusals.lock().unwrap();
        let results = entries.iter().map(|entry| {
            assert!(
                entry.size_bytes() <= EntryLimit::default().entry_bytes(),
                "an entry of {} bytes",
                entry.size_bytes()
            );
            assert!(serde_json::from_str::<Value>(&entry.detail).is_ok_and(|detail| detail.is_object()));
            if let Some(code) = refusals.pop().flatten() {
                return Err(bus::Error::BusRefused { code });
            }
            *self.published.lock().unwrap() += 1;
            Ok(())
        });
        Results::new(entries.len(), results.collect())
    }
}

impl DeadLetters for &Outside {
    async fn park(&self, message: String) -> Result<(), Error> {
        if self.queue_is_down {
            return Err(Error::DeadLetterRefused("down".to_owned()));
        }
        assert!(message.len() <= MAX_MESSAGE_BYTES, "a dead letter of {} bytes", message.len());
        assert!(serde_json::from_str::<Value>(&message).is_ok_and(|message| message.is_object()));
        *self.parked.lock().unwrap() += 1;
        Ok(())
    }
}

impl Target for Records {
    fn run(&mut self, input: &Value) -> Traits {
        let mut traits = Traits::default();
        // The parts of an event come from bodies with at most so many levels, and the record wraps them in six.
        if nesting(input) > MAX_NESTING + 6 {
            return traits;
        }
        let records: Vec<Value> = list(input, "records").iter().map(expand_record).collect();
        let codes = input.get("bus").and_then(Value::as_array).into_iter().flatten();
        let outside = Outside {
            refusals: Mutex::new(codes.map(|code| code.as_str().map(str::to_owned)).collect()),
            queue_is_down: input.get("queue") == Some(&Value::Bool(false)),
            ..Outside::default()
        };
        let is_calm = !outside.queue_is_down && input.get("bus").is_none();
        let wanted = records.iter().filter(|record| holds_an_event(record)).count();
        let batch: Batch =
            serde_json::from_value(json!({ "Records": records })).expect("any records are a batch");
        let outcomes = self.runtime.block_on(async {
            let clock = PausedClock::start();
            let deadline = clock.now().saturating_add(SignedDuration::from_secs(30)).unwrap();
            let (bus, dead_letters) = (&outside, &outside);
            let publisher = Publisher {
                bus,
                dead_letters,
                clock,
                decode,
                table: "bitrelay".to_owned(),
                entry_limit: EntryLimit::default(),
            };
            publisher.handle(batch, deadline).await
        });
        let count =
            |wanted: Outcome| outcomes.records.iter().filter(|(_, outcome)| *outcome == wanted).count();
        let (published, parked, failed) =
            (count(Outcome::Published), count(Outcome::Parked), count(Outcome::Failed));
        assert!(
            wanted <= outcomes.records.len(),
            "{wanted} records hold events, {} have an outcome",
            outcomes.records.len()
        );
        assert_eq!(
            (published, parked),
            (*outside.published.lock().unwrap(), *outside.parked.lock().unwrap())
        );
        assert!(failed == 0 || !is_calm, "{failed} records failed, although bus and queue work");
        traits.note((rough(published), rough(parked), rough(failed), rough(records.len())));
        traits.note(("reported", rough(outcomes.into_response().batch_item_failures.len())));
        traits
    }
}

/// True if a record must have an outcome: it is no change of an item, and its item is an event.
fn holds_an_event(record: &Value) -> bool {
    let is_change = text(record, "eventName").is_some_and(|name| matches!(name, "MODIFY" | "REMOVE"));
    !is_change && record.pointer("/dynamodb/NewImage/kind/S").is_some_and(|kind| kind == "event")
}

fn expand_record(record: &Value) -> Value {
    let mut record = record.clone();
    if let Some(image) = record.pointer_mut("/dynamodb/NewImage") {
        *image = expand_item(image);
    }
    record
}
