//! Planning of the next poll of a commit.

use jiff::Timestamp;

use super::settings::Settings;
use super::windows::{Windows, soonest};
use crate::state::{CommitState, Reason, Watch};

/// Plans the next poll of a commit: while a window is open, after its end, and for the tail. After that the commit is
/// not polled: later edits are found when somebody comments on it again.
pub(super) fn plan(state: &CommitState, now: Timestamp, settings: &Settings) -> Option<Watch> {
    let windows = Windows { comments: &state.comments, polled_at: state.polled_at, last_activity_at: None };
    let mut due = windows.due_polls(now, settings);
    if let Some(due_at) = state.recheck_at {
        due.push((due_at, Reason::Recheck));
    }
    soonest(due, windows.deadline(settings))
}
