//! Sends messages to one queue of Amazon SQS, and reads them for people (feature `receive`).
//!
//! The poller (shards), the publisher and the command line (dead letters) depend on this crate. The webhook function
//! therefore does not link the SDK for SQS.

#[cfg(feature = "receive")]
mod receive;

use std::time::Duration;

use aws_config::SdkConfig;
use aws_config::timeout::TimeoutConfig;
use aws_sdk_sqs::Client;
use aws_sdk_sqs::error::{ProvideErrorMetadata, SdkError};

#[cfg(feature = "receive")]
pub use receive::Received;

/// Longest time that [`Queue::send`] takes, in seconds, its retries included.
pub const SEND_SECONDS: u64 = 5;

/// A queue of Amazon SQS.
#[derive(Debug, Clone)]
pub struct Queue {
    client: Client,
    url: String,
}

/// A request that the queue did not accept. After [`Self::NO_ANSWER`] it may have accepted it anyway.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the queue did not accept the request: {code}")]
pub struct QueueError {
    /// AWS's error code, or [`Self::NO_ANSWER`].
    pub code: String,
}

impl QueueError {
    /// Code of a request that got no readable answer within [`SEND_SECONDS`].
    pub const NO_ANSWER: &'static str = "NoAnswer";

    fn from_sdk<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> Self {
        Self { code: error.code().unwrap_or(Self::NO_ANSWER).to_owned() }
    }
}

impl Queue {
    /// Makes a client of the queue at `url`. Call it once per process, so that connections are reused.
    pub fn connect(config: &SdkConfig, url: String) -> Self {
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(Duration::from_secs(2))
            .operation_timeout(Duration::from_secs(SEND_SECONDS))
            .build();
        let config = aws_sdk_sqs::config::Builder::from(config).timeout_config(timeouts).build();
        Self { client: Client::from_conf(config), url }
    }

    /// Sends one message.
    ///
    /// # Errors
    ///
    /// [`QueueError`] if SQS refused the message or did not answer in time.
    pub async fn send(&self, body: String) -> Result<(), QueueError> {
        let request = self.client.send_message().queue_url(&self.url).message_body(body);
        request.send().await.map(|_| ()).map_err(|error| QueueError::from_sdk(&error))
    }
}
