//! The immutable facts of the log.

use bitbucket::EventKey;
use jiff::Timestamp;
use serde_json::Value;

use super::changes::Change;
use super::counters::Counters;
use super::envelope::{About, ENVELOPE_VERSION, Envelope, PayloadReference};
use super::id::{EventId, Source};
use crate::subject::{LinkId, Subject};

/// One fact.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// Follows from the fact.
    pub id: EventId,
    /// What happened.
    pub key: EventKey,
    /// Which way it was learned.
    pub source: Source,
    /// The link it was learned through.
    pub link: LinkId,
    /// What it is about.
    pub subject: Subject,
    /// The full name of the repository (`workspace/slug`) at that time, for people.
    pub repository_name: Option<String>,
    /// Its place in the subject's order, from 1, without a gap.
    pub sequence: u64,
    /// When it happened, by Bitbucket's clock; `None` where Bitbucket does not say.
    pub occurred_at: Option<Timestamp>,
    /// When it was learned, by our clock.
    pub observed_at: Timestamp,
    /// Who did it, as Bitbucket says it; `None` where it does not.
    pub actor: Option<Value>,
    /// What changed about the pull request since the snapshot before; `None` where there is none before, where the payload
    /// has none or an older one than is known, and for what a poll found.
    pub changes: Option<Vec<Change>>,
    /// The counters of the pull request when this was stored; `None` for other subjects.
    pub counters: Option<Counters>,
    /// The payload: a webhook's body byte for byte, or JSON of the same shape for what a poll found.
    pub payload: Vec<u8>,
}

impl Event {
    /// The envelope as it is published: EventBridge's `detail`.
    ///
    /// `payload` is the event's own, or null where `reference` says where in the log to read it, because the bus would
    /// not take it.
    pub fn envelope(&self, reference: Option<PayloadReference>) -> Envelope<'_> {
        let payload = match reference {
            None => serde_json::from_slice(&self.payload).ok(),
            Some(_) => None,
        };
        Envelope {
            version: ENVELOPE_VERSION,
            id: &self.id,
            key: &self.key,
            source: self.source,
            link: &self.link,
            subject: About::new(&self.subject, self.repository_name.as_deref()),
            sequence: self.sequence,
            occurred_at: self.occurred_at,
            observed_at: self.observed_at,
            actor: self.actor.as_ref().and_then(Value::as_object),
            changes: self.changes.as_deref(),
            counters: self.counters.as_ref(),
            payload,
            payload_reference: reference,
        }
    }
}
