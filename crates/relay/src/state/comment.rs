//! The state of a comment, on a pull request or on a commit.

use std::collections::{BTreeMap, VecDeque};

use bitbucket::CommentId;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::doubt::{Doubt, is_expected};
use super::let_go::LetGo;
use super::revision::{Resolved, Revision, is_zero};

/// Number of revisions kept of each comment, to recognise a late report of an older one.
const MAX_REVISIONS: usize = 16;

/// Every comment seen, including deleted ones, except those that the state has let go of.
pub type Comments = BTreeMap<CommentId, CommentState>;

/// The comments of a pull request or of a commit.
#[derive(Debug)]
pub(crate) struct Discussion<'s> {
    /// Time when the pull request or commit was first seen.
    pub(crate) first_seen_at: Timestamp,
    /// Time when the last poll began.
    pub(crate) polled_at: Option<Timestamp>,
    /// The comments that the state has let go of.
    pub(crate) let_go: Option<LetGo>,
    pub(crate) comments: &'s mut Comments,
}

/// The state of a comment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CommentState {
    /// The version of the subject's state in which this last changed. An observation based on that version or a later
    /// one was made later, whatever the clocks say; Bitbucket's answer may still be older.
    pub version: u64,
    /// The revisions seen, oldest first; the last one is the current text.
    pub revisions: VecDeque<Revision>,
    /// Start of the window: creation or last change, by Bitbucket's clock if it moved, else by ours.
    pub changed_at: Timestamp,
    /// The standing resolution; `None` for an open thread.
    pub resolution: Option<Resolved>,
    /// The last resolution that was reopened.
    pub lifted: Option<Resolved>,
    /// True if the comment was deleted.
    pub deleted: bool,
    /// Number of times it was taken for deleted and turned out to exist.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub revived: u32,
    /// The comment is known from another event, but its creation has not been published.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub creation_unpublished: bool,
    /// Findings of the last poll that another poll has to confirm.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub doubts: Vec<Doubt>,
    /// True if it begins a thread that can be resolved: an inline comment that is no reply.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub thread: bool,
}

impl CommentState {
    /// True if a complete listing has to show it.
    pub(crate) fn is_expected(&self) -> bool {
        is_expected(self.deleted, &self.doubts)
    }

    /// The current revision.
    pub fn standing(&self) -> Option<&Revision> {
        self.revisions.back()
    }

    /// Time of the last change of its text or its resolution, by our clock if that is later.
    pub(crate) fn last_change(&self) -> Timestamp {
        self.changed_at.max(self.last_shown_change())
    }

    /// The latest time of its text or its resolution that Bitbucket showed.
    pub(crate) fn last_shown_change(&self) -> Timestamp {
        let resolved_at = |resolved: Option<Resolved>| resolved.and_then(|resolved| resolved.at);
        let written_at = self.standing().and_then(|standing| standing.updated_on);
        let shown = written_at.max(resolved_at(self.resolution)).max(resolved_at(self.lifted));
        shown.unwrap_or(self.changed_at)
    }

    /// Records that the current text was seen with a later time, so that a late report of an older text does not
    /// replace it. Returns true if the time was later.
    pub(crate) fn stands_at(&mut self, updated_on: Option<Timestamp>) -> bool {
        let Some(standing) = self.standing().filter(|standing| updated_on > standing.updated_on) else {
            return false;
        };
        let again = Revision { hash: standing.hash.clone(), updated_on, ordinal: 0, found: false };
        self.push(again);
        self.changed_at = self.changed_at.max(updated_on.unwrap_or(self.changed_at));
        true
    }

    /// Finds the polled revision of an edit that a late report dates to `updated_on`: it has the standing text and the
    /// time of a later action.
    pub(crate) fn found_edit(&self, updated_on: Option<Timestamp>) -> Option<&Revision> {
        let standing = &self.standing()?.hash;
        let before = self.revisions.iter().rfind(|old| old.hash != *standing);
        if before.is_some_and(|before| updated_on <= before.updated_on) {
            return None;
        }
        let standing = self.revisions.iter().rev().take_while(|old| old.hash == *standing);
        standing.filter(|old| old.found && old.updated_on > updated_on).last()
    }

    pub(crate) fn push(&mut self, revision: Revision) {
        self.revisions.push_back(revision);
        self.keep_revisions(MAX_REVISIONS);
    }

    /// Keeps the newest `count` revisions.
    pub(crate) fn keep_revisions(&mut self, count: usize) {
        while self.revisions.len() > count {
            self.revisions.pop_front();
        }
    }
}

#[cfg(test)]
mod tests;
