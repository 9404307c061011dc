//! A small cache for *economy*: whatever it forgets costs one more read of the table.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// The most entries; a full cache forgets all of them.
const MAX_ENTRIES: usize = 10_000;

/// Values by their keys.
#[derive(Debug)]
pub(crate) struct Cache<K, V>(Mutex<BTreeMap<K, V>>);

impl<K, V> Default for Cache<K, V> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<K: Ord, V: Clone> Cache<K, V> {
    pub(crate) fn get(&self, key: &K) -> Option<V> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(key).cloned()
    }

    pub(crate) fn insert(&self, key: K, value: V) {
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if entries.len() >= MAX_ENTRIES {
            entries.clear();
        }
        entries.insert(key, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn full_cache_forgets_everything() {
        let cache = Cache::default();
        for key in 0..MAX_ENTRIES {
            cache.insert(key, key + 1);
        }
        assert_eq!((cache.get(&0), cache.get(&9_999)), (Some(1), Some(10_000)));
        cache.insert(MAX_ENTRIES, 0);
        assert_eq!((cache.get(&0), cache.get(&MAX_ENTRIES)), (None, Some(0)));
    }
}
