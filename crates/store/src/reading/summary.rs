//! Events without their payloads, and the newest of many.

use bitbucket::EventKey;
use jiff::Timestamp;
use relay::{EventId, LinkId, Source, Subject};
use serde::Deserialize;
use serde_dynamo::Item;
use serde_json::Value;

use crate::Error;
use crate::codec::{self, FORMAT_ATTRIBUTE, corrupt, keys_of};

/// The attributes of a summary.
pub(super) const SUMMARY_FIELDS: [&str; 13] = [
    FORMAT_ATTRIBUTE,
    "pk",
    "sk",
    "id",
    "key",
    "source",
    "link",
    "subject",
    "repository_name",
    "sequence",
    "occurred_at",
    "observed_at",
    "actor",
];

/// An event without its payload, for lists.
#[derive(Debug, Clone, PartialEq)]
pub struct EventSummary {
    /// Its id, derived from the fact.
    pub id: EventId,
    /// Its key.
    pub key: EventKey,
    /// Its source.
    pub source: Source,
    /// Its link.
    pub link: LinkId,
    /// Its subject.
    pub subject: Subject,
    /// Full name of the repository at that time.
    pub repository_name: Option<String>,
    /// Its number in the subject's order.
    pub sequence: u64,
    /// Time of the fact, by Bitbucket's clock.
    pub occurred_at: Option<Timestamp>,
    /// Time of the observation, by our clock.
    pub observed_at: Timestamp,
    /// The actor, as Bitbucket reports it.
    pub actor: Option<Value>,
}

#[derive(Deserialize)]
struct SummaryItem {
    id: EventId,
    key: EventKey,
    source: Source,
    link: LinkId,
    subject: String,
    #[serde(default)]
    repository_name: Option<String>,
    sequence: u64,
    #[serde(default)]
    occurred_at: Option<Timestamp>,
    observed_at: Timestamp,
    #[serde(default)]
    actor: Option<String>,
}

impl EventSummary {
    pub(super) fn read(item: Item) -> Result<Self, Error> {
        let (pk, sk) = keys_of(&item);
        let read: SummaryItem = codec::read(item)?;
        let subject = read.subject.parse().map_err(|error| corrupt(&pk, &sk, &error))?;
        Ok(Self {
            id: read.id,
            key: read.key,
            source: read.source,
            link: read.link,
            subject,
            repository_name: read.repository_name,
            sequence: read.sequence,
            occurred_at: read.occurred_at,
            observed_at: read.observed_at,
            // A list leaves out an unreadable actor; `show` reports the error.
            actor: read.actor.and_then(|actor| serde_json::from_str(&actor).ok()),
        })
    }
}

impl From<&relay::Event> for EventSummary {
    fn from(event: &relay::Event) -> Self {
        Self {
            id: event.id.clone(),
            key: event.key.clone(),
            source: event.source,
            link: event.link.clone(),
            subject: event.subject.clone(),
            repository_name: event.repository_name.clone(),
            sequence: event.sequence,
            occurred_at: event.occurred_at,
            observed_at: event.observed_at,
            actor: event.actor.clone(),
        }
    }
}

/// Collects the newest of any number of events, in memory for twice the limit.
pub(super) struct Newest {
    events: Vec<EventSummary>,
    limit: usize,
}

impl Newest {
    pub(super) const fn new(limit: usize) -> Self {
        Self { events: Vec::new(), limit }
    }

    pub(super) fn push(&mut self, event: EventSummary) {
        self.events.push(event);
        if self.events.len() >= self.limit.saturating_mul(2).max(1_000) {
            self.shrink();
        }
    }

    pub(super) fn is_full(&self) -> bool {
        self.events.len() >= self.limit
    }

    pub(super) fn into_events(mut self) -> Vec<EventSummary> {
        self.shrink();
        self.events
    }

    fn shrink(&mut self) {
        // Within one subject the sequence decides: several events may share an observation time.
        self.events.sort_by(|a, b| {
            (b.observed_at, &b.subject, b.sequence).cmp(&(a.observed_at, &a.subject, a.sequence))
        });
        self.events.truncate(self.limit);
    }
}
