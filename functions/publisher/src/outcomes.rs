//! Outcomes of a batch: Lambda's answer and the metrics.

use aws_lambda_events::streams::{DynamoDbBatchItemFailure, DynamoDbEventResponse};
use bus::Entry;
use jiff::Timestamp;
use metrics::{MOST_SAMPLES, Metric, Metrics, Scope};
use relay::Source;

/// Outcome of one record that holds an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The event is on the bus.
    Published,
    /// The record is in the dead-letter queue.
    Parked,
    /// Neither published nor parked. The stream has to resend the record.
    Failed,
}

/// Time from a fact to its entry on the bus.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Delay {
    /// Source of the event.
    pub source: Source,
    /// From the entry's time (time of the fact, or of its observation if Bitbucket gives none) to its publication.
    pub milliseconds: u64,
}

impl Delay {
    /// Makes the delay of an entry that was published at `now`; 0 if Bitbucket's clock is ahead of ours.
    pub(crate) fn of(entry: &Entry, now: Timestamp) -> Self {
        let milliseconds = u64::try_from(now.duration_since(entry.time).as_millis()).unwrap_or(0);
        Self { source: entry.source, milliseconds }
    }
}

/// Outcomes of a batch.
#[must_use = "failed records must be reported, or the stream drops them"]
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outcomes {
    /// Outcome of each record that holds an event, with the stream's sequence number, in the order of the stream.
    pub records: Vec<(String, Outcome)>,
    /// Delay of each published event.
    pub delays: Vec<Delay>,
}

impl Outcomes {
    /// Writes the numbers of published and parked events as one line of metrics, and the delays as one line for each
    /// source; none for a batch without an event. An event that the stream resends counts each time.
    pub fn measure(&self, metrics: &Metrics, at: Timestamp) {
        if self.records.is_empty() {
            return;
        }
        let count =
            |wanted| self.records.iter().map(|(_, outcome)| u64::from(*outcome == wanted)).sum::<u64>();
        let counts = [
            Metric::count("EventsPublished", count(Outcome::Published)),
            Metric::count("EventsDeadLettered", count(Outcome::Parked)),
        ];
        metrics.write(at, Scope::Stack, &counts);
        for source in [Source::Webhook, Source::Poll] {
            let delays = self.delays.iter().filter(|delay| delay.source == source);
            let delays: Vec<u64> = delays.map(|delay| delay.milliseconds).collect();
            for samples in delays.chunks(MOST_SAMPLES) {
                let delay = Metric::milliseconds("MillisecondsToBus", samples.to_vec());
                metrics.write(at, Scope::Source(source), &[delay]);
            }
        }
    }

    /// Makes the answer for Lambda: the failed records, lowest sequence number first.
    pub fn into_response(self) -> DynamoDbEventResponse {
        let failed = self.records.into_iter().filter(|(_, outcome)| *outcome == Outcome::Failed);
        let mut response = DynamoDbEventResponse::default();
        let failures = failed.map(|(sequence_number, _)| {
            let mut failure = DynamoDbBatchItemFailure::default();
            failure.item_identifier = Some(sequence_number);
            failure
        });
        response.batch_item_failures = failures.collect();
        response
    }
}
