//! Receiving messages, for people who look into a queue.

use std::collections::HashMap;

use aws_sdk_sqs::types::{MessageSystemAttributeName as Attribute, QueueAttributeName as Name};

use crate::{Queue, QueueError};

/// Largest number of messages in one answer
/// (<https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ReceiveMessage.html>).
const MAX_MESSAGES: i32 = 10;

/// Seconds that a request waits for a message. Without waiting, SQS asks only some of its servers, and an answer can be
/// empty although the queue is not
/// (<https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-short-and-long-polling.html>).
const WAIT_SECONDS: i32 = 1;

/// A message that was received, and is hidden from others for a while.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    /// Its id, the same each time.
    pub id: String,
    /// The text.
    pub body: String,
    /// Time when it was sent, in milliseconds since 1970.
    pub sent_at_ms: Option<i64>,
    /// Names this receipt, for deleting or releasing.
    receipt: String,
}

impl Queue {
    /// Receives up to ten messages and hides them for so many seconds. Empty if none is visible.
    ///
    /// # Errors
    ///
    /// [`QueueError`] if SQS refused the request or did not answer in time.
    pub async fn receive(&self, hidden_seconds: i32) -> Result<Vec<Received>, QueueError> {
        let request = self.client.receive_message().queue_url(&self.url).max_number_of_messages(MAX_MESSAGES);
        let request = request.wait_time_seconds(WAIT_SECONDS).visibility_timeout(hidden_seconds);
        let request = request.message_system_attribute_names(Attribute::SentTimestamp);
        let answer = request.send().await.map_err(|error| QueueError::from_sdk(&error))?;
        let messages = answer.messages.unwrap_or_default().into_iter().filter_map(|message| {
            let sent = |attributes: HashMap<Attribute, String>| {
                attributes.get(&Attribute::SentTimestamp)?.parse().ok()
            };
            Some(Received {
                sent_at_ms: message.attributes.and_then(sent),
                id: message.message_id?,
                body: message.body?,
                receipt: message.receipt_handle?,
            })
        });
        Ok(messages.collect())
    }

    /// Returns the approximate number of messages that can be received.
    ///
    /// # Errors
    ///
    /// As for [`Queue::receive`].
    pub async fn length(&self) -> Result<u64, QueueError> {
        let request = self
            .client
            .get_queue_attributes()
            .queue_url(&self.url)
            .attribute_names(Name::ApproximateNumberOfMessages);
        let answer = request.send().await.map_err(|error| QueueError::from_sdk(&error))?;
        let count =
            answer.attributes().and_then(|found| found.get(&Name::ApproximateNumberOfMessages)?.parse().ok());
        count.ok_or_else(|| QueueError { code: "NoNumber".to_owned() })
    }

    /// Deletes a message.
    ///
    /// # Errors
    ///
    /// As for [`Queue::receive`].
    pub async fn delete(&self, message: &Received) -> Result<(), QueueError> {
        let request = self.client.delete_message().queue_url(&self.url).receipt_handle(&message.receipt);
        request.send().await.map(drop).map_err(|error| QueueError::from_sdk(&error))
    }

    /// Lets others receive a message again, at once.
    ///
    /// # Errors
    ///
    /// As for [`Queue::receive`].
    pub async fn release(&self, message: &Received) -> Result<(), QueueError> {
        let request =
            self.client.change_message_visibility().queue_url(&self.url).receipt_handle(&message.receipt);
        let released = request.visibility_timeout(0).send().await;
        released.map(drop).map_err(|error| QueueError::from_sdk(&error))
    }
}
