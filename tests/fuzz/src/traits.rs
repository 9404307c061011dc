//! The behaviour of the product with one input.

use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hash, Hasher};

/// Hashes of everything that the product did: statuses, errors, events, reasons of watches. An input with a new trait
/// is worth keeping.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Traits(BTreeSet<u64>);

impl Traits {
    /// Notes one thing that the product did. Give few different values of each kind: no ids, no times.
    pub fn note(&mut self, what: impl Hash) {
        // Its keys are fixed, so equal things have equal hashes in every run.
        let mut hasher = DefaultHasher::new();
        what.hash(&mut hasher);
        self.0.insert(hasher.finish());
    }

    /// Adds all traits of another run. True if one of them is new.
    pub fn extend(&mut self, other: &Self) -> bool {
        let before = self.0.len();
        self.0.extend(&other.0);
        self.0.len() > before
    }

    /// True if all traits of another run are here.
    pub fn covers(&self, other: &Self) -> bool {
        other.0.is_subset(&self.0)
    }

    /// Returns the traits that another run lacks.
    #[must_use]
    pub fn without(&self, other: &Self) -> Self {
        Self(self.0.difference(&other.0).copied().collect())
    }

    /// Returns the number of traits.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// True if there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Returns a count as one of few values: exact up to four, then the power of two above it.
pub const fn rough(count: usize) -> usize {
    if count <= 4 { count } else { count.next_power_of_two() }
}
