//! The state of a repository that is swept.

use std::collections::BTreeMap;

use bitbucket::PullRequestId;
use bitbucket::payload::{Document, PullRequest};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::head::ShortHash;
use crate::event::fact;

/// What is known of a repository that is swept.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct RepositoryState {
    /// The newest `repository` object that Bitbucket sent.
    pub repository: Value,
    /// When the first sweep began. What was there before it is old news.
    pub first_swept_at: Option<Timestamp>,
    /// When the last one began, by our clock.
    pub swept_at: Option<Timestamp>,
    /// The pull requests that the last sweep showed to be open.
    pub open: BTreeMap<PullRequestId, Listed>,
    /// When something last moved in it, as far as webhooks and sweeps tell: by our clock, or Bitbucket's of an open pull request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_activity_at: Option<Timestamp>,
    /// Set while Bitbucket says that it is not there, or may not be seen.
    #[serde(default)]
    pub unreachable: bool,
}

/// What a listing shows of a pull request. Anything else now means that something happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listed {
    /// When Bitbucket last moved it.
    pub updated_on: Option<Timestamp>,
    /// Its comments.
    pub comments: Option<u64>,
    /// Its tasks.
    pub tasks: Option<u64>,
    /// The hash of all else that it shows: title, branches, head, reviewers and their verdicts.
    pub digest: String,
}

impl Listed {
    /// As a listing has it.
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

/// The hash of what both a listing and a webhook show of a pull request, whatever else they do.
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
    let fields = [
        ("title", text("/title")),
        ("draft", text("/draft")),
        ("head", head.map(|head| Value::from(head.as_str())).unwrap_or_default()),
        ("source", text("/source/branch/name")),
        ("destination", text("/destination/branch/name")),
        ("reviewers", uuids("reviewers", |one| one.get("uuid").cloned())),
        ("verdicts", uuids("participants", verdict)),
    ];
    fact::digest(fields.iter().map(|(name, value)| (*name, Some(value))))
}
