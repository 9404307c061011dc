//! Pauses after failures: for *economy*, and out of courtesy to an API that asked for them. They live in the memory of
//! one instance; after a cold start the first failure sets them again.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

/// The first pause after a failure; each further one doubles it.
const FIRST: SignedDuration = SignedDuration::from_secs(5);

/// The longest pause, unless Bitbucket asks for more.
const LONGEST: SignedDuration = SignedDuration::from_secs(300);

/// The most pauses kept in memory.
const MAX_PAUSES: usize = 10_000;

/// Pauses by what is paused.
#[derive(Debug)]
pub struct Pauses<K> {
    pauses: BTreeMap<K, Pause>,
}

#[derive(Debug, Clone, Copy)]
struct Pause {
    until: Timestamp,
    failures: u32,
}

impl<K> Default for Pauses<K> {
    fn default() -> Self {
        Self { pauses: BTreeMap::new() }
    }
}

impl<K: Ord> Pauses<K> {
    /// End of the last pause of `key`, if it failed since it last worked.
    pub fn until(&self, key: &K) -> Option<Timestamp> {
        self.pauses.get(key).map(|pause| pause.until)
    }

    /// Records a failure: pauses `key` for at least `least`, and longer with every failure in a row.
    pub fn record_failure(&mut self, key: K, now: Timestamp, least: SignedDuration) {
        if self.pauses.len() >= MAX_PAUSES {
            // A forgotten pause costs one call, no more.
            self.pauses.retain(|_, pause| pause.until > now);
            if self.pauses.len() >= MAX_PAUSES {
                self.pauses.clear();
            }
        }
        let failures = self.pauses.get(&key).map_or(0, |pause| pause.failures);
        let length = FIRST.checked_mul(1 << failures.min(10)).unwrap_or(LONGEST).min(LONGEST).max(least);
        let until = now.saturating_add(length).unwrap_or(Timestamp::MAX);
        self.pauses.insert(key, Pause { until, failures: failures.saturating_add(1) });
    }

    /// Records a success: the next pause is a first one again.
    pub fn record_success(&mut self, key: &K) {
        self.pauses.remove(key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::at;

    /// So many pauses, each five seconds long, from second 0.
    fn pauses(count: usize) -> Pauses<usize> {
        let mut pauses = Pauses::default();
        (0..count).for_each(|key| pauses.record_failure(key, at(0), SignedDuration::ZERO));
        pauses
    }

    #[test]
    fn ended_pauses_make_room() {
        let mut pauses = pauses(MAX_PAUSES - 1);
        pauses.record_failure(MAX_PAUSES, at(1), SignedDuration::ZERO);
        assert_eq!(pauses.pauses.len(), MAX_PAUSES);
        pauses.record_failure(MAX_PAUSES + 1, at(5), SignedDuration::ZERO);
        assert_eq!(pauses.pauses.into_keys().collect::<Vec<_>>(), [MAX_PAUSES, MAX_PAUSES + 1]);
    }

    #[test]
    fn too_many_pauses_are_forgotten() {
        let mut pauses = pauses(MAX_PAUSES);
        pauses.record_failure(MAX_PAUSES, at(1), SignedDuration::ZERO);
        assert_eq!(pauses.pauses.into_keys().collect::<Vec<_>>(), [MAX_PAUSES]);
    }
}
