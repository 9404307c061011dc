//! The reads that a poll of a pull request needs.

use jiff::Timestamp;

use crate::schedule::{self, Settings};
use crate::state::{PullRequestState, ShortHash};

/// The parts of a pull request that a poll reads besides its comments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Needs {
    /// Time when the poll begins, by our clock.
    pub started_at: Timestamp,
    /// True if it reads the pull request itself.
    pub pull_request: bool,
    /// True if it reads the tasks.
    pub tasks: bool,
    /// The head whose builds and size it reads, if calls are available.
    pub head: Option<ShortHash>,
}

impl Needs {
    /// Decides for a poll that begins at `now`. Every read is a call, so reads that can wait do; more of them can
    /// while calls are short (`thrifty`).
    pub fn new(pr: &PullRequestState, now: Timestamp, settings: &Settings, thrifty: bool) -> Self {
        let is_due = |at: Option<Timestamp>| at.is_some_and(|at| at <= now);
        let is_last_look = schedule::all_windows_closed(&pr.comments, now, settings);
        let tasks_due = pr.tasks_dirty_since.map(|since| settings.tasks_due(since, pr.tasks_read_at));
        let read_lately = pr.tasks_read_at.is_some_and(|read_at| now < Settings::tasks_put_off(read_at));
        let tasks = is_due(tasks_due) || settings.tasks_are_stale(pr.tasks_read_at, now);
        let head = pr.head.as_ref().filter(|head| head.size.is_none() && pr.is_open() && !thrifty);
        Self {
            started_at: now,
            pull_request: pr.is_unsigned
                || ((is_due(pr.reread_at) || pr.snapshot.is_null()) && pr.must_be_read()),
            tasks: !pr.tasks_read
                || is_due(pr.reread_at)
                || ((tasks || is_last_look) && !(thrifty && read_lately)),
            head: head.map(|head| head.hash.clone()),
        }
    }
}
