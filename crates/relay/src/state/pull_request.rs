//! The state of a pull request.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::comment::Comments;
use super::head::Head;
use super::published::PublishedFacts;
use super::task::Tasks;
use crate::event::Counters;

/// What is known of a pull request.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PullRequestState {
    /// When it was first heard of, by Bitbucket's clock where the payload told, else ours.
    pub first_seen_at: Timestamp,
    /// The newest `pullrequest` object that Bitbucket sent.
    pub snapshot: Value,
    /// The newest `repository` object that Bitbucket sent.
    pub repository: Value,
    /// The `updated_on` of the snapshot.
    pub snapshot_updated_on: Option<Timestamp>,
    /// Every comment seen, deleted ones too.
    pub comments: Comments,
    /// Every task seen, deleted ones too.
    pub tasks: Tasks,
    /// Whether the tasks were read completely once. Before that an old task is no news.
    pub tasks_read: bool,
    /// When the request of the last complete poll of the tasks was sent, by our clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tasks_read_at: Option<Timestamp>,
    /// When the request of the last complete poll was sent, by our clock.
    pub polled_at: Option<Timestamp>,
    /// The first event since that poll, which means that tasks may have changed.
    pub tasks_dirty_since: Option<Timestamp>,
    /// When to look again at something that the last poll left for its webhook, or could not decide.
    pub recheck_at: Option<Timestamp>,
    /// Set while Bitbucket says that it is not there, or may not be seen; the next delivery lifts it.
    #[serde(default)]
    pub unreachable: bool,
    /// When to read the pull request itself, because a listing showed more of it than any webhook.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reread_at: Option<Timestamp>,
    /// The `updated_on` that a listing showed when it had the pull request read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seen_in_sweep_at: Option<Timestamp>,
    /// Since when Bitbucket shows something that no event tells, by our clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unpublished_since: Option<Timestamp>,
    /// What was told of what a lost webhook leaves untold.
    pub published: PublishedFacts,
    /// The head of its source branch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub head: Option<Head>,
    /// The counters that were published last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counters: Option<Counters>,
}

impl PullRequestState {
    /// A pull request that was never heard of.
    pub(crate) fn first_seen(at: Timestamp, published: PublishedFacts) -> Self {
        Self {
            first_seen_at: at,
            snapshot: Value::Null,
            repository: Value::Null,
            snapshot_updated_on: None,
            comments: BTreeMap::new(),
            tasks: BTreeMap::new(),
            tasks_read: false,
            tasks_read_at: None,
            polled_at: None,
            tasks_dirty_since: None,
            recheck_at: None,
            unreachable: false,
            reread_at: None,
            seen_in_sweep_at: None,
            unpublished_since: None,
            published,
            head: None,
            counters: None,
        }
    }

    /// Whether a refresh has to read the pull request itself, and not only its comments and tasks.
    pub(crate) fn must_be_read(&self) -> bool {
        self.seen_in_sweep_at.is_some() || self.unpublished_since.is_some() || self.snapshot.is_null()
    }

    /// Has it read at `at`, or before.
    pub(crate) fn reread_by(&mut self, at: Timestamp) {
        self.reread_at = Some(self.reread_at.map_or(at, |other| other.min(at)));
    }

    /// Whether it can still be merged, as far as is known.
    pub fn is_open(&self) -> bool {
        self.snapshot.get("state").and_then(Value::as_str).is_none_or(|state| state == "OPEN")
    }
}
