//! The simulator's time: the machine's clock plus the time added, or a clock that only moves when a test advances it.

use jiff::{SignedDuration, Timestamp};
use std::sync::{Mutex, PoisonError};

/// Source of the time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ClockStart {
    /// The machine's clock; advancing adds to it. For demonstrations.
    #[default]
    Real,
    /// Stands still at this time until it is advanced. For tests, which then need no sleeping.
    Manual(Timestamp),
    /// Starts at this time and follows tokio's clock. For simulations in tokio's paused time.
    Tokio(Timestamp),
}

/// The time by which windows, `created_on` and `updated_on` are computed. Time-outs, resends and injected
/// delays are not: they concern sockets and always run in real time.
#[derive(Debug)]
pub struct Clock(Mutex<Mode>);

#[derive(Debug)]
enum Mode {
    Real { added: SignedDuration },
    Manual { now: Timestamp },
    Tokio { start: Timestamp, since: tokio::time::Instant },
}

impl Clock {
    /// A clock with this start.
    pub fn new(start: ClockStart) -> Self {
        let mode = match start {
            ClockStart::Real => Mode::Real { added: SignedDuration::ZERO },
            ClockStart::Manual(now) => Mode::Manual { now },
            ClockStart::Tokio(start) => Mode::Tokio { start, since: tokio::time::Instant::now() },
        };
        Self(Mutex::new(mode))
    }

    /// The time now, cut to microseconds as Bitbucket writes it.
    pub fn now(&self) -> Timestamp {
        let mode = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let now = match &*mode {
            Mode::Real { added } => later(Timestamp::now(), *added),
            Mode::Manual { now } => *now,
            Mode::Tokio { start, since } => {
                later(*start, SignedDuration::try_from(since.elapsed()).unwrap_or(SignedDuration::MAX))
            }
        };
        Timestamp::from_microsecond(now.as_microsecond()).unwrap_or(now)
    }

    /// Moves the time forward and returns the new time. Time never goes back.
    pub fn advance(&self, by: std::time::Duration) -> Timestamp {
        let by = SignedDuration::try_from(by).unwrap_or(SignedDuration::MAX);
        {
            let mut mode = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            match &mut *mode {
                Mode::Real { added } => *added = added.saturating_add(by),
                Mode::Manual { now } => *now = later(*now, by),
                Mode::Tokio { start, .. } => *start = later(*start, by),
            }
        }
        self.now()
    }
}

/// `at + by`, staying at `at` if that is beyond what a timestamp can hold.
pub(crate) fn later(at: Timestamp, by: SignedDuration) -> Timestamp {
    at.checked_add(by).unwrap_or(at)
}

/// A time as Bitbucket writes it: `2026-11-24T05:12:00.000000+00:00`.
pub(crate) fn written(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S%.6f+00:00").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_manual_clock_moves_only_when_advanced() {
        let start: Timestamp = "2026-01-02T03:04:05Z".parse().unwrap();
        let clock = Clock::new(ClockStart::Manual(start));
        assert_eq!(clock.now(), start);
        clock.advance(Duration::from_mins(10));
        assert_eq!(written(clock.now()), "2026-01-02T03:14:05.000000+00:00");
    }

    #[test]
    fn real_clock_keeps_added_time() {
        let clock = Clock::new(ClockStart::Real);
        clock.advance(Duration::from_hours(1));
        let ahead = clock.now().duration_since(Timestamp::now());
        assert!(ahead > SignedDuration::from_mins(59), "only {ahead} ahead");
    }
}
