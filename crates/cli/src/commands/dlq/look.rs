//! Looking into the dead-letter queue without taking anything out.

use queue::Queue;

use super::letter::Letter;
use crate::Error;

/// Seconds that messages are hidden from other readers while they are listed.
const LISTED_SECONDS: i32 = 60;

/// Returns the error for an id that no message has.
pub(super) fn no_message(id: &str) -> Error {
    Error::NotFound {
        message: format!("no message {id} in the dead-letter queue"),
        advice: "`bitrelay dlq list` shows the messages; one that another reader has received is hidden for a minute"
            .to_owned(),
    }
}

/// Receives messages until `enough` is true, or none is visible any more. Then others can receive them again.
pub(super) async fn look(queue: &Queue, enough: impl Fn(&[Letter]) -> bool) -> Result<Vec<Letter>, Error> {
    let mut letters: Vec<Letter> = Vec::new();
    let received = loop {
        if enough(&letters) {
            break Ok(());
        }
        match queue.receive(LISTED_SECONDS).await {
            Ok(messages) if messages.is_empty() => break Ok(()),
            Ok(messages) => {
                let known = letters.len();
                for letter in messages.into_iter().map(Letter::new) {
                    // A standard queue can deliver a message twice.
                    if !letters.iter().any(|other| other.message.id == letter.message.id) {
                        letters.push(letter);
                    }
                }
                if letters.len() == known {
                    break Ok(());
                }
            }
            Err(error) => break Err(error),
        }
    };
    for letter in &letters {
        // If that fails, the message becomes visible after its time.
        let _ = queue.release(&letter.message).await;
    }
    received?;
    Ok(letters)
}
