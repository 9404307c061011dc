//! The counters of a pull request, as they are known when an event is stored.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// How much of everything a pull request has. `None` (null in JSON) is not known; nothing is invented.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(deny_unknown_fields))]
pub struct Counters {
    /// Reviewers.
    pub reviewers: Option<u64>,
    /// Participants who approve.
    pub approvals: Option<u64>,
    /// Participants who request changes.
    pub changes_requested: Option<u64>,
    /// Comments that stand, replies included.
    pub comments: Option<u64>,
    /// Inline comments that begin a thread which is not resolved.
    pub unresolved_threads: Option<u64>,
    /// Tasks that are open.
    pub tasks_open: Option<u64>,
    /// Tasks that are resolved.
    pub tasks_resolved: Option<u64>,
    /// Commits of the head, and when there were so many.
    pub commits: Option<Counted>,
    /// Files that it changes, and when it were so many.
    pub files_changed: Option<Counted>,
    /// Builds of the head.
    pub builds: Option<Builds>,
}

/// A number that is read now and then.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(deny_unknown_fields))]
pub struct Counted {
    /// How many.
    pub count: u64,
    /// When that was true, by our clock.
    pub at: Timestamp,
}

/// Builds by state, each build's newest. A state that Bitbucket does not document is not counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(deny_unknown_fields))]
pub struct Builds {
    /// `SUCCESSFUL`.
    pub successful: u64,
    /// `FAILED`.
    pub failed: u64,
    /// `INPROGRESS`.
    pub in_progress: u64,
    /// `STOPPED`.
    pub stopped: u64,
}
