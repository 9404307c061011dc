//! New events for the pages that are open.

use std::sync::{Arc, Mutex, PoisonError};

use relay::Event;
use tokio::sync::broadcast;

use crate::Error;

/// Number of events that a slow reader may fall behind before it has to reload.
const BEHIND: usize = 256;

/// Passes new events on to any number of readers.
#[derive(Debug)]
pub(super) struct Live {
    sender: broadcast::Sender<Arc<Event>>,
    /// The last failure, until events can be read again.
    trouble: Mutex<Option<String>>,
}

impl Live {
    pub(super) fn new() -> Self {
        Self { sender: broadcast::Sender::new(BEHIND), trouble: Mutex::default() }
    }

    pub(super) fn pass_on(&self, news: Result<Event, Error>) {
        let trouble = match news {
            Ok(event) => {
                // Nobody may be listening.
                let _ = self.sender.send(Arc::new(event));
                None
            }
            Err(error) => Some(error.to_string()),
        };
        *self.trouble.lock().unwrap_or_else(PoisonError::into_inner) = trouble;
    }

    pub(super) fn listen(&self) -> broadcast::Receiver<Arc<Event>> {
        self.sender.subscribe()
    }

    pub(super) fn trouble(&self) -> Option<String> {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
