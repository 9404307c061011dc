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
    /// Those of them that links without signatures reserved.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub unsigned: BTreeMap<i64, u32>,
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
    /// True if a link without signatures reserved them.
    pub is_unsigned: bool,
}

/// Part of an account's calls that links without signatures may reserve, all together: a half. Anybody can make them
/// poll, and the other half stays for the links that share the account.
const UNSIGNED_PART: u32 = 2;

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
        spent(&self.minutes, minute_of(now))
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
        self.reserve_for(now, limit, most, false)
    }

    /// As [`Budget::reserve`], for a link without signatures. All such links together never get more than half of the
    /// calls of any hour, nor of the calls that are guaranteed to a minute.
    pub fn reserve_unsigned(&mut self, now: Timestamp, limit: u32, most: u32) -> Reservation {
        self.reserve_for(now, limit, most, true)
    }

    fn reserve_for(&mut self, now: Timestamp, limit: u32, most: u32, is_unsigned: bool) -> Reservation {
        self.minutes.retain(|minute, _| counts(*minute, minute_of(now)));
        self.unsigned.retain(|minute, _| counts(*minute, minute_of(now)));
        // If the clock goes back, these calls count as long as the newest ones.
        let minute = self.minutes.keys().next_back().copied().unwrap_or(i64::MIN).max(minute_of(now));
        let is_near_limit = self.is_near_by_others(now, limit);
        let limit = self.allowed(now, limit);
        let (all, unsigned) = (taken(&self.minutes, minute), taken(&self.unsigned, minute));
        let signed = all.saturating_sub(unsigned);
        // Calls of a minute's `share` that are left. Unsigned links cannot use up more than their part of it.
        let left_of = |share: u32| {
            let part = share / UNSIGNED_PART;
            if is_unsigned {
                part.min(share.saturating_sub(signed)).saturating_sub(unsigned)
            } else {
                share.saturating_sub(signed).saturating_sub(unsigned.min(part))
            }
        };
        let share = share(&self.minutes, now, limit, left_of);
        let share = if is_near_limit { share.min(left_of(thrifty(limit))) } else { share };
        let share = if is_unsigned {
            // What is left of this minute's share for the others stays.
            let sure = sure_until(limit, 1);
            let kept = (sure - sure / UNSIGNED_PART).saturating_sub(signed);
            let left = limit.saturating_sub(self.spent(now)).saturating_sub(kept);
            share.min(left).min(self.unsigned_share(minute, now, limit))
        } else {
            share
        };
        let calls = if self.blocked(now).is_some() { 0 } else { share.min(most) };
        for minutes in self.counts_of(is_unsigned).filter(|_| calls > 0) {
            let reserved = minutes.entry(minute).or_default();
            *reserved = reserved.saturating_add(calls);
        }
        self.version = self.version.saturating_add(1);
        Reservation { minute, calls, is_near_limit, is_unsigned }
    }

    /// The calls that unsigned links may reserve as if they had an account with half of the calls.
    fn unsigned_share(&self, minute: i64, now: Timestamp, limit: u32) -> u32 {
        let taken = taken(&self.unsigned, minute);
        share(&self.unsigned, now, (limit / UNSIGNED_PART).max(1), |share| share.saturating_sub(taken))
    }

    /// Gives back calls that were reserved and not used.
    pub fn give_back(&mut self, unused: Reservation) {
        for minutes in self.counts_of(unused.is_unsigned) {
            if let Some(calls) = minutes.get_mut(&unused.minute) {
                *calls = calls.saturating_sub(unused.calls);
            }
        }
        self.version = self.version.saturating_add(1);
    }

    /// The counts to which a reservation belongs.
    fn counts_of(&mut self, is_unsigned: bool) -> impl Iterator<Item = &mut BTreeMap<i64, u32>> {
        std::iter::once(&mut self.minutes).chain(is_unsigned.then_some(&mut self.unsigned))
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

/// The calls of `minutes` that count in the minute `now`. In minutes and not in times: none of these is the last of its
/// range.
fn spent(minutes: &BTreeMap<i64, u32>, now: i64) -> u32 {
    let counting = minutes.iter().filter(|(minute, _)| counts(**minute, now));
    counting.fold(0, |sum, (_, calls)| sum.saturating_add(*calls))
}

fn taken(minutes: &BTreeMap<i64, u32>, minute: i64) -> u32 {
    minutes.get(&minute).copied().unwrap_or(0)
}

/// Returns the number of calls of a `limit` that a run gets at most: those that no guaranteed share needs, or what is
/// left of this minute's own share.
fn share(minutes: &BTreeMap<i64, u32>, now: Timestamp, limit: u32, left_of: impl Fn(u32) -> u32) -> u32 {
    let left = limit.saturating_sub(spent(minutes, minute_of(now)));
    // Calls spent now are missing for an hour. In each minute until then enough must be left for the guaranteed shares
    // of all minutes up to it.
    let spare = (0..=COUNTED_MINUTES).map(|ahead| {
        let then = minute_of(now).saturating_add(ahead.into());
        limit.saturating_sub(spent(minutes, then)).saturating_sub(sure_until(limit, ahead))
    });
    spare.min().unwrap_or(0).max(left_of(sure_until(limit, 1))).min(left)
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

/// The guaranteed calls of so many minutes.
fn sure_until(limit: u32, minutes: u32) -> u32 {
    part(sure_in_all(limit), minutes, COUNTED_MINUTES)
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
