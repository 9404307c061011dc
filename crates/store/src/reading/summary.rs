//! Events without their payloads.

use bitbucket::EventKey;
use jiff::Timestamp;
use relay::{EventId, LinkId, Source, Subject};
use serde::Deserialize;
use serde_dynamo::Item;

use super::stored::ItemKey;
use crate::Error;
use crate::codec::{self, FORMAT_ATTRIBUTE, corrupt, keys, log};

/// The attributes of a summary. The index `log` holds them, besides its keys.
pub(super) const SUMMARY_FIELDS: [&str; 10] = [
    FORMAT_ATTRIBUTE,
    "pk",
    "sk",
    "log_at",
    "id",
    "key",
    "source",
    "repository_name",
    "occurred_at",
    "actor_name",
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
    /// Name of the actor, as Bitbucket shows it.
    pub actor: Option<String>,
}

/// Link, subject, sequence and time of observation are parts of the keys, so the index holds them once.
#[derive(Deserialize)]
struct SummaryItem {
    pk: String,
    sk: String,
    log_at: String,
    id: EventId,
    key: EventKey,
    source: Source,
    #[serde(default)]
    repository_name: Option<String>,
    #[serde(default)]
    occurred_at: Option<Timestamp>,
    #[serde(default)]
    actor_name: Option<String>,
}

impl EventSummary {
    pub(super) fn read(item: Item) -> Result<Self, Error> {
        let read: SummaryItem = codec::read(item)?;
        let unreadable = |reason: &dyn std::fmt::Display| corrupt(&read.pk, &read.sk, reason);
        let (link, subject) = keys::parse_subject(&read.pk).map_err(|error| unreadable(&error))?;
        Ok(Self {
            sequence: keys::sequence(&read.sk).ok_or_else(|| unreadable(&"its sort key has no sequence"))?,
            observed_at: log::observed_at(&read.log_at)
                .ok_or_else(|| unreadable(&"its log_at has no time"))?,
            id: read.id,
            key: read.key,
            source: read.source,
            link,
            subject,
            repository_name: read.repository_name,
            occurred_at: read.occurred_at,
            actor: read.actor_name,
        })
    }

    /// The keys of its item in the table.
    pub fn item_key(&self) -> ItemKey {
        ItemKey { pk: keys::stored_subject(&self.link, &self.subject), sk: keys::event(self.sequence) }
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
            actor: event.actor.as_ref().and_then(log::actor_name),
        }
    }
}
