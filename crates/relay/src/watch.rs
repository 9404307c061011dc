//! When a pull request has to be polled again. Pure: what is known and the settings decide, nothing else.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::head::ShortHash;
use crate::settings::Settings;
use crate::state::PullRequestState;

/// The promise to poll a pull request again, and by when.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Watch {
    /// When the next poll is due, by our clock.
    pub due_at: Timestamp,
    /// Why.
    pub reason: Reason,
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
    Revisit,
    /// A window is open.
    WindowOpen,
    /// A listing showed more of it than any webhook.
    Refresh,
    /// The open pull requests of a repository are to be listed.
    Sweep,
    /// Some time after the last window has closed, because Bitbucket also loses edits that it says it reports.
    Tail,
}

impl Reason {
    /// The reason as it stands in logs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::WindowClosed => "window_closed",
            Self::Tasks => "tasks",
            Self::Revisit => "revisit",
            Self::WindowOpen => "window_open",
            Self::Refresh => "refresh",
            Self::Sweep => "sweep",
            Self::Tail => "tail",
        }
    }
}

/// A watch that is overdue for longer may hide a window that has ended since.
const OVERDUE_SECONDS: i64 = 120;

/// A look of the tail hides no window: it may wait until a busy hour has passed.
const TAIL_OVERDUE_SECONDS: i64 = 3_600;

impl Watch {
    /// The order in which watches are served when calls run short, the smallest first: windows that have ended, then open
    /// ones, because edits cluster early, then tasks, then the rest. Whatever has waited for long comes before all that is fresh:
    /// nothing is put off for ever.
    pub fn urgency(&self, now: Timestamp) -> (u8, Timestamp) {
        let patience = if self.reason == Reason::Tail { TAIL_OVERDUE_SECONDS } else { OVERDUE_SECONDS };
        let overdue = now.duration_since(self.due_at).as_secs() >= patience;
        let class = match self.reason {
            Reason::WindowClosed => 0,
            _ if overdue => 0,
            Reason::WindowOpen => 1,
            Reason::Tasks => 2,
            Reason::Revisit => 3,
            Reason::Refresh => 4,
            Reason::Sweep => 5,
            Reason::Tail => 6,
        };
        (class, self.due_at)
    }
}

/// Plans the next poll.
///
/// While a window is open the pull request is polled every `poll_interval_seconds`, once more when the window and its
/// margin have passed, and shortly after every event for the tasks that came with it. A window that no complete poll
/// has looked at after its end stays due, however late that poll comes. The looks of the tail count from the last window
/// of the pull request, or from a window after Bitbucket last moved it, so that what they cost does not depend on the number of comments; a poll for any other reason
/// serves every look that was due by then.
pub(crate) fn plan(state: &PullRequestState, now: Timestamp, settings: &Settings) -> Option<Watch> {
    if state.unreachable {
        return None;
    }
    let mut due = Vec::new();
    let unseen = |at: &Timestamp| state.polled_at.is_none_or(|polled| polled < *at);
    let closings: Vec<_> = state
        .comments
        .values()
        .filter(|comment| !comment.deleted)
        .map(|comment| settings.window_closes(comment.changed_at))
        .collect();
    let latest = closings.iter().max().copied();
    // Tasks come without a comment too: whatever moved the pull request is followed by a tail.
    let last_stir = latest.max(state.snapshot_updated_on.map(|moved| settings.window_closes(moved)));
    if let Some(due_at) = closings.iter().copied().filter(unseen).min() {
        due.push(Watch { due_at, reason: Reason::WindowClosed });
    }
    if let Some(due_at) = last_stir.and_then(|stirred| settings.tail_looks(stirred).filter(unseen).min()) {
        due.push(Watch { due_at, reason: Reason::Tail });
    }
    if latest.filter(unseen).is_some_and(|latest| latest > now) {
        let changed_at = state.comments.values().map(|comment| comment.changed_at).max().unwrap_or(now);
        let due_at = settings.next_poll(state.polled_at.unwrap_or(now), changed_at);
        due.push(Watch { due_at, reason: Reason::WindowOpen });
    }
    if let Some(due_at) = state.refresh_at {
        due.push(Watch { due_at, reason: Reason::Refresh });
    }
    if let Some(touched) = state.touched_at {
        due.push(Watch { due_at: Settings::tasks_due(touched), reason: Reason::Tasks });
    }
    if let Some(due_at) = state.revisit_at {
        due.push(Watch { due_at, reason: Reason::Revisit });
    }
    due.into_iter().min_by_key(|watch| (watch.due_at, watch.reason))
}

/// What a poll is to read of a pull request besides its comments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Needs {
    /// The pull request itself.
    pub pull_request: bool,
    /// Its tasks.
    pub tasks: bool,
    /// The builds and the size of its head, if calls are at hand.
    pub head: Option<ShortHash>,
}

impl Needs {
    /// What a poll that begins at `now` is to read. Every read is a call, so what can wait does.
    pub fn of(known: &PullRequestState, now: Timestamp, settings: &Settings) -> Self {
        let is_due = |at: Option<Timestamp>| at.is_some_and(|at| at <= now);
        let is_last_look =
            known.comments.values().all(|comment| settings.window_closes(comment.changed_at) <= now);
        let head = known.head.as_ref().filter(|head| head.size.is_none() && known.is_open());
        Self {
            pull_request: is_due(known.refresh_at),
            tasks: known.touched_at.is_some()
                || !known.tasks_read
                || is_last_look
                || settings.tasks_are_stale(known.tasks_read_at, now),
            head: head.map(|head| head.hash.clone()),
        }
    }
}
