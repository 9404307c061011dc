//! Number of API calls of each account: the record behind `GET /_control/calls` and the hourly limit.

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use std::collections::{BTreeMap, VecDeque};

/// Calls kept one by one; the totals go on beyond it.
const MAX_CALLS: usize = 20_000;

const HOUR: SignedDuration = SignedDuration::from_hours(1);

/// One call to `/2.0`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CallRecord {
    /// Time of the call, by the simulator's clock.
    pub at: Timestamp,
    /// The account's name, or `anonymous`.
    pub user: String,
    /// The method.
    pub method: String,
    /// Path and query.
    pub path: String,
    /// The answer; 0 while there is none.
    pub status: u16,
}

/// Number of calls of an account.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct CallCount {
    /// All calls, refused ones too.
    pub total: u64,
    /// Calls of the last hour by the simulator's clock.
    pub last_hour: u64,
    /// Calls that were answered 429.
    pub rate_limited: u64,
}

#[derive(Debug, Default)]
pub(crate) struct Calls {
    counts: BTreeMap<String, CallCount>,
    /// Number of calls dropped from the front of `recent`.
    dropped: u64,
    recent: VecDeque<CallRecord>,
    ended: u64,
}

impl Calls {
    /// Records a call that begins, so that calls made at once are all counted, and returns its number.
    pub(crate) fn begin(&mut self, call: CallRecord) -> u64 {
        self.counts.entry(call.user.clone()).or_default().total += 1;
        if self.recent.len() >= MAX_CALLS {
            self.recent.pop_front();
            self.dropped += 1;
        }
        self.recent.push_back(call);
        self.dropped + self.recent.len() as u64 - 1
    }

    /// Records the answer to a call.
    pub(crate) fn end(&mut self, number: u64, status: u16) {
        self.ended += 1;
        let position = number.checked_sub(self.dropped).and_then(|position| usize::try_from(position).ok());
        let Some(call) = position.and_then(|position| self.recent.get_mut(position)) else { return };
        call.status = status;
        if status == 429 {
            self.counts.entry(call.user.clone()).or_default().rate_limited += 1;
        }
    }

    /// Number of calls that have begun, and number of those that have ended.
    pub(crate) fn begun_and_ended(&self) -> (u64, u64) {
        (self.dropped + self.recent.len() as u64, self.ended)
    }

    /// Calls by account.
    pub(crate) fn counts(&self, now: Timestamp) -> BTreeMap<String, CallCount> {
        let mut counts = self.counts.clone();
        for (user, count) in &mut counts {
            count.last_hour = self.in_last_hour(user, now, |_| true);
        }
        counts
    }

    pub(crate) fn recent(&self) -> Vec<CallRecord> {
        self.recent.iter().cloned().collect()
    }

    /// Calls of an account that count against its hourly limit now: those to repositories that were not refused.
    pub(crate) fn spent(&self, user: &str, now: Timestamp) -> u64 {
        self.in_last_hour(user, now, |call| call.status != 429 && call.path.starts_with("/2.0/repositories"))
    }

    fn in_last_hour(&self, user: &str, now: Timestamp, counts: impl Fn(&CallRecord) -> bool) -> u64 {
        let young = self.recent.iter().rev().take_while(|call| now.duration_since(call.at) < HOUR);
        let of_user = young.filter(|call| call.user == user && counts(call));
        u64::try_from(of_user.count()).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_leaves_the_rolling_hour_after_sixty_minutes() {
        let start: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        let mut calls = Calls::default();
        let call = |at| CallRecord {
            at,
            user: "bot".to_owned(),
            method: "GET".to_owned(),
            path: "/2.0/repositories/acme/widgets".to_owned(),
            status: 0,
        };
        let first = calls.begin(call(start));
        let second = calls.begin(call(start + SignedDuration::from_mins(30)));
        calls.end(first, 200);
        calls.end(second, 429);
        assert_eq!(
            calls.spent("bot", start + SignedDuration::from_mins(59)),
            1,
            "a refused call costs nothing"
        );
        assert_eq!(calls.spent("bot", start + SignedDuration::from_mins(60)), 0);
        let counts = calls.counts(start + SignedDuration::from_mins(60));
        assert_eq!(counts["bot"], CallCount { total: 2, last_hour: 1, rate_limited: 1 });
    }
}
