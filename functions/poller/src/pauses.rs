//! What is left alone for a while after it failed: for economy, and out of courtesy to an API that asked for it. Pauses
//! live in memory; after a cold start the first failure sets them again.

use std::collections::HashMap;
use std::hash::Hash;

use jiff::{SignedDuration, Timestamp};

/// The first pause after a failure; each further one doubles it.
const FIRST: SignedDuration = SignedDuration::from_secs(5);
/// The longest pause.
const LONGEST: SignedDuration = SignedDuration::from_secs(300);
/// The most pauses that are remembered.
const MAX_PAUSES: usize = 10_000;

/// Pauses by what they are for.
#[derive(Debug)]
pub struct Pauses<K> {
    until: HashMap<K, (Timestamp, u32)>,
}

impl<K> Default for Pauses<K> {
    fn default() -> Self {
        Self { until: HashMap::new() }
    }
}

impl<K: Hash + Eq> Pauses<K> {
    /// Until when it is to be left alone, if it ever failed.
    pub fn until(&self, key: &K) -> Option<Timestamp> {
        self.until.get(key).map(|(until, _)| *until)
    }

    /// Notes a failure: at least `least`, and longer with every failure in a row.
    pub fn failed(&mut self, key: K, now: Timestamp, least: SignedDuration) {
        if self.until.len() >= MAX_PAUSES {
            // Forgotten pauses cost a call each, no more.
            self.until.retain(|_, (until, _)| *until > now);
            if self.until.len() >= MAX_PAUSES {
                self.until.clear();
            }
        }
        let failures = self.until.get(&key).map_or(0, |(_, failures)| *failures);
        let pause = FIRST.checked_mul(1 << failures.min(10)).unwrap_or(LONGEST).min(LONGEST).max(least);
        let until = now.saturating_add(pause).unwrap_or(Timestamp::MAX);
        self.until.insert(key, (until, failures.saturating_add(1)));
    }

    /// Notes a success.
    pub fn worked(&mut self, key: &K) {
        self.until.remove(key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn each_failure_in_a_row_doubles_the_pause_up_to_five_minutes() {
        let mut pauses = Pauses::default();
        let mut lengths = Vec::new();
        for _ in 0..9 {
            pauses.failed("link", at(0), SignedDuration::ZERO);
            lengths.push(pauses.until(&"link").unwrap().as_second());
        }
        assert_eq!(lengths, [5, 10, 20, 40, 80, 160, 300, 300, 300]);
    }

    #[test]
    fn a_success_ends_the_pause_and_its_growth() {
        let mut pauses = Pauses::default();
        pauses.failed("link", at(0), SignedDuration::from_secs(60));
        assert_eq!(pauses.until(&"link"), Some(at(60)));
        pauses.worked(&"link");
        assert_eq!(pauses.until(&"link"), None);
        pauses.failed("link", at(0), SignedDuration::ZERO);
        assert_eq!(pauses.until(&"link"), Some(at(5)));
    }
}
