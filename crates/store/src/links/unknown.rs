//! A bound on the look-ups of links that may not exist. Anybody can request such links, and each look-up costs.

use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::{SignedDuration, Timestamp};

/// Most look-ups at once. Each later second allows one more: at most 86,500 a day and instance, 0.43 USD
/// (<https://aws.amazon.com/secrets-manager/pricing/>).
const BURST: i64 = 100;

/// Look-ups that are left now. Only a link that is missing or cannot be loaded uses one up.
#[derive(Debug)]
pub(super) struct UnknownLinks(Mutex<Allowance>);

#[derive(Debug)]
struct Allowance {
    left: i64,
    /// Time until which the seconds are counted.
    counted_until: Timestamp,
}

impl Default for UnknownLinks {
    fn default() -> Self {
        Self(Mutex::new(Allowance { left: BURST, counted_until: Timestamp::UNIX_EPOCH }))
    }
}

impl UnknownLinks {
    /// Takes one look-up. False if none is left.
    pub(super) fn take(&self, now: Timestamp) -> bool {
        let mut allowance = self.at(now);
        let taken = allowance.left > 0;
        allowance.left -= i64::from(taken);
        taken
    }

    /// Returns the number of look-ups that are left.
    pub(super) fn left(&self, now: Timestamp) -> i64 {
        self.at(now).left
    }

    /// Counts the seconds until `now`.
    fn at(&self, now: Timestamp) -> MutexGuard<'_, Allowance> {
        let mut allowance = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let seconds = now.duration_since(allowance.counted_until).as_secs();
        if seconds > 0 {
            allowance.left = allowance.left.saturating_add(seconds).min(BURST);
            allowance.counted_until += SignedDuration::from_secs(seconds);
        }
        allowance
    }

    /// Returns a look-up that found its link.
    pub(super) fn give_back(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).left += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_second_allows_one_more_up_to_the_burst() {
        let unknown = UnknownLinks::default();
        let at = |seconds: i64| Timestamp::from_second(1_800_000_000 + seconds).unwrap();
        assert_eq!(unknown.left(at(0)), 100);
        for _ in 0..100 {
            assert!(unknown.take(at(0)));
        }
        assert_eq!((unknown.take(at(0)), unknown.left(at(0))), (false, 0));
        assert_eq!(unknown.left(at(2)), 2);
        assert!(unknown.take(at(2)));
        assert_eq!(unknown.left(at(2)), 1);
        unknown.give_back();
        assert_eq!(unknown.left(at(1_000)), 100);
    }
}
