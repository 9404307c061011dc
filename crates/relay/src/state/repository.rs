//! The state of a repository that is swept.

use std::collections::{BTreeMap, BTreeSet};

use bitbucket::PullRequestId;
use bitbucket::payload::{Document, PullRequest};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::head::ShortHash;
use crate::event::{fact, is_queued};

/// The state of a repository that is swept.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct RepositoryState {
    /// The newest `repository` object that Bitbucket sent.
    pub repository: Value,
    /// True if Bitbucket answered with that object; false if a webhook brought it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_confirmed: bool,
    /// Time when the first sweep began. No events are published for what existed before it.
    pub first_swept_at: Option<Timestamp>,
    /// Time when the last sweep began, by our clock.
    pub swept_at: Option<Timestamp>,
    /// The open pull requests of the last sweep.
    pub open: BTreeMap<PullRequestId, Listed>,
    /// Time of the last activity that a webhook or a sweep showed: by our clock, or by Bitbucket's for an open pull
    /// request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_activity_at: Option<Timestamp>,
    /// Time from which it is swept, if its link named many repositories at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_sweep_at: Option<Timestamp>,
    /// The listing that the last sweeps began and did not finish.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unfinished: Option<UnfinishedListing>,
    /// The pace of the link's sweeps at the last one.
    #[serde(default)]
    pub pace: SweepPace,
}

/// A listing of open pull requests that takes more calls than one sweep has.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnfinishedListing {
    /// Address of its next page.
    pub next: String,
    /// The pull requests on the pages before, of those that the state has.
    pub listed: BTreeSet<PullRequestId>,
}

/// The pace of a link's sweeps. It follows from the number of swept repositories and the calls of the link.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SweepPace {
    /// Seconds between two calls for one active repository.
    pub active_seconds: u32,
    /// The same for a quiet one.
    pub quiet_seconds: u32,
}

/// One pull request in a listing. Any difference in the next listing means that it changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listed {
    /// Its `updated_on`.
    pub updated_on: Option<Timestamp>,
    /// Number of comments.
    pub comments: Option<u64>,
    /// Number of tasks.
    pub tasks: Option<u64>,
    /// Hash of its other fields: title, state, branches, head, reviewers and their reviews.
    pub digest: String,
}

impl Listed {
    /// Takes the compared fields of a listed pull request.
    pub fn from_listing(shown: &Document<PullRequest>) -> Self {
        let count = |field: &str| shown.raw.get(field).and_then(Value::as_u64);
        Self {
            updated_on: shown.updated_on,
            comments: count("comment_count"),
            tasks: count("task_count"),
            digest: digest(&shown.raw),
        }
    }
}

/// Hashes the fields that listings and webhooks both have.
pub(crate) fn digest(shown: &Value) -> String {
    let text = |pointer: &str| shown.pointer(pointer).cloned().unwrap_or_default();
    let uuids = |pointer: &str, of: fn(&Value) -> Option<Value>| {
        let listed = shown.get(pointer).and_then(Value::as_array).into_iter().flatten();
        let mut uuids: Vec<String> = listed.filter_map(of).map(|one| one.to_string()).collect();
        uuids.sort();
        Value::from(uuids)
    };
    let head = text("/source/commit/hash").as_str().and_then(ShortHash::new);
    let verdict = |one: &Value| {
        let verdict = one.get("state").filter(|verdict| !verdict.is_null())?;
        Some(Value::from(vec![one.pointer("/user/uuid")?.clone(), verdict.clone()]))
    };
    // A snapshot without a state is of one that is open.
    let state = shown.get("state").filter(|state| *state != "OPEN").cloned().unwrap_or_default();
    let title = shown.get("title").and_then(Value::as_str);
    let fields = [
        ("title", title.map(fact::comparable).into()),
        ("draft", text("/draft")),
        ("queued", is_queued(shown).into()),
        ("state", state),
        ("head", head.map(|head| Value::from(head.as_str())).unwrap_or_default()),
        ("source", text("/source/branch/name")),
        ("destination", text("/destination/branch/name")),
        ("reviewers", uuids("reviewers", |one| one.get("uuid").cloned())),
        ("verdicts", uuids("participants", verdict)),
    ];
    fact::digest(fields.iter().map(|(name, value)| (*name, Some(value))))
}
