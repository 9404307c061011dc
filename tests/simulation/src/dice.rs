//! Random numbers that follow from a seed.

use std::sync::{Arc, Mutex, PoisonError};

/// `SplitMix64` (<https://prng.di.unimi.it/splitmix64.c>): small, and the same everywhere. Clones share the sequence.
#[derive(Debug, Clone)]
pub struct Dice(Arc<Mutex<u64>>);

impl Dice {
    /// The numbers of a seed.
    pub fn new(seed: u64) -> Self {
        Self(Arc::new(Mutex::new(seed)))
    }

    /// A number below `bound`; 0 if `bound` is 0.
    pub fn below(&self, bound: u64) -> u64 {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = *state;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^= z >> 31;
        if bound == 0 { 0 } else { z % bound }
    }

    /// A number from `least` to `most`, both included.
    pub fn between(&self, least: u64, most: u64) -> u64 {
        least + self.below(most.saturating_sub(least) + 1)
    }

    /// True in `percent` of 100 draws.
    pub fn percent(&self, percent: u64) -> bool {
        self.below(100) < percent
    }

    /// True in `permille` of 1,000 draws.
    pub fn permille(&self, permille: u64) -> bool {
        self.below(1_000) < permille
    }

    /// One of the items; `None` if there is none.
    pub fn pick<'i, T>(&self, items: &'i [T]) -> Option<&'i T> {
        let place = self.below(u64::try_from(items.len()).unwrap_or(u64::MAX));
        items.get(usize::try_from(place).unwrap_or(usize::MAX))
    }
}
