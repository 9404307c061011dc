//! The queue through which a run hands shards to other invocations of the function: the trait, and Amazon SQS.

use std::fmt;
use std::future::Future;
use std::pin::Pin;

use jiff::Timestamp;
use queue::Queue;
use serde::{Deserialize, Serialize};
use store::Shard;

use crate::error::Error;

/// A shard for another invocation: the message in the queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HandedShard {
    /// The shard whose links are to be polled.
    pub shard: Shard,
    /// The end of the run that hands it over. A message that comes later has no effect: the next minute's run covers
    /// its shard.
    pub until: Timestamp,
}

/// The answer of a queue.
pub type HandOver<'a> = Pin<Box<dyn Future<Output = Result<(), Error>> + Send + 'a>>;

/// Takes shards for other invocations.
pub trait ShardQueue: fmt::Debug + Send + Sync {
    /// Hands a shard over.
    ///
    /// # Errors
    ///
    /// [`Error::QueueRefused`] if the queue did not take it, or the outcome is unknown.
    fn hand_over(&self, handed: HandedShard) -> HandOver<'_>;
}

impl ShardQueue for Queue {
    fn hand_over(&self, handed: HandedShard) -> HandOver<'_> {
        Box::pin(async move {
            let body =
                serde_json::to_string(&handed).map_err(|error| Error::QueueRefused(error.to_string()))?;
            self.send(body).await.map_err(|error| Error::QueueRefused(error.code))
        })
    }
}
