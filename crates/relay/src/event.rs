//! The immutable facts of the log, and the envelope they are published in.

use std::fmt;

use bitbucket::EventKey;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::changes::Change;
use crate::counters::Counters;
use crate::subject::{LinkId, Subject};

/// The version of the published envelope.
pub const ENVELOPE_VERSION: u32 = 1;

/// An event's id: 32 hex digits that follow from the fact itself, whichever way it was learned.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EventId(pub(crate) String);

impl EventId {
    /// Takes an id that was stored before.
    pub fn stored(id: impl Into<String>) -> Self {
        Self(id.into())
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Which way a fact was learned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Source {
    /// Bitbucket reported it.
    Webhook,
    /// A poll found it.
    Poll,
}

impl Source {
    /// The source as the envelope says it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Webhook => "webhook",
            Self::Poll => "poll",
        }
    }
}

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
    pub fn envelope(&self, reference: Option<&Value>) -> Value {
        let payload = match reference {
            None => serde_json::from_slice(&self.payload).unwrap_or(Value::Null),
            Some(_) => Value::Null,
        };
        let mut envelope = json!({
            "version": ENVELOPE_VERSION,
            "id": self.id,
            "key": self.key,
            "source": self.source,
            "link": self.link,
            "subject": self.subject_view(),
            "sequence": self.sequence,
            "occurred_at": self.occurred_at,
            "observed_at": self.observed_at,
            "actor": self.actor,
            "changes": self.changes,
            "counters": self.counters,
            "payload": payload,
        });
        if let (Some(reference), Some(fields)) = (reference, envelope.as_object_mut()) {
            fields.insert("payload_reference".to_owned(), reference.clone());
        }
        envelope
    }

    fn subject_view(&self) -> Value {
        let mut view = json!({ "type": self.subject.kind() });
        let Some(fields) = view.as_object_mut() else { return view };
        if let Some(repository) = self.subject.repository() {
            fields.insert(
                "repository".to_owned(),
                json!({ "id": repository, "full_name": self.repository_name }),
            );
        }
        match &self.subject {
            Subject::PullRequest { id, .. } => fields.insert("id".to_owned(), json!(id)),
            Subject::Issue { id, .. } => fields.insert("id".to_owned(), json!(id)),
            Subject::Commit { hash, .. } => fields.insert("hash".to_owned(), json!(hash)),
            Subject::Repository { .. } | Subject::Link => None,
        };
        view
    }
}
