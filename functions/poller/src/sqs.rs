//! The queue of shards in Amazon SQS.

use std::time::Duration;

use aws_config::SdkConfig;
use aws_config::timeout::TimeoutConfig;
use aws_sdk_sqs::Client;
use aws_sdk_sqs::error::ProvideErrorMetadata;

use crate::Error;
use crate::fan_out::{HandOver, HandedShard, ShardQueue};

/// The longest that handing one shard over takes. All are handed over at once.
const CALL_SECONDS: u64 = 5;

/// Amazon SQS.
#[derive(Debug, Clone)]
pub struct Sqs {
    client: Client,
    queue_url: String,
}

impl Sqs {
    /// Makes the client; once a process.
    pub fn new(config: &SdkConfig, queue_url: String) -> Self {
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(Duration::from_secs(2))
            .operation_timeout(Duration::from_secs(CALL_SECONDS))
            .build();
        let config = aws_sdk_sqs::config::Builder::from(config).timeout_config(timeouts).build();
        Self { client: Client::from_conf(config), queue_url }
    }
}

impl ShardQueue for Sqs {
    fn hand_over(&self, handed: HandedShard) -> HandOver<'_> {
        Box::pin(async move {
            let refused = |reason: &str| Error::QueueRefused(reason.to_owned());
            let message = serde_json::to_string(&handed).map_err(|error| refused(&error.to_string()))?;
            let request = self.client.send_message().queue_url(&self.queue_url).message_body(message);
            let sent = request.send().await;
            sent.map(|_| ()).map_err(|error| refused(error.code().unwrap_or("no answer in time")))
        })
    }
}
