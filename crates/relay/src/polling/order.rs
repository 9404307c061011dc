//! The order of watches when calls run short.

use jiff::Timestamp;

use crate::state::{Reason, Watch};

/// Seconds that a watch waits before it precedes all fresh ones.
const OVERDUE_SECONDS: i64 = 120;

/// The same for the tail and for quiet repositories: until a busy hour has passed.
const OVERDUE_TAIL_SECONDS: i64 = 3_600;

/// The same for a full read: it gives way to all others for a quarter of a day.
const OVERDUE_FULL_READ_SECONDS: i64 = 21_600;

/// Second of each minute from which overdue patient watches precede the other overdue ones. So neither kind starves the
/// other. Two thirds of the minute are theirs: only sweeps find what lost webhooks left out.
const PATIENT_TURN_SECOND: i64 = 20;

/// Seconds that the check of an ended window may wait while calls are short: comments come in bursts, and one poll
/// serves all windows that have ended by then.
const SLACK_SECONDS: i64 = 50;

impl Watch {
    /// True if the watch gives way: no window depends on it. There can be thousands, one for each repository and each
    /// open pull request, so they are read apart from the others and never hide them.
    pub fn is_patient(&self) -> bool {
        let is_prompt = matches!(
            self.reason,
            Reason::WindowClosed
                | Reason::WindowOpen
                | Reason::WindowQuiet
                | Reason::Tasks
                | Reason::Recheck
                | Reason::Reread
        );
        self.deadline.is_none() && !is_prompt
    }

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
    /// have waited long, so that none starves (patient ones first in a part of each minute, last in the other); then
    /// open windows, because edits cluster early; then tasks, then the others.
    pub fn urgency(&self, now: Timestamp) -> (u8, Timestamp) {
        if let Some(deadline) = self.deadline.filter(|deadline| *deadline <= now) {
            return (0, deadline);
        }
        let patience = match self.reason {
            Reason::QuietSweep | Reason::Tail | Reason::Refused => OVERDUE_TAIL_SECONDS,
            Reason::FullRead => OVERDUE_FULL_READ_SECONDS,
            _ => OVERDUE_SECONDS,
        };
        let overdue = now.duration_since(self.due_at).as_secs() >= patience;
        let is_turn_of_patient = now.as_second().rem_euclid(60) >= PATIENT_TURN_SECOND;
        let class = match self.reason {
            _ if overdue && self.is_patient() => {
                if is_turn_of_patient {
                    1
                } else {
                    3
                }
            }
            _ if overdue => 2,
            Reason::WindowOpen => 4,
            Reason::Tasks => 5,
            Reason::Recheck => 6,
            Reason::Reread => 7,
            Reason::Sweep | Reason::Repositories => 8,
            Reason::WindowQuiet | Reason::WindowClosed => 9,
            Reason::QuietSweep | Reason::Tail | Reason::Refused => 10,
            Reason::FullRead => 11,
        };
        (class, self.due_at)
    }
}
