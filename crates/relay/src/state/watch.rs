//! When a pull request has to be polled again. Pure: what is known and the settings decide, nothing else.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The promise to poll a pull request again, and by when.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Watch {
    /// When the next poll is due, by our clock.
    pub due_at: Timestamp,
    /// Why.
    pub reason: Reason,
    /// When the next window closes that no complete poll has looked at after its end: a watch that is due for another reason and
    /// has to wait does not hide it. Of a sweep: when it is late.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deadline: Option<Timestamp>,
}

/// Why a poll is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// A window has ended: the check that must not be dropped.
    WindowClosed,
    /// An event may have brought tasks with it.
    Tasks,
    /// The last poll left something for its webhook, or could not decide it.
    Recheck,
    /// A window is open.
    WindowOpen,
    /// A window is open, and its newest change was looked at when most edits had been made.
    WindowQuiet,
    /// A listing showed more of it than any webhook.
    Reread,
    /// The open pull requests of a repository are to be listed.
    Sweep,
    /// What a link names to be swept is to be looked up.
    Repositories,
    /// Some time after the last window has closed, because Bitbucket also loses edits that it says it reports.
    Tail,
}

impl Reason {
    /// The reason as it stands in logs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::WindowClosed => "window_closed",
            Self::Tasks => "tasks",
            Self::Recheck => "recheck",
            Self::WindowOpen => "window_open",
            Self::WindowQuiet => "window_quiet",
            Self::Reread => "reread",
            Self::Sweep => "sweep",
            Self::Repositories => "repositories",
            Self::Tail => "tail",
        }
    }
}
