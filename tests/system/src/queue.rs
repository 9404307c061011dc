//! The queue of shards, in memory.

use std::sync::{Mutex, PoisonError};

use poller::Error;
use poller::shard_queue::{HandOver, HandedShard, ShardQueue};

/// A queue that keeps the shards handed over to it, or refuses them.
#[derive(Debug, Default)]
pub struct MemoryQueue {
    /// True if every shard is refused.
    refuses: bool,
    handed: Mutex<Vec<HandedShard>>,
}

impl MemoryQueue {
    /// Returns a queue that refuses every shard.
    pub fn refusing() -> Self {
        Self { refuses: true, ..Self::default() }
    }

    /// Takes the shards handed over since the last call, oldest first.
    pub fn take(&self) -> Vec<HandedShard> {
        std::mem::take(&mut self.handed.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl ShardQueue for MemoryQueue {
    fn hand_over(&self, handed: HandedShard) -> HandOver<'_> {
        Box::pin(async move {
            if self.refuses {
                return Err(Error::QueueRefused("a fault was injected".to_owned()));
            }
            self.handed.lock().unwrap_or_else(PoisonError::into_inner).push(handed);
            Ok(())
        })
    }
}
