//! Event keys: Bitbucket's names of events, and ours in the same grammar for changes that it never reports.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::Error;

/// Longest accepted event key. Bitbucket's longest today has 35 characters.
const MAX_CHARS: usize = 100;

macro_rules! event_keys {
    ($( $(#[$doc:meta])* $variant:ident = $key:literal, )*) => {
        /// The name of an event, such as `pullrequest:comment_updated`.
        ///
        /// The list is Bitbucket's `hook_event` enum (its OpenAPI file, 2026-06) and our own keys. Any other key is
        /// kept in [`EventKey::Other`], so that new triggers are never lost.
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum EventKey {
            $( $(#[$doc])* #[doc = concat!("`", $key, "`")] $variant, )*
            /// A key that is not in the list.
            Other(String),
        }

        impl EventKey {
            /// Every key in the list.
            pub const KNOWN: &'static [Self] = &[ $( Self::$variant, )* ];

            /// Returns the key as Bitbucket writes it.
            pub fn as_str(&self) -> &str {
                match self {
                    $( Self::$variant => $key, )*
                    Self::Other(key) => key,
                }
            }

            fn listed(key: &str) -> Option<Self> {
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
    /// Ours, for counters that only a poll found changed:
    CountersChanged = "pullrequest:counters_changed",
    /// Ours, because Bitbucket reports no tasks:
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
    /// Ours, because Bitbucket reports only the creation of commit comments:
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
    /// Reads a key from `X-Event-Key`.
    ///
    /// # Errors
    ///
    /// [`Error::EventKeyInvalid`] if it is empty, longer than 100 characters, or has anything but ASCII letters, digits
    /// and `:_-.`. Such a key would be no useful `detail-type` for rules of EventBridge.
    pub fn parse(key: &str) -> Result<Self, Error> {
        let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, ':' | '_' | '-' | '.');
        if key.is_empty() || key.len() > MAX_CHARS || !key.chars().all(allowed) {
            return Err(Error::EventKeyInvalid);
        }
        Ok(Self::listed(key).unwrap_or_else(|| Self::Other(key.to_owned())))
    }

    /// True if the key is about a build.
    pub const fn is_commit_status(&self) -> bool {
        matches!(self, Self::CommitStatusCreated | Self::CommitStatusUpdated)
    }

    /// True if the key is Bitbucket's, or unknown; false if it is ours.
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

    /// True if the key is about a pull request.
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
    fn every_listed_key_round_trips() {
        for key in EventKey::KNOWN {
            assert_eq!(EventKey::parse(key.as_str()).unwrap(), *key);
        }
    }

    #[test]
    fn unknown_key_is_kept() {
        let key = EventKey::parse("pullrequest:superseded").unwrap();
        assert_eq!(key, EventKey::Other("pullrequest:superseded".into()));
        assert!(key.is_pull_request());
    }

    #[test]
    fn invalid_key_is_refused() {
        for bad in ["", "a b", "pullrequest:é", "x\n", &"k".repeat(101)] {
            assert!(EventKey::parse(bad).is_err(), "{bad:?}");
        }
    }
}
