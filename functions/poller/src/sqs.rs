//! The queue of shards in Amazon SQS.

use queue::Queue;

use crate::Error;
use crate::fan_out::{HandOver, HandedShard, ShardQueue};

impl ShardQueue for Queue {
    fn hand_over(&self, handed: HandedShard) -> HandOver<'_> {
        Box::pin(async move {
            let body =
                serde_json::to_string(&handed).map_err(|error| Error::QueueRefused(error.to_string()))?;
            self.send(body).await.map_err(|error| Error::QueueRefused(error.code))
        })
    }
}
