//! The calls of one run for one link: enough for a poll, postponed polls, and an even pace.

use jiff::{SignedDuration, Timestamp};

/// Builds and size of a head are read while at least this many of the run's calls are left. For *economy*: silent
/// edits come first.
const AMPLE_CALLS: u32 = 40;

/// A pull request waits this long for a run with enough calls to read all of it.
const LONG_OVERDUE: SignedDuration = SignedDuration::from_mins(20);

/// A run shorter than this spends its calls as they are needed.
const MIN_PACED_RUN: SignedDuration = SignedDuration::from_secs(20);

/// Head start added to the elapsed time when pacing, so that the first pass has calls to spend.
const HEAD_START: SignedDuration = SignedDuration::from_secs(5);

/// The calls that a run may make for a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allowance {
    /// Calls reserved for the run.
    pub granted: u32,
    /// Calls of these that are left.
    pub left: u32,
    /// The most calls that any run may make for the link.
    pub max_per_run: u32,
    /// True if the run is to save calls (see [`Reservation::is_short_of`](crate::budget::Reservation::is_short_of)).
    pub is_short: bool,
}

impl Allowance {
    /// True if a head can be read besides what the poll needs, after `made` further calls.
    pub(super) const fn is_ample_after(&self, made: u32) -> bool {
        self.left.saturating_sub(made) >= AMPLE_CALLS
    }

    /// True if a poll that takes `cost` calls is left to another run. Calls that this run does not make are there for
    /// the next; if no run will ever have enough, the newest comments are read.
    pub fn postpones(&self, cost: u32, due_at: Timestamp, now: Timestamp) -> bool {
        let may_get_more = self.granted < self.max_per_run && now.duration_since(due_at) <= LONG_OVERDUE;
        self.left < cost && (self.is_touched() || may_get_more)
    }

    /// True if a poll that began with this allowance and ran out of calls is postponed: a run that spends all its calls
    /// on it reads more. False if it had all calls already; then its part is stored.
    pub const fn postpones_partial_poll(&self) -> bool {
        self.is_touched()
    }

    const fn is_touched(&self) -> bool {
        self.left != self.granted
    }

    /// True if another poll may begin. A run with few calls spends them evenly, so that watches that become due in the
    /// middle of the run find some. `elapsed` is the time since its start, `lasts` its whole time. For *economy*.
    pub fn has_pace(&self, elapsed: SignedDuration, lasts: SignedDuration) -> bool {
        if !self.is_short || lasts < MIN_PACED_RUN {
            return true;
        }
        let made = self.granted.saturating_sub(self.left);
        let elapsed = elapsed.saturating_add(HEAD_START);
        i128::from(made) * lasts.as_nanos() <= i128::from(self.granted) * elapsed.as_nanos()
    }
}

/// The part of a subject that a poll has read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// All that is listed.
    Everything,
    /// The items that changed last, up to the most pages that are read.
    NewestPages,
    /// The items that the allowance sufficed for.
    OutOfCalls,
}

impl Extent {
    /// The extent of a poll after its listings, with `calls_left` calls.
    pub const fn new(is_complete: bool, calls_left: u32) -> Self {
        match (is_complete, calls_left) {
            (true, _) => Self::Everything,
            (false, 0) => Self::OutOfCalls,
            (false, _) => Self::NewestPages,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowance(granted: u32, left: u32) -> Allowance {
        Allowance { granted, left, max_per_run: 120, is_short: true }
    }

    fn at(minute: i64) -> Timestamp {
        Timestamp::from_second(minute * 60).unwrap()
    }

    #[test]
    fn poll_waits_for_a_run_with_enough_calls() {
        for (granted, left, cost, minutes_overdue, postponed) in [
            (13, 13, 13, 0, false),
            (13, 5, 5, 0, false),
            (13, 12, 13, 0, true),
            (13, 12, 13, 99, true),
            (13, 13, 14, 20, true),
            (13, 13, 14, 21, false),
            (120, 120, 200, 0, false),
            (120, 119, 120, 99, true),
        ] {
            let found = allowance(granted, left).postpones(cost, at(0), at(minutes_overdue));
            assert_eq!(found, postponed, "{granted} {left} {cost} {minutes_overdue}");
        }
    }

    #[test]
    fn partial_poll_is_stored_only_if_it_had_all_calls() {
        assert!(allowance(13, 12).postpones_partial_poll());
        assert!(!allowance(13, 13).postpones_partial_poll());
    }

    #[test]
    fn few_calls_are_spent_evenly() {
        let second = SignedDuration::from_secs;
        for (granted, left, elapsed, lasts, begins) in [
            (11, 11, 0, 55, true),
            (11, 10, 0, 55, true),
            (11, 9, 0, 55, false),
            (11, 9, 5, 55, true),
            (11, 0, 49, 55, false),
            (11, 0, 50, 55, true),
            (11, 0, 0, 19, true),
        ] {
            let found = allowance(granted, left).has_pace(second(elapsed), second(lasts));
            assert_eq!(found, begins, "{granted} {left} {elapsed} {lasts}");
        }
        let ample = Allowance { is_short: false, ..allowance(120, 0) };
        assert!(ample.has_pace(second(0), second(55)));
    }

    #[test]
    fn extent_follows_from_listings_and_calls() {
        assert_eq!(Extent::new(true, 0), Extent::Everything);
        assert_eq!(Extent::new(false, 3), Extent::NewestPages);
        assert_eq!(Extent::new(false, 0), Extent::OutOfCalls);
    }
}
