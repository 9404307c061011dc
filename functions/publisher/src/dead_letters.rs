//! The dead-letter queue: the trait that the publisher calls, and the messages that it sends.

use std::future::Future;

use bus::{DeadLetter, Entry};
use queue::Queue;

use crate::Error;
use crate::record::StreamPosition;

/// Accepts messages about records that cannot be published.
pub trait DeadLetters: Send + Sync {
    /// Parks a message.
    ///
    /// # Errors
    ///
    /// [`Error::DeadLetterRefused`] if the queue refused the message or did not answer in time.
    fn park(&self, message: String) -> impl Future<Output = Result<(), Error>> + Send;
}

/// Makes the message for a parked record. `entry` is the unpublished entry, if there is one.
pub fn message(position: &StreamPosition, entry: Option<&Entry>, cause: &Error) -> String {
    let letter = DeadLetter {
        problem: cause.to_string(),
        error_code: cause.code().to_owned(),
        event_id: None,
        key: None,
        subject: None,
        sequence: None,
        pk: position.pk.clone(),
        sk: position.sk.clone(),
        stream_sequence_number: position.sequence_number.clone(),
        stream_time: position.created_at,
        entry: None,
    };
    let letter = match entry {
        Some(entry) => letter.with_entry(entry),
        None => letter,
    };
    letter.to_text()
}

impl DeadLetters for Queue {
    async fn park(&self, message: String) -> Result<(), Error> {
        self.send(message).await.map_err(|error| Error::DeadLetterRefused(error.code))
    }
}
