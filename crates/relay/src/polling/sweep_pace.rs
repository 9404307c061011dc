//! The pace of sweeps: their interval grows with the number of swept repositories, so that they fit into the budget.

use jiff::{SignedDuration, Timestamp};

use crate::schedule::Settings;
use crate::state::{Reason, SweepPace, Watch};

/// Part of the hour's calls that sweeps may take: a half. The other half is for windows and all else.
const SWEEPS_PART: u32 = 2;

/// First sweeps that are due at once, as part of an hour's sweeps. The others follow at the pace of sweeps.
const FIRST_PART: u32 = 12;

const HOUR_SECONDS: u32 = 3_600;

/// The repositories that one link sweeps.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SweepLoad {
    /// Repositories with activity.
    pub active: u32,
    /// Quiet repositories.
    pub quiet: u32,
}

impl SweepLoad {
    /// Counts the watch of a subject, if it is a sweep.
    pub fn count(&mut self, watch: &Watch) {
        match watch.reason {
            Reason::Sweep => self.active += 1,
            Reason::QuietSweep => self.quiet += 1,
            _ => {}
        }
    }

    /// The pace at which the sweeps of these repositories take at most half of the hour's calls. Active repositories
    /// get what quiet ones do not need, and the other way round, but each kind at least a quarter of the calls.
    pub fn pace(self, calls_per_hour: u32, settings: &Settings) -> SweepPace {
        let calls = sweeps_per_hour(calls_per_hour);
        let seconds_for = |count: u32| u64::from(count) * u64::from(HOUR_SECONDS);
        let wanted = |count: u32, interval: u32| number(seconds_for(count) / u64::from(interval.max(1)));
        let half = calls / 2;
        let for_active = calls - wanted(self.quiet, settings.sweep_interval(true)).min(half);
        let for_quiet =
            calls - wanted(self.active, settings.sweep_interval(false)).min(for_active.min(calls - half));
        let seconds = |count: u32, calls: u32| number(seconds_for(count).div_ceil(u64::from(calls.max(1))));
        SweepPace {
            active_seconds: seconds(self.active, for_active),
            quiet_seconds: seconds(self.quiet, for_quiet),
        }
    }
}

fn number(wide: u64) -> u32 {
    u32::try_from(wide).unwrap_or(u32::MAX)
}

/// The calls of an hour that sweeps may take.
fn sweeps_per_hour(calls_per_hour: u32) -> u32 {
    (calls_per_hour / SWEEPS_PART).max(1)
}

/// Time of the first sweep of a repository, `position` in the list of those that are registered at `now`.
pub fn first_sweep(now: Timestamp, position: u32, calls_per_hour: u32) -> Timestamp {
    let per_hour = sweeps_per_hour(calls_per_hour);
    let waiting = position.saturating_sub(per_hour / FIRST_PART);
    let seconds = i64::from(waiting) * i64::from(HOUR_SECONDS) / i64::from(per_hour);
    now.saturating_add(SignedDuration::from_secs(seconds)).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sweeps_fit_into_half_of_the_calls() {
        let settings = Settings::default();
        for (active, quiet, calls_per_hour, active_seconds, quiet_seconds) in [
            (1, 0, 900, 8, 0),
            (37, 0, 900, 296, 0),
            (10, 100, 900, 103, 1_091),
            (0, 450, 900, 0, 3_600),
            (0, 1_000, 900, 0, 8_000),
            (0, 2_000, 900, 0, 16_000),
            (10, 990, 900, 160, 10_800),
            (1_000, 0, 900, 8_000, 0),
            (1_000, 1_000, 900, 16_000, 16_000),
            (0, 1_000, 9_000, 0, 800),
            (5, 5, 1, 18_000, 18_000),
            (60, 10, 900, 491, 160),
        ] {
            let pace = SweepLoad { active, quiet }.pace(calls_per_hour, &settings);
            assert_eq!(
                (pace.active_seconds, pace.quiet_seconds),
                (active_seconds, quiet_seconds),
                "{active} active and {quiet} quiet repositories, {calls_per_hour} calls"
            );
        }
    }

    #[test]
    fn sweeps_are_counted_by_their_kind() {
        let mut load = SweepLoad::default();
        for reason in
            [Reason::Sweep, Reason::QuietSweep, Reason::QuietSweep, Reason::Tail, Reason::Repositories]
        {
            load.count(&Watch { due_at: Timestamp::UNIX_EPOCH, reason, deadline: None });
        }
        assert_eq!(load, SweepLoad { active: 1, quiet: 2 });
    }

    #[test]
    fn first_sweeps_are_spread_at_the_pace_of_sweeps() {
        let now = Timestamp::UNIX_EPOCH;
        for (position, calls_per_hour, seconds) in [
            (0, 900, 0),
            (37, 900, 0),
            (38, 900, 8),
            (1_000, 900, 7_704),
            (1_000, 1_000_000, 0),
            (9, 1, 32_400),
        ] {
            let first = first_sweep(now, position, calls_per_hour);
            assert_eq!(first.as_second(), seconds, "{position} of {calls_per_hour}");
        }
    }
}
