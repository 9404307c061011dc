//! What an event is published in. JSON Schema and `AsyncAPI` document are made from these types (feature `schema`).

use bitbucket::EventKey;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Map, Value};

use super::changes::Change;
use super::counters::Counters;
use super::id::{EventId, Source};
use crate::subject::{LinkId, Subject};

/// The version of the published envelope.
pub const ENVELOPE_VERSION: u32 = 1;

/// One fact as it is published: `EventBridge`'s `detail`.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(deny_unknown_fields, rename = "Event"))]
pub struct Envelope<'e> {
    /// 1.
    #[cfg_attr(feature = "schema", schemars(range(min = 1, max = 1)))]
    pub version: u32,
    /// Follows from the fact: the same fact has the same id whichever way it was learned. Deduplicate on it.
    pub id: &'e EventId,
    /// What happened; also the entry's `detail-type`.
    #[cfg_attr(feature = "schema", schemars(with = "String", regex(pattern = "^[A-Za-z0-9:_.-]{1,100}$")))]
    pub key: &'e EventKey,
    /// Which way it was learned.
    pub source: Source,
    /// The link it came through.
    pub link: &'e LinkId,
    /// What it is about.
    pub subject: About<'e>,
    /// Its place in the subject's order, from 1, without a gap.
    #[cfg_attr(feature = "schema", schemars(range(min = 1)))]
    pub sequence: u64,
    /// When it happened, by Bitbucket's clock; null where Bitbucket does not say.
    #[cfg_attr(feature = "schema", schemars(with = "Option<Timestamp>"))]
    pub occurred_at: Option<Timestamp>,
    /// When it was learned, by our clock.
    pub observed_at: Timestamp,
    /// Who did it, as Bitbucket says it; null where it does not.
    #[cfg_attr(feature = "schema", schemars(with = "Option<Map<String, Value>>"))]
    pub actor: Option<&'e Map<String, Value>>,
    /// What changed about the pull request since the snapshot before; null where nothing is known of before.
    #[cfg_attr(feature = "schema", schemars(with = "Option<Vec<Change>>"))]
    pub changes: Option<&'e [Change]>,
    /// How much the pull request has of everything; null for other subjects.
    #[cfg_attr(feature = "schema", schemars(with = "Option<Counters>"))]
    pub counters: Option<&'e Counters>,
    /// Bitbucket's own payload; for what a poll found, JSON of the same shape. Null where `payload_reference` is there.
    #[cfg_attr(feature = "schema", schemars(with = "Option<Map<String, Value>>"))]
    pub payload: Option<Value>,
    /// Only where the entry would be larger than the bus takes: where in the table the payload is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payload_reference: Option<PayloadReference>,
}

impl Envelope<'_> {
    /// The envelope as JSON.
    pub fn to_json(&self) -> Value {
        // Every field has a form in JSON, so there is no error to pass on.
        serde_json::to_value(self).unwrap_or_default()
    }
}

/// What an event is about.
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
        /// Its repository (the destination's).
        repository: InRepository<'e>,
        /// Its number there.
        id: u64,
    },
    /// A commit.
    Commit {
        /// Its repository.
        repository: InRepository<'e>,
        /// Its hash, as long as Bitbucket gave it.
        hash: &'e str,
    },
    /// An issue.
    Issue {
        /// Its repository.
        repository: InRepository<'e>,
        /// Its number there.
        id: u64,
    },
    /// A repository.
    Repository {
        /// Which.
        repository: InRepository<'e>,
    },
    /// Whatever names no repository: the link it came through.
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
    /// Its UUID without braces; its full name where Bitbucket gave no UUID.
    pub id: &'e str,
    /// `workspace/slug` at that time, for people and for rules; null where Bitbucket did not say.
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

/// Where in the table a payload is that the bus would not take.
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
