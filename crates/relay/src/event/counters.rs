//! The counters of a pull request at the time an event is stored.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Counters of a pull request. Null means unknown; nothing is invented.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(deny_unknown_fields))]
pub struct Counters {
    /// Number of reviewers.
    pub reviewers: Option<u64>,
    /// Number of participants who approve.
    pub approvals: Option<u64>,
    /// Number of participants who request changes.
    pub changes_requested: Option<u64>,
    /// Number of comments that were not deleted, including replies.
    pub comments: Option<u64>,
    /// Number of unresolved threads of inline comments.
    pub unresolved_threads: Option<u64>,
    /// Number of open tasks.
    pub tasks_open: Option<u64>,
    /// Number of resolved tasks.
    pub tasks_resolved: Option<u64>,
    /// Number of commits, and when it was counted.
    pub commits: Option<Counted>,
    /// Number of files changed, and when it was counted.
    pub files_changed: Option<Counted>,
    /// Builds of the head commit.
    pub builds: Option<Builds>,
}

/// A number, and the time when it was counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(deny_unknown_fields))]
pub struct Counted {
    /// The number.
    pub count: u64,
    /// Time of the count, by bitrelay's clock.
    pub at: Timestamp,
}

/// Builds by their newest state. A state that Bitbucket does not document is not counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(deny_unknown_fields))]
pub struct Builds {
    /// Number of builds in state `SUCCESSFUL`.
    pub successful: u64,
    /// Number of builds in state `FAILED`.
    pub failed: u64,
    /// Number of builds in state `INPROGRESS`.
    pub in_progress: u64,
    /// Number of builds in state `STOPPED`.
    pub stopped: u64,
}
