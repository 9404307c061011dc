//! Seconds of a history, and the clocks of its instances.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use simulator::InProcess;
use store::Clock;

/// Seconds since the history began, by Bitbucket's clock.
pub type Second = i64;

/// Second 0 of every history.
const START_SECOND: i64 = 1_793_786_400;

/// The time of a second, by Bitbucket's clock.
pub fn time(second: Second) -> Timestamp {
    Timestamp::from_second(START_SECOND.saturating_add(second)).unwrap_or(Timestamp::MAX)
}

/// The second of a time.
pub fn second(at: Timestamp) -> Second {
    at.as_second().saturating_sub(START_SECOND)
}

/// A clock that is ahead of Bitbucket's by `skew`, or behind it.
#[derive(Debug, Clone)]
pub struct SkewedClock {
    pub(crate) bitbucket: Arc<InProcess>,
    pub(crate) skew: SignedDuration,
}

impl Clock for SkewedClock {
    fn now(&self) -> Timestamp {
        self.bitbucket.clock().now().saturating_add(self.skew).unwrap_or(Timestamp::MAX)
    }
}
