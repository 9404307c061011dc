//! The watch of a subject: its next poll, and the reason.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The next poll of a subject. It is stored with the state, so that no crash loses it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Watch {
    /// Time when the poll is due, by our clock.
    pub due_at: Timestamp,
    /// The reason.
    pub reason: Reason,
    /// Latest time for the check after the next unchecked window. Kept apart from `due_at` so that a less urgent reason
    /// cannot hide it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deadline: Option<Timestamp>,
}

/// The reason for a poll.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// A window has ended. This check must not be dropped.
    WindowClosed,
    /// Tasks may have changed with an event.
    Tasks,
    /// The last poll left an item to its webhook, or could not decide it.
    Recheck,
    /// A window is open.
    WindowOpen,
    /// A window is open, and a poll came after the time in which most edits are made.
    WindowQuiet,
    /// A snapshot or a sweep showed an unpublished change.
    Reread,
    /// A sweep: lists the open pull requests of a repository.
    Sweep,
    /// A sweep of a repository in which nothing happened for long.
    QuietSweep,
    /// Looks up the sweep targets of a link.
    Repositories,
    /// A late check after the last window, because Bitbucket also loses edits that it should report.
    Tail,
    /// Nothing was read for long. A lost webhook may have left a change that no listing shows.
    FullRead,
    /// Bitbucket refused the last poll. This one is made again later, for whatever reason it was planned.
    Refused,
}

impl Reason {
    /// The name of the reason in logs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::WindowClosed => "window_closed",
            Self::Tasks => "tasks",
            Self::Recheck => "recheck",
            Self::WindowOpen => "window_open",
            Self::WindowQuiet => "window_quiet",
            Self::Reread => "reread",
            Self::Sweep => "sweep",
            Self::QuietSweep => "quiet_sweep",
            Self::Repositories => "repositories",
            Self::Tail => "tail",
            Self::FullRead => "full_read",
            Self::Refused => "refused",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn name_in_logs_is_the_stored_name() {
        for name in [
            "window_closed",
            "tasks",
            "recheck",
            "window_open",
            "window_quiet",
            "reread",
            "sweep",
            "quiet_sweep",
            "repositories",
            "tail",
            "full_read",
            "refused",
        ] {
            let reason: Reason = serde_json::from_value(name.into()).unwrap();
            assert_eq!(reason.as_str(), name);
        }
    }
}
