//! When a commit is polled next.

use jiff::Timestamp;

use super::settings::Settings;
use super::windows::{Windows, soonest};
use crate::state::{CommitState, Reason, Watch};

/// Plans the next poll of a commit: while a window is open, once more when it has closed, and the looks of the tail. After
/// that nothing is read any more: what is edited later is found when somebody comments on the commit again.
pub(super) fn plan(state: &CommitState, now: Timestamp, settings: &Settings) -> Option<Watch> {
    if state.unreachable {
        return None;
    }
    let windows = Windows { comments: &state.comments, polled_at: state.polled_at, last_activity_at: None };
    let mut due = windows.looks(now, settings);
    if let Some(due_at) = state.recheck_at {
        due.push((due_at, Reason::Recheck));
    }
    soonest(due, windows.deadline(settings))
}
