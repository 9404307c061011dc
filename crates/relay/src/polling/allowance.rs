//! The calls of one run for one link: enough for a poll, postponed polls, and an even pace.

use jiff::{SignedDuration, Timestamp};

/// Builds and size of a head are read while at least this many of the run's calls are left. For *economy*: silent
/// edits come first.
const AMPLE_CALLS: u32 = 40;

/// A pull request waits this long for a run with enough calls to read all of it.
const LONG_OVERDUE: SignedDuration = SignedDuration::from_mins(20);

/// A run shorter than this spends its calls without pacing.
const MIN_PACED_RUN: SignedDuration = SignedDuration::from_secs(20);

/// Head start added to the elapsed time when pacing, so that the first pass has calls to spend.
const HEAD_START: SignedDuration = SignedDuration::from_secs(5);

/// The calls that a run may make for a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allowance {
    /// Calls reserved for the run.
    pub granted: u32,
    /// Number of granted calls that are left.
    pub left: u32,
    /// The most calls that any run may make for the link.
    pub max_per_run: u32,
    /// True if the run is to save calls (see [`Reservation::is_short_of`](crate::budget::Reservation::is_short_of)).
    pub is_short: bool,
}

impl Allowance {
    /// True if the calls still suffice for a head after the poll has made `made` more.
    pub(super) const fn is_ample_after(&self, made: u32) -> bool {
        self.left.saturating_sub(made) >= AMPLE_CALLS
    }

    /// True if a poll that takes `cost` calls is left to another run, which can use the calls that this run saves.
    /// False if no run would get more; then the poll reads the newest comments only.
    pub fn postpones(&self, cost: u32, due_at: Timestamp, now: Timestamp) -> bool {
        let may_get_more = self.granted < self.max_per_run && now.duration_since(due_at) <= LONG_OVERDUE;
        self.left < cost && (self.is_touched() || may_get_more)
    }

    /// True if a poll that began with this allowance and ran out of calls is postponed, because a whole run's calls
    /// read more. False if it already had a whole run's calls; then the part that it read is stored.
    pub const fn postpones_partial_poll(&self) -> bool {
        self.is_touched()
    }

    /// True if some of the granted calls were made.
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
    /// Returns the extent of a poll that has read its listings and has `calls_left` calls left.
    pub const fn new(is_complete: bool, calls_left: u32) -> Self {
        match (is_complete, calls_left) {
            (true, _) => Self::Everything,
            (false, 0) => Self::OutOfCalls,
            (false, _) => Self::NewestPages,
        }
    }
}
