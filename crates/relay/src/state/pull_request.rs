//! The state of a pull request.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::comment::Comments;
use super::head::Head;
use super::let_go::LetGo;
use super::published::{PublishedFacts, has_ended};
use super::task::Tasks;
use crate::event::Counters;

/// The state of a pull request.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[allow(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub struct PullRequestState {
    /// Time when it was first seen, by Bitbucket's clock if the payload has it, else by ours.
    pub first_seen_at: Timestamp,
    /// The newest `pullrequest` object that Bitbucket sent.
    pub snapshot: Value,
    /// The newest `repository` object that Bitbucket sent.
    pub repository: Value,
    /// True if one of these objects comes from a delivery without a signature.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_unsigned: bool,
    /// The `updated_on` of the snapshot.
    pub snapshot_updated_on: Option<Timestamp>,
    /// Every comment seen, including deleted ones, except those that the state has let go of.
    pub comments: Comments,
    /// Every task seen, including deleted ones, except those that the state has let go of.
    pub tasks: Tasks,
    /// The comments and tasks that the state has let go of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub let_go: Option<LetGo>,
    /// True if the tasks were read completely once. Before that, no event is published for an old task.
    pub tasks_read: bool,
    /// Time when the last complete poll of the tasks began, by our clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tasks_read_at: Option<Timestamp>,
    /// Time when the last complete poll began, by our clock.
    pub polled_at: Option<Timestamp>,
    /// True if the last poll did not read all comments.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub has_unread_comments: bool,
    /// True if the last poll of the tasks did not read all of them.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub has_unread_tasks: bool,
    /// Time of the first event since the tasks were read: tasks may have changed with it.
    pub tasks_dirty_since: Option<Timestamp>,
    /// Time to poll again, for an item that the last poll left to its webhook or could not decide.
    pub recheck_at: Option<Timestamp>,
    /// Time to read the pull request itself, because a snapshot or a sweep showed an unpublished change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reread_at: Option<Timestamp>,
    /// The `updated_on` in the sweep that showed an unpublished change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seen_in_sweep_at: Option<Timestamp>,
    /// Time since which Bitbucket shows an unpublished fact, by our clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unpublished_since: Option<Timestamp>,
    /// The published facts. Anything that the snapshot shows beyond these still has to be.
    pub published: PublishedFacts,
    /// The head of its source branch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub head: Option<Head>,
    /// The counters that were published last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counters: Option<Counters>,
}

impl PullRequestState {
    /// A pull request that has just been seen for the first time.
    pub(crate) fn first_seen(at: Timestamp, published: PublishedFacts) -> Self {
        Self {
            first_seen_at: at,
            snapshot: Value::Null,
            repository: Value::Null,
            is_unsigned: false,
            snapshot_updated_on: None,
            comments: BTreeMap::new(),
            tasks: BTreeMap::new(),
            let_go: None,
            tasks_read: false,
            tasks_read_at: None,
            polled_at: None,
            has_unread_comments: false,
            has_unread_tasks: false,
            tasks_dirty_since: None,
            recheck_at: None,
            reread_at: None,
            seen_in_sweep_at: None,
            unpublished_since: None,
            published,
            head: None,
            counters: None,
        }
    }

    /// True if the next reread has to read the pull request itself, and not only its comments and tasks.
    pub(crate) fn must_be_read(&self) -> bool {
        self.seen_in_sweep_at.is_some() || self.unpublished_since.is_some() || self.snapshot.is_null()
    }

    /// Plans a reread at `at`, or before.
    pub(crate) fn reread_by(&mut self, at: Timestamp) {
        self.reread_at = Some(self.reread_at.map_or(at, |other| other.min(at)));
    }

    /// True if it can still be merged, by the newest snapshot.
    pub fn is_open(&self) -> bool {
        !has_ended(&self.snapshot)
    }
}
