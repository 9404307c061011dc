//! The order of watches when calls run short.

use jiff::Timestamp;

use crate::state::{Reason, Watch};

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
            Reason::Recheck => 4,
            Reason::Reread => 5,
            Reason::Sweep | Reason::Repositories => 6,
            Reason::WindowQuiet | Reason::WindowClosed => 7,
            Reason::Tail => 8,
        };
        (class, self.due_at)
    }
}
