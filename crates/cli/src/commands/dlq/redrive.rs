//! `dlq redrive`: publishes the events of messages from the log, and then deletes the messages.

use std::collections::HashSet;

use bus::{LostBatch, Message};
use jiff::SignedDuration;
use queue::Queue;
use serde_json::json;
use store::reading::{EventFilter, EventSummary, ItemKey, Order};

use super::letter::Letter;
use super::look::no_message;
use crate::Error;
use crate::output::Report;
use crate::republish::{Outcome, Pace, Republisher};
use crate::session::Session;

/// Seconds that messages are hidden from other readers while they are redriven.
const REDRIVEN_SECONDS: i32 = 300;

/// Longest time between the observation of an event and its write. Recording ends after six seconds; the rest is for a
/// last request under way, and for clocks that differ.
const WRITE_TIME: SignedDuration = SignedDuration::from_secs(15);

/// Lambda names the times of a batch to the second.
const ROUNDING: SignedDuration = SignedDuration::from_secs(2);

/// Numbers of messages and events.
#[derive(Debug, Default)]
struct Counts {
    messages: u64,
    events: u64,
    left: u64,
}

/// The work of one redrive.
struct Redrive {
    queue: Queue,
    republisher: Republisher,
    /// Events that the bus has. Batches of Lambda overlap in time.
    published: HashSet<ItemKey>,
    counts: Counts,
}

/// Redrives the messages with these ids, or all of them.
pub(super) async fn redrive(
    session: &mut Session<'_, '_>,
    ids: &[String],
    per_second: u32,
) -> Result<(), Error> {
    let queue = session.dead_letter_queue().await?;
    let bus = session.bus_name().await?;
    let republisher = session.republisher(&bus, Pace::new(per_second)).await?;
    let mut redrive = Redrive { queue, republisher, published: HashSet::new(), counts: Counts::default() };
    let mut wanted: HashSet<&str> = ids.iter().map(String::as_str).collect();
    let mut seen = HashSet::new();
    let mut hidden = Vec::new();
    let done = loop {
        if !ids.is_empty() && wanted.is_empty() {
            break Ok(());
        }
        let received = match redrive.queue.receive(REDRIVEN_SECONDS).await {
            Ok(received) => received,
            Err(error) => break Err(error.into()),
        };
        let new: Vec<_> = received.into_iter().filter(|message| seen.insert(message.id.clone())).collect();
        // A message that was seen before could not be redriven, or is none of those that are wanted.
        if new.is_empty() {
            break Ok(());
        }
        let (take, leave): (Vec<_>, Vec<_>) = new
            .into_iter()
            .map(Letter::new)
            .partition(|letter| ids.is_empty() || wanted.remove(letter.message.id.as_str()));
        hidden.extend(leave);
        match redrive.letters(session, take).await {
            Ok(left) => hidden.extend(left),
            Err((error, left)) => {
                hidden.extend(left);
                break Err(error);
            }
        }
    };
    for letter in &hidden {
        // If that fails, the message becomes visible after its time.
        let _ = redrive.queue.release(&letter.message).await;
    }
    let missing = wanted.into_iter().min().map(str::to_owned);
    report(session, &redrive.counts);
    done?;
    if let Some(id) = missing {
        return Err(no_message(&id));
    }
    match redrive.counts.left {
        0 => Ok(()),
        left => Err(Error::Unsound(format!(
            "{left} messages stay in the dead-letter queue; the reasons are above"
        ))),
    }
}

fn report(session: &mut Session<'_, '_>, counts: &Counts) {
    let Counts { messages, events, left } = counts;
    let text = format!("redrove {messages} messages: {events} events are on the bus");
    session.show(&Report { text, json: json!({ "messages": messages, "events": events, "left": left }) });
}

impl Redrive {
    /// Redrives received messages. Returns those that stay, also beside an error.
    async fn letters(
        &mut self,
        session: &mut Session<'_, '_>,
        letters: Vec<Letter>,
    ) -> Result<Vec<Letter>, (Error, Vec<Letter>)> {
        let mut left = Vec::new();
        let mut letters = letters.into_iter();
        while let Some(letter) = letters.next() {
            match self.letter(session, &letter).await {
                Ok(None) => self.counts.messages += 1,
                Ok(Some(reason)) => {
                    self.counts.left += 1;
                    session.warn(&format!("message {} stays: {reason}", letter.message.id));
                    left.push(letter);
                }
                Err(error) => {
                    left.push(letter);
                    left.extend(letters);
                    return Err((error, left));
                }
            }
        }
        Ok(left)
    }

    /// Publishes the events of a message, then deletes it. Returns the reason if it has to stay.
    async fn letter(
        &mut self,
        session: &mut Session<'_, '_>,
        letter: &Letter,
    ) -> Result<Option<String>, Error> {
        let refused = match &letter.content {
            None => Some("neither the publisher nor Lambda wrote it".to_owned()),
            Some(Message::Event(_)) => match letter.item_key() {
                None => Some("it does not name the item of its event".to_owned()),
                Some(key) => self.publish(&[key]).await?,
            },
            Some(Message::Batch(batch)) => self.batch(session, batch).await?,
        };
        if refused.is_none() {
            self.queue.delete(&letter.message).await?;
        }
        Ok(refused)
    }

    /// Publishes every event that can be in a batch of Lambda's: each that was observed in its time.
    async fn batch(
        &mut self,
        session: &mut Session<'_, '_>,
        batch: &LostBatch,
    ) -> Result<Option<String>, Error> {
        // Also if the configuration names one link: the message is of all of them.
        let links = match session.links_of_the_last_days().await {
            Err(Error::NotConfigured { .. }) => {
                let reason = "it names no link; --stack or --secrets-prefix tells which links there are";
                return Ok(Some(reason.to_owned()));
            }
            links => links?,
        };
        let filter = EventFilter {
            since: batch.first_at.saturating_sub(WRITE_TIME).ok(),
            until: batch.last_at.saturating_add(ROUNDING).ok(),
            ..EventFilter::default()
        };
        let mut log = self.republisher.reader.log(&links, filter, Order::OldestFirst);
        while let Some(page) = log.next().await? {
            let keys: Vec<_> = page.iter().map(EventSummary::item_key).collect();
            for keys in keys.chunks(self.republisher.batch()) {
                if let Some(reason) = self.publish(keys).await? {
                    return Ok(Some(reason));
                }
            }
        }
        Ok(None)
    }

    /// Publishes events that were not published in this run. Returns a reason why one is not on the bus.
    async fn publish(&mut self, keys: &[ItemKey]) -> Result<Option<String>, Error> {
        let keys: Vec<_> = keys.iter().filter(|key| !self.published.contains(key)).cloned().collect();
        let outcomes = match self.republisher.publish(&keys, None).await {
            // The item is there and cannot be read: other messages can still be redriven.
            Err(Error::Store(error @ (store::Error::Corrupt { .. } | store::Error::NewerFormat { .. }))) => {
                return Ok(Some(error.to_string()));
            }
            outcomes => outcomes?,
        };
        let mut reason = None;
        for (key, outcome) in keys.into_iter().zip(outcomes) {
            match outcome {
                Outcome::Published => {
                    self.counts.events += 1;
                    self.published.insert(key);
                }
                Outcome::Missing => reason = Some(format!("the log has no event {} / {}", key.pk, key.sk)),
                Outcome::Refused(error) if error.retryable() => return Err(Error::Bus(error)),
                Outcome::Refused(error) => reason = Some(error.to_string()),
            }
        }
        Ok(reason)
    }
}
