//! The table's stream, the publisher function, and the bus and queue behind it.

use std::rc::Rc;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bus::entry::EntryLimit;
use bus::{Bus, Entry, Results};
use jiff::SignedDuration;
use publisher::dead_letters::DeadLetters;
use publisher::handler::decode;
use publisher::record::Batch;
use publisher::{Error, Publisher};
use serde_json::Value;
use store::Clock as _;
use store::memory::StreamRecord;

use crate::instance::{Faults, Instance};
use crate::stage::Stage;

/// Records of one batch, as in the template.
const BATCH: usize = 100;

/// The time after which the stream is looked at, once it has new records.
const INTERVAL: Duration = Duration::from_secs(1);

/// The time that an invocation is given.
const INVOCATION: SignedDuration = SignedDuration::from_secs(30);

/// About the number of I/O calls of one batch.
const IO_CALLS: u64 = 3;

/// The longest that one call of the bus or the queue takes.
const LONGEST_CALL_MS: u64 = 50;

/// Ids of the events on the bus and in the dead-letter queue, in order. Clones share them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Subscriber(Arc<Mutex<Received>>);

#[derive(Debug, Default)]
struct Received {
    published: Vec<String>,
    parked: Vec<String>,
}

impl Subscriber {
    /// The ids of events on the bus, then those in the dead-letter queue.
    pub(crate) fn ids(&self) -> (Vec<String>, Vec<String>) {
        let received = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        (received.published.clone(), received.parked.clone())
    }
}

/// A bus and a dead-letter queue, as one instance reaches them.
#[derive(Debug, Clone)]
struct Outside {
    instance: Instance,
    subscriber: Subscriber,
    faults: Arc<Faults>,
}

impl Bus for Outside {
    async fn put_events(&self, entries: &[&Entry]) -> Result<Results, bus::Error> {
        let put = async {
            let mut received = self.subscriber.0.lock().unwrap_or_else(PoisonError::into_inner);
            let results = entries.iter().map(|entry| {
                // A request that succeeds may hold entries that failed.
                if self.faults.happens(self.faults.failing_calls) {
                    return Err(bus::Error::BusRefused { code: "InternalFailure".to_owned() });
                }
                received.published.push(entry.event_id.clone());
                Ok(())
            });
            Results::new(entries.len(), results.collect())
        };
        self.instance.io(LONGEST_CALL_MS, put, || bus::Error::BusUnreachable("a fault was injected")).await
    }
}

impl DeadLetters for Outside {
    async fn park(&self, message: String) -> Result<(), Error> {
        let park = async {
            let message: Value = serde_json::from_str(&message).unwrap_or_default();
            let id = message["event_id"].as_str().unwrap_or_default().to_owned();
            self.subscriber.0.lock().unwrap_or_else(PoisonError::into_inner).parked.push(id);
            Ok(())
        };
        self.instance
            .io(LONGEST_CALL_MS, park, || Error::DeadLetterRefused("a fault was injected".to_owned()))
            .await
    }
}

/// Hands the stream to the publisher by Lambda's rules: a batch again after a crash, and from its first failed record
/// after a partial failure (<https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-batchfailurereporting.html>).
pub(crate) async fn pump(stage: Rc<Stage>) {
    loop {
        let done = stage.published.get();
        let records = stage.table.stream_records(done);
        if records.is_empty() {
            // A look every second would be a good part of a history's work.
            stage.committed.notified().await;
            tokio::time::sleep(INTERVAL).await;
            continue;
        }
        let batch: Vec<StreamRecord> = records.into_iter().take(BATCH).collect();
        match publish(&stage, &batch, done).await {
            Some(handled) => stage.published.set(done + handled),
            None => stage.story(|| "  the publisher crashed".to_owned()),
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// True while events wait to be published.
pub(crate) fn is_behind(stage: &Stage) -> bool {
    stage.table.stream_records(stage.published.get()).iter().any(StreamRecord::is_new_event)
}

/// One invocation. Gives the number of records, from the first on, that are done; `None` if it crashed.
async fn publish(stage: &Rc<Stage>, batch: &[StreamRecord], first: usize) -> Option<usize> {
    let instance = Instance::new(Arc::clone(&stage.faults));
    let outside = Outside {
        instance: instance.clone(),
        subscriber: stage.subscriber.clone(),
        faults: Arc::clone(&stage.faults),
    };
    let clock = stage.clock(0);
    let written_at = clock.now();
    let deadline = written_at.saturating_add(INVOCATION).unwrap_or_default();
    let publisher = Publisher {
        bus: outside.clone(),
        dead_letters: outside,
        clock,
        decode,
        table: "bitrelay".to_owned(),
        entry_limit: EntryLimit::default(),
    };
    let numbered = batch.iter().zip(first..).filter(|(record, _)| record.is_new_event());
    let records = numbered.map(|(record, number)| record.to_lambda(number, written_at)).collect();
    let outcomes = instance.invoke(IO_CALLS, publisher.handle(Batch { records }, deadline)).await?;
    let failures = outcomes.into_response().batch_item_failures;
    let failed =
        failures.into_iter().filter_map(|failure| failure.item_identifier?.parse::<usize>().ok()).min();
    Some(failed.map_or(batch.len(), |failed| failed - first))
}
