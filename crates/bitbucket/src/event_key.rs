//! Event keys: Bitbucket's names for what happened, and ours in the same grammar for what it never reports.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::Error;

/// The longest event key that is taken for one. Bitbucket's longest today has 35 characters.
const MAX_CHARS: usize = 100;

macro_rules! event_keys {
    ($( $(#[$doc:meta])* $variant:ident = $key:literal, )*) => {
        /// The name of an event, such as `pullrequest:comment_updated`.
        ///
        /// The list is Bitbucket's `hook_event` enum (its OpenAPI file, 2026-06) and the keys of our own. A key that is
        /// not on it is kept as it is in [`EventKey::Other`]: a new trigger must never be lost.
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum EventKey {
            $( $(#[$doc])* #[doc = concat!("`", $key, "`")] $variant, )*
            /// A key that this version does not know.
            Other(String),
        }

        impl EventKey {
            /// Every key that this version knows.
            pub const KNOWN: &'static [Self] = &[ $( Self::$variant, )* ];

            /// The key as Bitbucket writes it.
            pub fn as_str(&self) -> &str {
                match self {
                    $( Self::$variant => $key, )*
                    Self::Other(key) => key,
                }
            }

            fn known(key: &str) -> Option<Self> {
                match key {
                    $( $key => Some(Self::$variant), )*
                    _ => None,
                }
            }
        }
    };
}

event_keys! {
    PullRequestCreated = "pullrequest:created",
    PullRequestUpdated = "pullrequest:updated",
    PullRequestPush = "pullrequest:push",
    PullRequestApproved = "pullrequest:approved",
    PullRequestUnapproved = "pullrequest:unapproved",
    ChangesRequestCreated = "pullrequest:changes_request_created",
    ChangesRequestRemoved = "pullrequest:changes_request_removed",
    /// Merged:
    PullRequestFulfilled = "pullrequest:fulfilled",
    /// Declined:
    PullRequestRejected = "pullrequest:rejected",
    CommentCreated = "pullrequest:comment_created",
    CommentUpdated = "pullrequest:comment_updated",
    CommentDeleted = "pullrequest:comment_deleted",
    CommentResolved = "pullrequest:comment_resolved",
    CommentReopened = "pullrequest:comment_reopened",
    /// Ours, for counters that a poll alone moved:
    CountersChanged = "pullrequest:counters_changed",
    /// Ours, since Bitbucket reports no task at all:
    TaskCreated = "pullrequest:task_created",
    /// Ours:
    TaskUpdated = "pullrequest:task_updated",
    /// Ours:
    TaskResolved = "pullrequest:task_resolved",
    /// Ours:
    TaskReopened = "pullrequest:task_reopened",
    /// Ours:
    TaskDeleted = "pullrequest:task_deleted",
    RepositoryPush = "repo:push",
    RepositoryFork = "repo:fork",
    RepositoryUpdated = "repo:updated",
    RepositoryCreated = "repo:created",
    RepositoryDeleted = "repo:deleted",
    RepositoryImported = "repo:imported",
    RepositoryTransfer = "repo:transfer",
    CommitCommentCreated = "repo:commit_comment_created",
    /// Ours, since Bitbucket reports of a commit's comments nothing but their creation:
    CommitCommentUpdated = "repo:commit_comment_updated",
    /// Ours:
    CommitCommentDeleted = "repo:commit_comment_deleted",
    CommitStatusCreated = "repo:commit_status_created",
    CommitStatusUpdated = "repo:commit_status_updated",
    IssueCreated = "issue:created",
    IssueUpdated = "issue:updated",
    IssueCommentCreated = "issue:comment_created",
    ProjectUpdated = "project:updated",
    PipelineSpanCreated = "pipeline:span_created",
}

impl EventKey {
    /// Reads a key as it stands in `X-Event-Key`.
    ///
    /// # Errors
    ///
    /// [`Error::EventKeyInvalid`] where it is empty, longer than 100 characters, or has anything but ASCII letters,
    /// digits and `:_-.`; such a thing could not be an EventBridge `detail-type` that a rule is written for.
    pub fn parse(key: &str) -> Result<Self, Error> {
        let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, ':' | '_' | '-' | '.');
        if key.is_empty() || key.len() > MAX_CHARS || !key.chars().all(allowed) {
            return Err(Error::EventKeyInvalid);
        }
        Ok(Self::known(key).unwrap_or_else(|| Self::Other(key.to_owned())))
    }

    /// Whether the key is about a build.
    pub const fn is_commit_status(&self) -> bool {
        matches!(self, Self::CommitStatusCreated | Self::CommitStatusUpdated)
    }

    /// Whether Bitbucket reports it; the rest of the known keys are ours.
    pub const fn is_reported(&self) -> bool {
        !matches!(
            self,
            Self::CountersChanged
                | Self::TaskCreated
                | Self::TaskUpdated
                | Self::TaskResolved
                | Self::TaskReopened
                | Self::TaskDeleted
                | Self::CommitCommentUpdated
                | Self::CommitCommentDeleted
        )
    }

    /// Whether the key is about a pull request.
    pub fn is_pull_request(&self) -> bool {
        self.as_str().starts_with("pullrequest:")
    }
}

impl fmt::Display for EventKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for EventKey {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for EventKey {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let key = String::deserialize(deserializer)?;
        Self::parse(&key).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_known_key_reads_back_as_itself() {
        for key in EventKey::KNOWN {
            assert_eq!(EventKey::parse(key.as_str()).unwrap(), *key);
        }
    }

    #[test]
    fn a_key_never_seen_before_is_kept_as_it_is() {
        let key = EventKey::parse("pullrequest:superseded").unwrap();
        assert_eq!(key, EventKey::Other("pullrequest:superseded".into()));
        assert!(key.is_pull_request());
    }

    #[test]
    fn what_is_no_key_is_refused() {
        for bad in ["", "a b", "pullrequest:é", "x\n", &"k".repeat(101)] {
            assert!(EventKey::parse(bad).is_err(), "{bad:?}");
        }
    }
}
