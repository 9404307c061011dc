//! The budget: the API calls that an account may still make in its rolling hour (G8). The store saves it.
//!
//! Bitbucket allows 1,000 calls in any hour and gives capacity back minute by minute
//! (<https://support.atlassian.com/bitbucket-cloud/docs/api-request-limits/>). Calls are reserved before they are
//! made, and unused ones are given back. So a crash in between wastes calls, and the limit still holds.

use std::collections::BTreeMap;

use bitbucket::RateLimit;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::named_limit::NamedLimit;

const MINUTE_SECONDS: i64 = 60;

/// Minutes for which calls count after the minute of their reservation. One hour, and two minutes more: a call may be
/// made that long after its reservation (overtime of a run, and clocks that differ by half a minute).
const COUNTED_MINUTES: u32 = 60 + 2;

/// Percentage of an even per-minute share that is guaranteed to each minute, so that a burst cannot use up the calls
/// of necessary checks. The remainder is first come, first served.
const SURE_PERCENT: u32 = 88;

/// At least this many calls stay out of the guaranteed shares, so that a small limit can still save up for one whole
/// poll.
const LEAST_SPARE: u32 = 8;

/// The calls that an account has spent.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Budget {
    /// Number of times it was stored. The store accepts version n+1 only on top of n: *safety*, for two spenders at
    /// once.
    pub version: u64,
    /// Calls by the minute (of the Unix epoch) in which they were reserved.
    pub minutes: BTreeMap<i64, u32>,
    /// Time until which Bitbucket refuses calls, after a 429.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub blocked_until: Option<Timestamp>,
    /// The limit that Bitbucket named last, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub named: Option<NamedLimit>,
}

/// Calls that were reserved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reservation {
    /// The minute under which they are counted.
    pub minute: i64,
    /// Number of calls.
    pub calls: u32,
    /// True if other programs use the same credential, and few calls are left.
    pub is_near_limit: bool,
}

/// A run with less than one in this many of its maximum calls is short of calls.
const SHORT_PART: u32 = 4;

impl Reservation {
    /// True if a run that may use up to `most` calls has to save them: it got less than a quarter, or other programs
    /// use the same credential.
    pub const fn is_short_of(&self, most: u32) -> bool {
        self.is_near_limit || self.calls < most / SHORT_PART
    }
}

impl Budget {
    /// Number of calls that count at `now`.
    pub fn spent(&self, now: Timestamp) -> u32 {
        self.spent_in(minute_of(now))
    }

    /// Number of calls that count in a minute. In minutes and not in times: none of these is the last of its range.
    fn spent_in(&self, now: i64) -> u32 {
        let counting = self.minutes.iter().filter(|(minute, _)| counts(**minute, now));
        counting.fold(0, |sum, (_, calls)| sum.saturating_add(*calls))
    }

    /// Calls allowed in an hour: the configured `limit`, or a lower one that Bitbucket named.
    pub fn allowed(&self, now: Timestamp, limit: u32) -> u32 {
        self.named_calls(now).map_or(limit, |named| named.min(limit))
    }

    /// Calls left of the allowed ones. Ignores a pause after a 429.
    pub fn left(&self, now: Timestamp, limit: u32) -> u32 {
        self.allowed(now, limit).saturating_sub(self.spent(now))
    }

    /// End of the pause after a 429; `None` if there is none at `now`.
    pub fn blocked(&self, now: Timestamp) -> Option<Timestamp> {
        self.blocked_until.filter(|until| now < *until)
    }

    /// The calls an hour that Bitbucket itself named, if any.
    pub fn named_calls(&self, now: Timestamp) -> Option<u32> {
        self.named?.calls_per_hour(now)
    }

    /// True if other programs use the same credential, and Bitbucket reports that few calls are left.
    pub fn is_near_by_others(&self, now: Timestamp, limit: u32) -> bool {
        self.named.is_some_and(|named| named.is_near_by_others(now, self.spent(now), limit))
    }

    /// Reserves up to `most` calls of a `limit` an hour, for one run. Reserves fewer, down to none, if calls run short.
    /// Store the budget before making a call.
    pub fn reserve(&mut self, now: Timestamp, limit: u32, most: u32) -> Reservation {
        self.minutes.retain(|minute, _| counts(*minute, minute_of(now)));
        // If the clock goes back, these calls count as long as the newest ones.
        let minute = self.minutes.keys().next_back().copied().unwrap_or(i64::MIN).max(minute_of(now));
        let is_near_limit = self.is_near_by_others(now, limit);
        let limit = self.allowed(now, limit);
        let taken = self.minutes.get(&minute).copied().unwrap_or(0);
        let most = if is_near_limit { most.min(thrifty(limit).saturating_sub(taken)) } else { most };
        let calls = if self.blocked(now).is_some() { 0 } else { self.share(now, limit, most, taken) };
        if calls > 0 {
            let reserved = self.minutes.entry(minute).or_default();
            *reserved = reserved.saturating_add(calls);
        }
        self.version = self.version.saturating_add(1);
        Reservation { minute, calls, is_near_limit }
    }

    /// Returns the number of calls that a run gets: those that no guaranteed share needs, or what is left of this
    /// minute's own share. `taken` calls of the minute are already reserved, by links with the same account.
    fn share(&self, now: Timestamp, limit: u32, most: u32, taken: u32) -> u32 {
        let left = limit.saturating_sub(self.spent(now));
        let sure_until = |ahead: u32| part(sure_in_all(limit), ahead, COUNTED_MINUTES);
        // Calls spent now are missing for an hour. In each minute until then enough must be left for the guaranteed
        // shares of all minutes up to it.
        let spare = (0..=COUNTED_MINUTES).map(|ahead| {
            let then = minute_of(now).saturating_add(ahead.into());
            limit.saturating_sub(self.spent_in(then)).saturating_sub(sure_until(ahead))
        });
        spare.min().unwrap_or(0).max(sure_until(1).saturating_sub(taken)).min(left).min(most)
    }

    /// Gives back calls that were reserved and not used.
    pub fn give_back(&mut self, unused: Reservation) {
        if let Some(calls) = self.minutes.get_mut(&unused.minute) {
            *calls = calls.saturating_sub(unused.calls);
        }
        self.version = self.version.saturating_add(1);
    }

    /// Gives back unused calls, and records the rate limit that Bitbucket reported meanwhile.
    pub fn settle(&mut self, now: Timestamp, unused: Reservation, reported: Option<RateLimit>) {
        if let Some(reported) = reported {
            self.named = Some(NamedLimit::after(self.named, reported, now));
        }
        self.give_back(unused);
    }

    /// Records that Bitbucket refuses calls until `until`.
    pub fn block(&mut self, until: Timestamp) {
        self.blocked_until = self.blocked_until.max(Some(until));
        self.version = self.version.saturating_add(1);
    }

    /// Time after which nothing in this budget has an effect.
    pub fn forgotten_at(&self) -> Timestamp {
        let newest = self.minutes.keys().next_back().copied().unwrap_or_default();
        let named = self.named.map_or(Timestamp::MIN, |named| named.forgotten_at());
        counts_until(newest).max(self.blocked_until.unwrap_or(Timestamp::MIN)).max(named)
    }
}

/// The guaranteed calls of all minutes together.
fn sure_in_all(limit: u32) -> u32 {
    part(limit, SURE_PERCENT, 100).min(limit.saturating_sub(LEAST_SPARE))
}

/// Returns `number * share / whole`, for a share of at most the whole.
fn part(number: u32, share: u32, whole: u32) -> u32 {
    let part = u64::from(number) * u64::from(share) / u64::from(whole.max(1));
    u32::try_from(part).unwrap_or(u32::MAX)
}

/// The most calls of a minute while other programs use the credential: its guaranteed share, or enough for one poll.
fn thrifty(limit: u32) -> u32 {
    (sure_in_all(limit) / COUNTED_MINUTES).max(LEAST_SPARE)
}

fn minute_of(time: Timestamp) -> i64 {
    time.as_second().div_euclid(MINUTE_SECONDS)
}

/// True if calls of a minute count in the minute `now`.
fn counts(minute: i64, now: i64) -> bool {
    now <= minute.saturating_add(COUNTED_MINUTES.into())
}

fn counts_until(minute: i64) -> Timestamp {
    let minutes = minute.saturating_add(1).saturating_add(COUNTED_MINUTES.into());
    Timestamp::from_second(minutes.saturating_mul(MINUTE_SECONDS)).unwrap_or(Timestamp::MAX)
}
