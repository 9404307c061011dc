//! A message of the dead-letter queue, for people.

use bus::Message;
use jiff::Timestamp;
use queue::Received;
use serde_json::{Value, json};
use store::reading::ItemKey;

use crate::output::{plain, time};

/// A received message and its meaning.
#[derive(Debug)]
pub(super) struct Letter {
    pub(super) message: Received,
    /// `None` if neither the publisher nor Lambda wrote it.
    pub(super) content: Option<Message>,
}

impl Letter {
    pub(super) fn new(message: Received) -> Self {
        Self { content: Message::parse(&message.body), message }
    }

    /// Returns the key of its event's item, if it names one.
    pub(super) fn item_key(&self) -> Option<ItemKey> {
        match &self.content {
            Some(Message::Event(letter)) => Some(ItemKey { pk: letter.pk.clone()?, sk: letter.sk.clone()? }),
            _ => None,
        }
    }

    fn sent_at(&self) -> Option<Timestamp> {
        self.message.sent_at_ms.and_then(|ms| Timestamp::from_millisecond(ms).ok())
    }

    /// Returns the reason, in full.
    fn problem(&self) -> String {
        match &self.content {
            Some(Message::Event(letter)) => plain(&letter.problem),
            Some(Message::Batch(batch)) => format!(
                "Lambda gave up {} records of the stream: {}; the bus was down until they were too old",
                batch.records,
                plain(&batch.condition)
            ),
            None => "unknown form: neither the publisher nor Lambda wrote it".to_owned(),
        }
    }

    /// Returns the short name of the reason.
    fn code(&self) -> String {
        match &self.content {
            Some(Message::Event(letter)) => plain(&letter.error_code),
            Some(Message::Batch(batch)) => plain(&batch.condition),
            None => "unknown".to_owned(),
        }
    }

    fn subject(&self) -> String {
        match &self.content {
            Some(Message::Event(letter)) => {
                let subject = letter.subject.as_ref().or(letter.pk.as_ref());
                subject.map_or_else(|| "-".to_owned(), |subject| plain(subject))
            }
            Some(Message::Batch(batch)) => {
                format!("{} records, {} to {}", batch.records, time(batch.first_at), time(batch.last_at))
            }
            None => "-".to_owned(),
        }
    }

    fn key(&self) -> Option<String> {
        match &self.content {
            Some(Message::Event(letter)) => letter.key.as_deref().map(plain),
            _ => None,
        }
    }

    fn sequence(&self) -> Option<u64> {
        match &self.content {
            Some(Message::Event(letter)) => letter.sequence,
            _ => None,
        }
    }

    pub(super) fn row(&self) -> [String; 6] {
        let dash = || "-".to_owned();
        [
            self.sent_at().map_or_else(dash, time),
            self.code(),
            self.key().unwrap_or_else(dash),
            self.subject(),
            self.sequence().map_or_else(dash, |sequence| sequence.to_string()),
            self.message.id.clone(),
        ]
    }

    pub(super) fn fields(&self) -> Vec<(&'static str, String)> {
        let dash = || "-".to_owned();
        let event = match &self.content {
            Some(Message::Event(letter)) => letter.event_id.as_deref().map(plain),
            _ => None,
        };
        vec![
            ("id", self.message.id.clone()),
            ("sent", self.sent_at().map_or_else(dash, time)),
            ("why", self.problem()),
            ("code", self.code()),
            ("event", event.unwrap_or_else(dash)),
            ("key", self.key().unwrap_or_else(dash)),
            ("subject", self.subject()),
            ("sequence", self.sequence().map_or_else(dash, |sequence| sequence.to_string())),
        ]
    }

    pub(super) fn json(&self) -> Value {
        let event = match &self.content {
            Some(Message::Event(letter)) => letter.event_id.clone(),
            _ => None,
        };
        let span = match &self.content {
            Some(Message::Batch(batch)) => {
                json!({ "from": batch.first_at, "to": batch.last_at, "records": batch.records })
            }
            _ => Value::Null,
        };
        json!({
            "id": self.message.id,
            "sent_at": self.sent_at(),
            "problem": self.problem(),
            "error_code": self.code(),
            "event_id": event,
            "key": self.key(),
            "subject": self.subject(),
            "sequence": self.sequence(),
            "span": span,
        })
    }

    /// Returns the message itself: JSON, or its text.
    pub(super) fn body(&self) -> Value {
        serde_json::from_str(&self.message.body).unwrap_or_else(|_| self.message.body.clone().into())
    }
}
