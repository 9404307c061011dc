//! Planning of the next poll of a pull request.

use jiff::Timestamp;

use super::settings::Settings;
use super::windows::{Windows, soonest};
use crate::state::{PullRequestState, Reason, Watch};

/// Plans the next poll.
///
/// While a window is open, the pull request is polled every `poll_interval_seconds`. It is polled once more when the
/// window and its margin have passed, and shortly after every event for its tasks. A window without a complete poll
/// after its end stays due, however late that poll comes. The tail counts from the last window, or from a window after
/// the last change of the pull request, so that its cost does not depend on the number of comments. A poll for any
/// other reason serves every check of the tail that was due by then. An open pull request is read again
/// `full_read_seconds` after its last read.
pub(super) fn plan(state: &PullRequestState, now: Timestamp, settings: &Settings) -> Option<Watch> {
    let windows = Windows {
        comments: &state.comments,
        polled_at: state.polled_at,
        // Tasks come without a comment too, so a tail follows every change of the pull request.
        last_activity_at: state.snapshot_updated_on,
    };
    let mut due = windows.due_polls(now, settings);
    let refresh = state.reread_at.map(Settings::refresh_deadline);
    let deadline = windows.deadline(settings).into_iter().chain(refresh).min();
    if let Some(due_at) = state.reread_at {
        due.push((due_at, Reason::Reread));
    }
    if let Some(touched) = state.tasks_dirty_since {
        due.push((settings.tasks_due(touched, state.tasks_read_at), Reason::Tasks));
    }
    if let Some(due_at) = state.recheck_at {
        due.push((due_at, Reason::Recheck));
    }
    let last_read = state.polled_at.zip(state.tasks_read_at).map(|(comments, tasks)| comments.min(tasks));
    if let Some(due_at) = last_read.filter(|_| state.is_open()).and_then(|at| settings.full_read_due(at)) {
        due.push((due_at, Reason::FullRead));
    }
    soonest(due, deadline)
}
