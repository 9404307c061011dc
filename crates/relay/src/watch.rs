//! When a pull request has to be polled again. Pure: what is known and the settings decide, nothing else.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::head::ShortHash;
use crate::settings::Settings;
use crate::state::{Comments, PullRequestState};

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
    Revisit,
    /// A window is open.
    WindowOpen,
    /// A window is open, and its newest change was looked at when most edits had been made.
    WindowQuiet,
    /// A listing showed more of it than any webhook.
    Refresh,
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
            Self::Revisit => "revisit",
            Self::WindowOpen => "window_open",
            Self::WindowQuiet => "window_quiet",
            Self::Refresh => "refresh",
            Self::Sweep => "sweep",
            Self::Repositories => "repositories",
            Self::Tail => "tail",
        }
    }
}

/// How long a watch may wait before it goes before all that is fresh.
const OVERDUE_SECONDS: i64 = 120;

/// How long a look of the tail may wait: until a busy hour has passed.
const OVERDUE_TAIL_SECONDS: i64 = 3_600;

/// How long the check of an ended window may wait for that of the next one, while calls are short: comments come in bursts, and
/// one poll serves all windows that have ended by then.
const SLACK_SECONDS: i64 = 50;

impl Watch {
    /// Whether a poll would be better made a little later, while calls are short: it then sees more.
    pub fn may_wait(&self, now: Timestamp) -> bool {
        let since = |time: Timestamp| now.duration_since(time).as_secs();
        match self.deadline.map(since) {
            Some(late) if late >= 0 => self.reason == Reason::WindowClosed && late < SLACK_SECONDS,
            _ => {
                matches!(self.reason, Reason::WindowQuiet | Reason::WindowClosed)
                    || since(self.due_at) < OVERDUE_SECONDS
            }
        }
    }

    /// The order in which watches are served when calls run short, the smallest first: windows that have ended, the longest
    /// ago first; then what has waited for long, so that nothing is put off for ever; then open windows, because edits cluster
    /// early, then tasks, then the rest.
    pub fn urgency(&self, now: Timestamp) -> (u8, Timestamp) {
        if let Some(deadline) = self.deadline.filter(|deadline| *deadline <= now) {
            return (0, deadline);
        }
        let patience = if self.reason == Reason::Tail { OVERDUE_TAIL_SECONDS } else { OVERDUE_SECONDS };
        let overdue = now.duration_since(self.due_at).as_secs() >= patience;
        let class = match self.reason {
            _ if overdue => 1,
            Reason::WindowOpen => 2,
            Reason::Tasks => 3,
            Reason::Revisit => 4,
            Reason::Refresh => 5,
            Reason::Sweep | Reason::Repositories => 6,
            Reason::WindowQuiet | Reason::WindowClosed => 7,
            Reason::Tail => 8,
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
    let windows = Windows {
        comments: &state.comments,
        polled_at: state.polled_at,
        // Tasks come without a comment too: whatever moved the pull request is followed by a tail.
        stirred_at: state.snapshot_updated_on,
    };
    let mut due = windows.looks(now, settings);
    let refresh = state.refresh_at.map(Settings::refresh_deadline);
    let deadline = windows.deadline(settings).into_iter().chain(refresh).min();
    if let Some(due_at) = state.refresh_at {
        due.push((due_at, Reason::Refresh));
    }
    if let Some(touched) = state.touched_at {
        due.push((settings.tasks_due(touched, state.tasks_read_at), Reason::Tasks));
    }
    if let Some(due_at) = state.revisit_at {
        due.push((due_at, Reason::Revisit));
    }
    soonest(due, deadline)
}

/// The watch for what is due first.
pub(crate) fn soonest(due: Vec<(Timestamp, Reason)>, deadline: Option<Timestamp>) -> Option<Watch> {
    due.into_iter().min().map(|(due_at, reason)| Watch { due_at, reason, deadline })
}

/// The windows of the comments of one pull request or commit.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Windows<'s> {
    pub(crate) comments: &'s Comments,
    /// When the last complete poll was sent.
    pub(crate) polled_at: Option<Timestamp>,
    /// When something other than a comment last happened that a tail follows.
    pub(crate) stirred_at: Option<Timestamp>,
}

impl Windows<'_> {
    fn is_unseen(&self, at: Timestamp) -> bool {
        self.polled_at.is_none_or(|polled| polled < at)
    }

    fn closings(&self, settings: &Settings) -> impl Iterator<Item = Timestamp> {
        let standing = self.comments.values().filter(|comment| !comment.deleted);
        standing.map(|comment| settings.window_closes(comment.changed_at))
    }

    /// When the first window closes that no complete poll has looked at after its end.
    fn closing(&self, settings: &Settings) -> Option<Timestamp> {
        self.closings(settings).filter(|closing| self.is_unseen(*closing)).min()
    }

    /// Until when the next poll must be made. What the last one has not seen was written after it, and has a window of its own.
    pub(crate) fn deadline(&self, settings: &Settings) -> Option<Timestamp> {
        let closing = self.closing(settings)?;
        Some(self.polled_at.map_or(closing, |polled_at| closing.max(settings.window_closes(polled_at))))
    }

    /// The polls that the windows ask for: at the end of each, while one is open, and the next look of the tail.
    pub(crate) fn looks(&self, now: Timestamp, settings: &Settings) -> Vec<(Timestamp, Reason)> {
        let latest = self.closings(settings).max();
        let last_stir = latest.max(self.stirred_at.map(|moved| settings.window_closes(moved)));
        let mut due = Vec::new();
        if let Some(due_at) = self.closing(settings) {
            due.push((due_at, Reason::WindowClosed));
        }
        let tail =
            |stirred| settings.tail_looks(stirred).filter(|look: &Timestamp| self.is_unseen(*look)).min();
        if let Some(due_at) = last_stir.and_then(tail) {
            due.push((due_at, Reason::Tail));
        }
        if latest.is_some_and(|latest| self.is_unseen(latest) && latest > now) {
            let polled_at = self.polled_at.unwrap_or(now);
            let is_fresh = |changed_at: Timestamp| Settings::is_fresh(polled_at, changed_at);
            let any_fresh = self.comments.values().any(|comment| is_fresh(comment.changed_at));
            let reason = if any_fresh { Reason::WindowOpen } else { Reason::WindowQuiet };
            due.push((settings.next_poll(polled_at, any_fresh), reason));
        }
        due
    }
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
    /// What a poll that begins at `now` is to read. Every read is a call, so what can wait does; while calls are short
    /// (`thrifty`), more can.
    pub fn of(known: &PullRequestState, now: Timestamp, settings: &Settings, thrifty: bool) -> Self {
        let is_due = |at: Option<Timestamp>| at.is_some_and(|at| at <= now);
        let is_last_look = known.is_quiet(now, settings);
        let touched = known.touched_at.map(|touched| settings.tasks_due(touched, known.tasks_read_at));
        let read_lately = known.tasks_read_at.is_some_and(|read_at| now < Settings::tasks_put_off(read_at));
        let tasks = is_due(touched) || settings.tasks_are_stale(known.tasks_read_at, now);
        let head = known.head.as_ref().filter(|head| head.size.is_none() && known.is_open() && !thrifty);
        Self {
            pull_request: is_due(known.refresh_at) && known.must_be_read(),
            tasks: !known.tasks_read
                || is_due(known.refresh_at)
                || ((tasks || is_last_look) && !(thrifty && read_lately)),
            head: head.map(|head| head.hash.clone()),
        }
    }
}
