//! The overdue sweeps of a link, in a sentence.

use jiff::Timestamp;
use relay::Reason;
use store::DueWatch;

use crate::output::{distance, time};

/// Age of a due watch, in seconds, from which it counts as overdue here. The poller runs each minute.
pub(crate) const OVERDUE_SECONDS: i64 = 300;

/// The sweeps of a link.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Sweeps {
    /// Number of repositories that are swept.
    pub(crate) count: u64,
    /// Number of overdue sweeps.
    pub(crate) overdue: u64,
    /// Time of the earliest sweep.
    pub(crate) first_due: Option<Timestamp>,
}

impl Sweeps {
    /// Counts a watch, if it is a sweep.
    pub(crate) fn count(&mut self, due: &DueWatch, now: Timestamp) {
        let due_at = due.watch.due_at;
        if matches!(due.watch.reason, Reason::Sweep | Reason::QuietSweep) {
            self.count += 1;
            self.overdue += u64::from(is_overdue(due_at, now));
            self.first_due = Some(self.first_due.map_or(due_at, |first| first.min(due_at)));
        }
    }

    /// Describes the overdue sweeps; `None` if there are none.
    pub(crate) fn backlog(&self, now: Timestamp) -> Option<String> {
        let oldest = self.first_due.filter(|_| self.overdue > 0)?;
        let (overdue, count) = (self.overdue, self.count);
        Some(format!(
            "{overdue} of {count} sweeps are overdue, the oldest since {} ({})",
            time(oldest),
            distance(oldest, now)
        ))
    }
}

/// True if a watch has been due for long.
pub(crate) fn is_overdue(due_at: Timestamp, now: Timestamp) -> bool {
    now.duration_since(due_at).as_secs() > OVERDUE_SECONDS
}

#[cfg(test)]
mod tests {
    use relay::Watch;

    use super::*;

    #[test]
    fn backlog_counts_overdue_sweeps_and_shows_the_oldest() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let mut sweeps = Sweeps::default();
        for (reason, second) in [
            (Reason::QuietSweep, 900),
            (Reason::Sweep, 100),
            (Reason::QuietSweep, 699),
            (Reason::Sweep, 700),
            (Reason::Tail, 1),
        ] {
            let watch = Watch { due_at: at(second), reason, deadline: None };
            let subject = "repository/r".parse().unwrap();
            sweeps.count(&DueWatch { link: "acme".parse().unwrap(), subject, watch }, at(1_000));
        }
        let sentence = "2 of 4 sweeps are overdue, the oldest since 1970-01-01 00:01:40Z (15m ago)";
        assert_eq!(sweeps.backlog(at(1_000)).as_deref(), Some(sentence));
        assert_eq!(Sweeps::default().backlog(at(1_000)), None);
    }
}
