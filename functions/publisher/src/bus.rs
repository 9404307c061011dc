//! The bus, as a port.

use std::future::Future;
use std::time::Duration;

use aws_config::SdkConfig;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_sdk_eventbridge::Client;
use aws_sdk_eventbridge::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_eventbridge::primitives::DateTime;
use aws_sdk_eventbridge::types::PutEventsRequestEntry;

use crate::Error;
use crate::entry::{Entry, SOURCE};

/// The longest that one call of the bus takes. The invocation's own deadline is checked against it before each call.
pub const CALL_SECONDS: u64 = 5;

/// Takes entries.
pub trait Bus: Send + Sync {
    /// Puts at most ten entries on the bus and says of each what became of it, in their order.
    ///
    /// # Errors
    ///
    /// [`Error::BusRefused`] or [`Error::BusUnreachable`] where the request failed as a whole: any of its entries may
    /// be on the bus or not.
    fn put_events(&self, entries: &[&Entry]) -> impl Future<Output = Result<Results, Error>> + Send;
}

/// What became of each entry of one request. A request that succeeded may hold entries that failed, so this can be
/// neither ignored nor made without one result an entry.
#[must_use = "entries can fail inside a request that succeeded"]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Results(Vec<Result<(), Error>>);

impl Results {
    /// Takes the results of `asked` entries.
    ///
    /// # Errors
    ///
    /// [`Error::BusAnswerInvalid`] where the numbers differ.
    pub fn new(asked: usize, results: Vec<Result<(), Error>>) -> Result<Self, Error> {
        if asked == results.len() {
            Ok(Self(results))
        } else {
            Err(Error::BusAnswerInvalid { asked, answered: results.len() })
        }
    }

    /// One result an entry, in their order.
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
    /// Makes the client; once a process, so that connections are used again.
    pub fn new(config: &SdkConfig, bus: String) -> Self {
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(Duration::from_secs(2))
            .operation_attempt_timeout(Duration::from_secs(CALL_SECONDS))
            .operation_timeout(Duration::from_secs(CALL_SECONDS))
            .build();
        let config = aws_sdk_eventbridge::config::Builder::from(config)
            .timeout_config(timeouts)
            // Repeating is `publish`'s work: it knows the deadline and which entries are through.
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

/// The part of the time below the second; negative times do not occur in practice and lose theirs.
fn nanos(entry: &Entry) -> u32 {
    u32::try_from(entry.time.subsec_nanosecond()).unwrap_or(0)
}

impl Bus for EventBridge {
    async fn put_events(&self, entries: &[&Entry]) -> Result<Results, Error> {
        let asked = entries.len();
        let entries = entries.iter().map(|entry| self.request_entry(entry)).collect();
        let answer = self
            .client
            .put_events()
            .set_entries(Some(entries))
            .send()
            .await
            .map_err(|error| whole(&error))?;
        let results = answer.entries().iter().map(|result| match (result.error_code(), result.event_id()) {
            (None, Some(_)) => Ok(()),
            (code, _) => Err(Error::BusRefused { code: code.unwrap_or("NoEventId").to_owned() }),
        });
        Results::new(asked, results.collect())
    }
}

/// The failure of a whole request.
fn whole<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> Error {
    match error {
        SdkError::TimeoutError(_) => Error::BusUnreachable("no answer in time"),
        SdkError::DispatchFailure(_) => Error::BusUnreachable("no connection"),
        SdkError::ConstructionFailure(_) => Error::BusUnreachable("the request could not be made"),
        SdkError::ResponseError(_) => Error::BusUnreachable("the answer could not be read"),
        other => Error::BusRefused { code: other.code().unwrap_or("Unknown").to_owned() },
    }
}
