//! One event of the log.

use bitbucket::EventKey;
use jiff::Timestamp;
use serde_json::Value;

use super::changes::Change;
use super::counters::Counters;
use super::envelope::{About, ENVELOPE_VERSION, Envelope, PayloadReference};
use super::id::{EventId, Source};
use crate::subject::{LinkId, Subject};

/// One immutable fact of the log.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// Identity of the fact.
    pub id: EventId,
    /// The event key.
    pub key: EventKey,
    /// Source of the fact.
    pub source: Source,
    /// False if a webhook's body does not show what its event key says.
    pub trusted: bool,
    /// False if the payload, or a part of it, comes from a delivery that its link accepted without a signature.
    pub signed: bool,
    /// The link that it came through.
    pub link: LinkId,
    /// Subject of the event.
    pub subject: Subject,
    /// The full name of the repository (`workspace/slug`) at that time, for people.
    pub repository_name: Option<String>,
    /// Position in the subject's log, from 1, without a gap.
    pub sequence: u64,
    /// Time of the fact, by Bitbucket's clock; `None` if the payload has none.
    pub occurred_at: Option<Timestamp>,
    /// Time when it was observed, by our clock.
    pub observed_at: Timestamp,
    /// The account that did it, from Bitbucket's payload; `None` if unknown.
    pub actor: Option<Value>,
    /// Changes of the pull request since the previous snapshot. `None` without an earlier snapshot, for a payload
    /// without a snapshot or with an older one, and for a fact that a poll found.
    pub changes: Option<Vec<Change>>,
    /// The counters of the pull request when this was stored; `None` for other subjects.
    pub counters: Option<Counters>,
    /// The payload: a webhook's body byte for byte, or JSON of the same shape if a poll found the fact.
    pub payload: Vec<u8>,
}

impl Event {
    /// Returns the published envelope: EventBridge's `detail`.
    ///
    /// `payload` is the event's own. It is null if a `reference` gives its location in the log, because it exceeds the
    /// bus's limit.
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
            trusted: self.trusted,
            signed: self.signed,
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
            replay: None,
        }
    }
}
