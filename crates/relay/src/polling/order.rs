//! The order of watches when calls run short.

use jiff::Timestamp;

use crate::state::{Reason, Watch};

/// Seconds that a watch waits before it precedes all fresh ones.
const OVERDUE_SECONDS: i64 = 120;

/// The same for the tail: until a busy hour has passed.
const OVERDUE_TAIL_SECONDS: i64 = 3_600;

/// The same for a full read: it gives way to all others for a quarter of a day.
const OVERDUE_FULL_READ_SECONDS: i64 = 21_600;

/// Seconds that the check of an ended window may wait while calls are short: comments come in bursts, and one poll
/// serves all windows that have ended by then.
const SLACK_SECONDS: i64 = 50;

impl Watch {
    /// True if a slightly later poll serves more windows. Applies while calls are short.
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

    /// The order of watches when calls run short, smallest first: missed deadlines, oldest first; then watches that
    /// have waited long, so that none starves; then open windows, because edits cluster early; then tasks, then the
    /// others.
    pub fn urgency(&self, now: Timestamp) -> (u8, Timestamp) {
        if let Some(deadline) = self.deadline.filter(|deadline| *deadline <= now) {
            return (0, deadline);
        }
        let patience = match self.reason {
            Reason::Tail | Reason::Refused => OVERDUE_TAIL_SECONDS,
            Reason::FullRead => OVERDUE_FULL_READ_SECONDS,
            _ => OVERDUE_SECONDS,
        };
        let overdue = now.duration_since(self.due_at).as_secs() >= patience;
        let class = match self.reason {
            _ if overdue => 1,
            Reason::WindowOpen => 2,
            Reason::Tasks => 3,
            Reason::Recheck => 4,
            Reason::Reread => 5,
            Reason::Sweep | Reason::Repositories => 6,
            Reason::WindowQuiet | Reason::WindowClosed => 7,
            Reason::Tail | Reason::Refused => 8,
            Reason::FullRead => 9,
        };
        (class, self.due_at)
    }
}
