//! The state of a comment, on a pull request or on a commit.

use std::collections::{BTreeMap, VecDeque};

use bitbucket::CommentId;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::revision::{Resolved, Revision};

/// How many revisions of one comment are remembered, to recognise a late report of an older one.
const MAX_REVISIONS: usize = 16;

/// Every comment seen, deleted ones too.
pub type Comments = BTreeMap<CommentId, CommentState>;

/// The comments of a pull request or of a commit.
#[derive(Debug)]
pub(crate) struct Discussion<'s> {
    /// When the pull request or commit was first heard of.
    pub(crate) first_seen_at: Timestamp,
    pub(crate) comments: &'s mut Comments,
}

/// What is known of a comment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CommentState {
    /// The version of the subject's state in which this last changed. An observation made on top of that version or a
    /// later one is surely newer, whatever the clocks say.
    pub version: u64,
    /// The revisions seen, oldest first; the last one stands.
    pub revisions: VecDeque<Revision>,
    /// What a window is measured from: creation or last change, by Bitbucket's clock where it moves, else ours.
    pub changed_at: Timestamp,
    /// When the standing resolution was made; the outer `None` is an open thread.
    pub resolution: Option<Resolved>,
    /// The last resolution that was lifted.
    pub lifted: Option<Resolved>,
    /// When that was learned, by our clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lifted_at: Option<Timestamp>,
    /// Whether it was deleted. That is final.
    pub deleted: bool,
    /// Whether its creation is news that no webhook has told yet, though another one told of the comment.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub creation_unpublished: bool,
    /// Whether it begins a thread that can be resolved: an inline comment that is no reply.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub thread: bool,
}

impl CommentState {
    /// The revision that stands.
    pub fn standing(&self) -> Option<&Revision> {
        self.revisions.back()
    }

    /// Notes that the standing text was seen with a later time, so that a late report of what was between does not
    /// replace it. Says whether it was later.
    pub(crate) fn stands_at(&mut self, updated_on: Option<Timestamp>) -> bool {
        let Some(standing) = self.standing().filter(|standing| updated_on > standing.updated_on) else {
            return false;
        };
        let again = Revision { hash: standing.hash.clone(), updated_on, ordinal: 0 };
        self.push(again);
        self.changed_at = self.changed_at.max(updated_on.unwrap_or(self.changed_at));
        true
    }

    pub(crate) fn push(&mut self, revision: Revision) {
        self.revisions.push_back(revision);
        while self.revisions.len() > MAX_REVISIONS {
            self.revisions.pop_front();
        }
    }
}
