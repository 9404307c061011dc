//! The trait of the bus, and Amazon EventBridge behind it.

use std::future::Future;
use std::time::Duration;

use aws_config::SdkConfig;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_sdk_eventbridge::Client;
use aws_sdk_eventbridge::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_eventbridge::operation::put_events::PutEventsOutput;
use aws_sdk_eventbridge::primitives::DateTime;
use aws_sdk_eventbridge::types::PutEventsRequestEntry;

use crate::Error;
use crate::entry::{Entry, SOURCE};

/// Longest duration of one call, in seconds. A call that could outlast the deadline is not started.
pub const CALL_SECONDS: u64 = 5;

/// Accepts entries for publication.
pub trait Bus: Send + Sync {
    /// Puts at most ten entries on the bus and returns one result per entry, in their order.
    ///
    /// # Errors
    ///
    /// [`Error::BusRefused`] or [`Error::BusUnreachable`] if the whole request failed. Some of its entries may still be
    /// on the bus.
    fn put_events(&self, entries: &[&Entry]) -> impl Future<Output = Result<Results, Error>> + Send;
}

/// One result for each entry of a request. Entries can fail inside a request that succeeded, so the constructor
/// requires a result for every entry.
#[must_use = "entries can fail inside a request that succeeded"]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Results(Vec<Result<(), Error>>);

impl Results {
    /// Takes the results of a request with `asked` entries.
    ///
    /// # Errors
    ///
    /// [`Error::BusAnswerInvalid`] if the numbers differ.
    pub fn new(asked: usize, results: Vec<Result<(), Error>>) -> Result<Self, Error> {
        if asked == results.len() {
            Ok(Self(results))
        } else {
            Err(Error::BusAnswerInvalid { asked, answered: results.len() })
        }
    }

    /// Reads the result of each entry from the answer to a request with `asked` entries. `FailedEntryCount` is ignored:
    /// it does not name the failed entries.
    ///
    /// # Errors
    ///
    /// As for [`Results::new`].
    pub fn from_answer(asked: usize, answer: &PutEventsOutput) -> Result<Self, Error> {
        let results = answer.entries().iter().map(|result| match (result.error_code(), result.event_id()) {
            (None, Some(_)) => Ok(()),
            (code, _) => Err(Error::BusRefused { code: code.unwrap_or("NoEventId").to_owned() }),
        });
        Self::new(asked, results.collect())
    }

    /// Returns one result per entry, in their order.
    pub fn into_inner(self) -> Vec<Result<(), Error>> {
        self.0
    }
}

/// Amazon EventBridge.
#[derive(Debug, Clone)]
pub struct EventBridge {
    client: Client,
    bus: String,
}

impl EventBridge {
    /// Makes the client. Call it once per process, so that connections are reused.
    pub fn new(config: &SdkConfig, bus: String) -> Self {
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(Duration::from_secs(2))
            .operation_attempt_timeout(Duration::from_secs(CALL_SECONDS))
            .operation_timeout(Duration::from_secs(CALL_SECONDS))
            .build();
        let config = aws_sdk_eventbridge::config::Builder::from(config)
            .timeout_config(timeouts)
            // `publish` retries instead: it knows the deadline and which entries succeeded.
            .retry_config(RetryConfig::disabled())
            .build();
        Self { client: Client::from_conf(config), bus }
    }

    fn request_entry(&self, entry: &Entry) -> PutEventsRequestEntry {
        PutEventsRequestEntry::builder()
            .event_bus_name(&self.bus)
            .source(SOURCE)
            .detail_type(&entry.detail_type)
            .detail(&entry.detail)
            .time(DateTime::from_secs_and_nanos(entry.time.as_second(), nanos(entry)))
            .build()
    }
}

/// Nanoseconds within the second of the entry's time; 0 before 1970.
fn nanos(entry: &Entry) -> u32 {
    u32::try_from(entry.time.subsec_nanosecond()).unwrap_or(0)
}

impl Bus for EventBridge {
    async fn put_events(&self, entries: &[&Entry]) -> Result<Results, Error> {
        let request = entries.iter().map(|entry| self.request_entry(entry)).collect();
        let call = self.client.put_events().set_entries(Some(request));
        let answer = call.send().await.map_err(|error| request_failed(&error))?;
        Results::from_answer(entries.len(), &answer)
    }
}

/// Returns the error of a request that failed as a whole.
fn request_failed<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> Error {
    match error {
        SdkError::TimeoutError(_) => Error::BusUnreachable("the call timed out"),
        SdkError::DispatchFailure(_) => Error::BusUnreachable("the connection failed"),
        SdkError::ConstructionFailure(_) => Error::BusUnreachable("the request could not be built"),
        SdkError::ResponseError(_) => Error::BusUnreachable("the answer could not be read"),
        other => Error::BusRefused { code: other.code().unwrap_or("Unknown").to_owned() },
    }
}
