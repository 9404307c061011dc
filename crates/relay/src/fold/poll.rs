//! One poll while it is folded.

use jiff::Timestamp;

use crate::observation::Listing;

/// One poll while it is folded.
#[derive(Debug)]
pub(super) struct PollContext {
    pub(super) base_version: u64,
    pub(super) started_at: Timestamp,
    /// Time of another poll, for an item that this one leaves to its webhook or cannot decide.
    recheck_at: Option<Timestamp>,
}

impl PollContext {
    pub(super) const fn new(base_version: u64, started_at: Timestamp) -> Self {
        Self { base_version, started_at, recheck_at: None }
    }

    /// Plans another poll at `at`, or before.
    pub(super) fn recheck(&mut self, at: Timestamp) {
        self.recheck_at = Some(self.recheck_at.map_or(at, |other| other.min(at)));
    }

    /// True if this poll could decide everything.
    pub(super) const fn is_settled(&self) -> bool {
        self.recheck_at.is_none()
    }

    /// Time of the recheck after this poll, which is stored as `version`. `planned` is the time so far; `more` is true
    /// if not everything fitted.
    pub(super) fn recheck_after(
        &self,
        planned: Option<Timestamp>,
        version: u64,
        more: bool,
    ) -> Option<Timestamp> {
        if more {
            // The next fold takes the remainder; should that never happen, the poll is due again at once.
            return Some(self.started_at);
        }
        // This poll served rechecks that were due when it began; not those that another poll stored meanwhile.
        let others = planned.filter(|at| self.base_version + 1 < version && *at > self.started_at);
        [others, self.recheck_at].into_iter().flatten().min()
    }

    /// True if some of these unlisted items, each with its version, were not asked for by id. Items that were stored
    /// while the poll was reading do not count.
    pub(super) fn leaves_any<I: Ord, T>(
        &self,
        listing: &Listing<I, T>,
        mut unlisted: impl Iterator<Item = (I, Option<u64>)>,
    ) -> bool {
        unlisted.any(|(id, version)| {
            !listing.lookups.contains_key(&id) && version.is_some_and(|version| version <= self.base_version)
        })
    }
}
