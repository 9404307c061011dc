//! One poll while it is folded.

use jiff::Timestamp;

use crate::observation::Listing;
use crate::schedule::Settings;
use crate::state::{Doubt, Finding};

/// One poll while it is folded.
#[derive(Debug)]
pub(super) struct PollContext {
    pub(super) base_version: u64,
    pub(super) started_at: Timestamp,
    /// True if the listing has every comment.
    pub(super) is_complete: bool,
    /// Findings about the present item that an earlier poll could not confirm.
    doubts: Vec<Doubt>,
    /// Those that this poll cannot confirm.
    raised: Vec<Doubt>,
    /// Time of another poll, for an item that this one leaves to its webhook or cannot decide.
    recheck_at: Option<Timestamp>,
}

impl PollContext {
    pub(super) const fn new(base_version: u64, started_at: Timestamp, is_complete: bool) -> Self {
        Self {
            base_version,
            started_at,
            is_complete,
            doubts: Vec::new(),
            raised: Vec::new(),
            recheck_at: None,
        }
    }

    /// Plans another poll at `at`, or before.
    pub(super) fn recheck(&mut self, at: Timestamp) {
        self.recheck_at = Some(self.recheck_at.map_or(at, |other| other.min(at)));
    }

    /// Begins an item, with the findings about it that an earlier poll could not confirm.
    pub(super) fn begin_item(&mut self, doubts: &[Doubt]) {
        self.doubts = doubts.to_vec();
        self.raised.clear();
    }

    /// True if a poll found the same at least a grace period before this one began. Else remembers the finding.
    pub(super) fn confirms(&mut self, finding: Finding, settings: &Settings) -> bool {
        let is_confirmed = settings.grace_ends(self.since(&finding)) <= self.started_at;
        if !is_confirmed {
            self.remember(finding, settings);
        }
        is_confirmed
    }

    /// Remembers a finding, and plans another poll at the end of the grace period. After that it plans none: a copy
    /// that lags for longer is not worth a call every half minute.
    pub(super) fn remember(&mut self, finding: Finding, settings: &Settings) {
        let since = self.since(&finding);
        self.raised.push(Doubt { finding, since });
        let grace_ends = settings.grace_ends(since);
        if grace_ends > self.started_at {
            self.recheck(grace_ends);
        }
    }

    fn since(&self, finding: &Finding) -> Timestamp {
        let earlier = self.doubts.iter().find(|doubt| doubt.finding == *finding);
        earlier.map_or(self.started_at, |doubt| doubt.since)
    }

    /// Ends an item: the findings about it that the next poll has to confirm.
    pub(super) fn end_item(&mut self) -> Vec<Doubt> {
        std::mem::take(&mut self.raised)
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
        let others =
            planned.filter(|at| self.base_version.saturating_add(1) < version && *at > self.started_at);
        [others, self.recheck_at].into_iter().flatten().min()
    }

    /// Plans another poll for the unlisted items, each with its version and doubts, that were not asked for by id: now,
    /// or when it can confirm that they do not exist. Items that were stored while the poll was reading do not count.
    /// After an incomplete listing this is done only if a lookup found an item gone: without progress, one such poll
    /// would follow the other without end.
    pub(super) fn recheck_unlisted<'d, I: Ord, T>(
        &mut self,
        listing: &Listing<I, T>,
        unlisted: impl Iterator<Item = (I, u64, &'d [Doubt])>,
        now: Timestamp,
        settings: &Settings,
    ) {
        let makes_progress = listing.complete || listing.lookups.values().any(Option::is_none);
        for (id, version, doubts) in unlisted.filter(|_| makes_progress) {
            if !listing.lookups.contains_key(&id) && version <= self.base_version {
                self.recheck(
                    settings.gone_confirmed_at(doubts).map_or(now, |confirmed_at| confirmed_at.max(now)),
                );
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::at;

    /// A poll that began in second 100, on top of version 5.
    fn a_poll() -> PollContext {
        PollContext::new(5, at(100), true)
    }

    #[test]
    fn poll_serves_the_recheck_that_was_due() {
        let poll = a_poll();
        assert!(poll.is_settled());
        assert_eq!(poll.recheck_after(Some(at(90)), 6, false), None);
        assert_eq!(poll.recheck_after(Some(at(190)), 6, false), None, "planned before it, and served by it");
    }

    #[test]
    fn recheck_that_another_poll_stored_meanwhile_stays() {
        let poll = a_poll();
        assert_eq!(poll.recheck_after(Some(at(130)), 7, false), Some(at(130)));
        assert_eq!(poll.recheck_after(Some(at(100)), 7, false), None, "it was due when this poll began");
    }

    #[test]
    fn earliest_recheck_counts() {
        let mut poll = a_poll();
        poll.recheck(at(130));
        poll.recheck(at(150));
        assert!(!poll.is_settled());
        assert_eq!(poll.recheck_after(None, 6, false), Some(at(130)));
        assert_eq!(poll.recheck_after(Some(at(110)), 7, false), Some(at(110)));
        assert_eq!(poll.recheck_after(Some(at(110)), 7, true), Some(at(100)), "not everything fitted");
    }

    #[test]
    fn only_unlisted_items_that_were_not_asked_for_need_another_poll() {
        let settings = Settings { grace_seconds: 30, ..Settings::default() };
        let doubts = [Doubt { finding: Finding::Gone, since: at(100) }];
        let mut listing = Listing::<u64, ()>::new(Vec::new(), true);
        listing.lookups.insert(1, None);
        let planned = |listing: &Listing<u64, ()>, id: u64, version: u64, doubts: &[Doubt]| {
            let mut poll = a_poll();
            poll.recheck_unlisted(listing, [(id, version, doubts)].into_iter(), at(105), &settings);
            poll.recheck_at
        };
        assert_eq!(planned(&listing, 2, 5, &[]), Some(at(105)), "now");
        assert_eq!(planned(&listing, 2, 5, &doubts), Some(at(130)), "when a poll can confirm it");
        assert_eq!(planned(&listing, 1, 5, &[]), None, "this poll asked for it");
        assert_eq!(planned(&listing, 2, 6, &[]), None, "stored while this poll was reading");

        listing.complete = false;
        assert_eq!(planned(&listing, 2, 5, &[]), Some(at(105)), "a lookup found an item gone");
        listing.lookups.clear();
        assert_eq!(planned(&listing, 2, 5, &[]), None, "no progress");
    }
}
