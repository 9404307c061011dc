//! The envelope that publishes an event. The feature `schema` makes the JSON Schema and the `AsyncAPI` document from
//! these types.

use bitbucket::EventKey;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::changes::Change;
use super::counters::Counters;
use super::id::{EventId, Source};
use crate::subject::{LinkId, Subject};

/// The version of the published envelope.
pub const ENVELOPE_VERSION: u32 = 1;

/// One published fact: the `detail` of an `EventBridge` entry.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(deny_unknown_fields, rename = "Event"))]
pub struct Envelope<'e> {
    /// Always 1.
    #[cfg_attr(feature = "schema", schemars(range(min = 1, max = 1)))]
    pub version: u32,
    /// Identity of the fact: the same fact has the same id, reported or polled. Deduplicate on it.
    pub id: &'e EventId,
    /// The event key, such as `pullrequest:created`; also the entry's `detail-type`.
    #[cfg_attr(feature = "schema", schemars(with = "String", regex(pattern = "^[A-Za-z0-9:_.-]{1,100}$")))]
    pub key: &'e EventKey,
    /// Source of the fact: a webhook or a poll.
    pub source: Source,
    /// False if the body of a webhook does not show what the event key says; absent otherwise. The signature covers
    /// the body only, so such an event may be a replay under a false key. Bitrelay concludes nothing from it.
    #[serde(skip_serializing_if = "is_true")]
    #[cfg_attr(feature = "schema", schemars(extend("const" = false)))]
    pub trusted: bool,
    /// False if the payload, or a part of it, comes from a delivery of a link that accepts deliveries without a
    /// signature; absent otherwise. Anybody who knows the link's URL may have written it.
    #[serde(skip_serializing_if = "is_true")]
    #[cfg_attr(feature = "schema", schemars(extend("const" = false)))]
    pub signed: bool,
    /// The link that the fact came through.
    pub link: &'e LinkId,
    /// Subject of the event.
    pub subject: About<'e>,
    /// Position in the subject's log, from 1, without a gap.
    #[cfg_attr(feature = "schema", schemars(range(min = 1)))]
    pub sequence: u64,
    /// Time of the fact, by Bitbucket's clock; null if the payload has none.
    #[cfg_attr(feature = "schema", schemars(with = "Option<Timestamp>"))]
    pub occurred_at: Option<Timestamp>,
    /// Time when bitrelay stored it, by bitrelay's clock.
    pub observed_at: Timestamp,
    /// The account that did it, from Bitbucket's payload; null if unknown.
    #[cfg_attr(feature = "schema", schemars(with = "Option<Map<String, Value>>"))]
    pub actor: Option<&'e Map<String, Value>>,
    /// Changes of the pull request since the previous snapshot; null if there is no earlier snapshot.
    #[cfg_attr(feature = "schema", schemars(with = "Option<Vec<Change>>"))]
    pub changes: Option<&'e [Change]>,
    /// Counters of the pull request; null for other subjects.
    #[cfg_attr(feature = "schema", schemars(with = "Option<Counters>"))]
    pub counters: Option<&'e Counters>,
    /// Bitbucket's payload; for a fact that a poll found, JSON of the same shape, with a member `cut` if a text in it
    /// was too long. Null if `payload_reference` is present.
    #[cfg_attr(feature = "schema", schemars(with = "Option<Map<String, Value>>"))]
    pub payload: Option<Value>,
    /// Location of the payload in the table. Present only if the entry would exceed the bus's limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payload_reference: Option<PayloadReference>,
    /// The replay that published the event again; absent when the event is published for the first time. Everything
    /// else is as it was then.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "Replay"))]
    pub replay: Option<&'e Replay>,
}

impl<'e> Envelope<'e> {
    /// The envelope in a replay, or its first publication if there is none.
    #[must_use]
    pub fn in_replay(self, replay: Option<&'e Replay>) -> Self {
        Self { replay, ..self }
    }

    /// The envelope as JSON.
    pub fn to_json(&self) -> Value {
        // Every field has a form in JSON, so there is no error to pass on.
        serde_json::to_value(self).unwrap_or_default()
    }
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "the signature that serde asks for")]
const fn is_true(flag: &bool) -> bool {
    *flag
}

/// Subject of an event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename_all = "lowercase")]
#[cfg_attr(
    feature = "schema",
    derive(schemars::JsonSchema),
    schemars(deny_unknown_fields, rename = "Subject")
)]
pub enum About<'e> {
    /// A pull request.
    PullRequest {
        /// Its repository (that of the destination).
        repository: InRepository<'e>,
        /// Its number in the repository.
        id: u64,
    },
    /// A commit.
    Commit {
        /// Its repository.
        repository: InRepository<'e>,
        /// Its hash, as long as in Bitbucket's payload.
        hash: &'e str,
    },
    /// An issue.
    Issue {
        /// Its repository.
        repository: InRepository<'e>,
        /// Its number in the repository.
        id: u64,
    },
    /// A repository.
    Repository {
        /// The repository.
        repository: InRepository<'e>,
    },
    /// The link itself, for deliveries that name no repository.
    Link,
}

/// A repository.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(
    feature = "schema",
    derive(schemars::JsonSchema),
    schemars(deny_unknown_fields, rename = "Repository")
)]
pub struct InRepository<'e> {
    /// Its UUID without braces; its full name if the payload has no UUID.
    pub id: &'e str,
    /// `workspace/slug` at that time, for people and for rules; null if the payload has none.
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>"))]
    pub full_name: Option<&'e str>,
}

impl<'e> About<'e> {
    pub(super) fn new(subject: &'e Subject, full_name: Option<&'e str>) -> Self {
        let within = |id: &'e bitbucket::RepositoryId| InRepository { id: id.as_str(), full_name };
        match subject {
            Subject::PullRequest { repository, id } => {
                Self::PullRequest { repository: within(repository), id: id.0 }
            }
            Subject::Commit { repository, hash } => Self::Commit { repository: within(repository), hash },
            Subject::Issue { repository, id } => Self::Issue { repository: within(repository), id: *id },
            Subject::Repository { repository } => Self::Repository { repository: within(repository) },
            Subject::Link => Self::Link,
        }
    }
}

/// A replay: events of the log that somebody had published again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(deny_unknown_fields))]
pub struct Replay {
    /// Its name, so that a rule can select one replay.
    pub name: String,
    /// Time of its start, by the clock of the person's machine.
    pub at: Timestamp,
}

/// Location in the table of a payload that exceeds the bus's limit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(deny_unknown_fields))]
pub struct PayloadReference {
    /// The table's name.
    pub table: String,
    /// The item's partition key.
    pub pk: String,
    /// The item's sort key.
    pub sk: String,
    /// The payload's size before compression.
    pub bytes: u64,
}
