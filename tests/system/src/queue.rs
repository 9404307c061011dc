//! The queue of shards, in memory.

use std::sync::{Mutex, PoisonError};

use poller::Error;
use poller::shard_queue::{HandOver, HandedShard, ShardQueue};

/// Keeps what is handed over, or refuses it.
#[derive(Debug, Default)]
pub struct MemoryQueue {
    /// Whether everything is refused.
    refuses: bool,
    handed: Mutex<Vec<HandedShard>>,
}

impl MemoryQueue {
    /// A queue that takes nothing.
    pub fn refusing() -> Self {
        Self { refuses: true, ..Self::default() }
    }

    /// What was handed over since this was asked last, in the order in which it came.
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
