//! The limit that Bitbucket itself names for a credential, in the headers of its answers. Pure.

use bitbucket::RateLimit;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// Time for which a named limit is valid. Bitbucket names one for some credentials only, and may stop.
const LIMIT_HOLDS: SignedDuration = SignedDuration::from_hours(24);

/// Time for which "near the limit" is valid: the hour is a rolling one.
const NEAR_HOLDS: SignedDuration = SignedDuration::from_mins(10);

/// If we have spent less than this percentage of the limit and Bitbucket still reports that it is near, another program
/// shares the credential. Bitbucket does not document its threshold; others have seen 80 percent. This is below it, so
/// that our own calls are rarely taken for others'.
const OWN_PERCENT: u32 = 75;

/// The newest rate-limit headers for an account. Kept with its budget.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct NamedLimit {
    /// Time of the answer.
    pub at: Timestamp,
    /// Calls allowed in any hour, if Bitbucket named a number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calls_per_hour: Option<u32>,
    /// True if Bitbucket reported that most of them were spent.
    #[serde(default)]
    pub near: bool,
}

impl NamedLimit {
    /// Combines an answer at `now` with the earlier ones. A number stays valid without repetition; "near" has to be
    /// repeated.
    pub fn after(earlier: Option<Self>, reported: RateLimit, now: Timestamp) -> Self {
        let calls_per_hour = earlier.and_then(|earlier| earlier.calls_per_hour(now));
        Self {
            at: now,
            calls_per_hour: reported.calls_per_hour.or(calls_per_hour),
            near: reported.near_limit.unwrap_or(false),
        }
    }

    /// The calls allowed in any hour, if the number is still valid.
    pub fn calls_per_hour(&self, now: Timestamp) -> Option<u32> {
        self.calls_per_hour.filter(|_| now.duration_since(self.at) < LIMIT_HOLDS)
    }

    /// True if another program spends calls of the same credential: the limit is near, and our `spent` calls do not
    /// explain it. `limit` is our own, for when Bitbucket named no number.
    pub fn is_near_by_others(&self, now: Timestamp, spent: u32, limit: u32) -> bool {
        let named = u64::from(self.calls_per_hour(now).unwrap_or(limit));
        let is_near = self.near && now.duration_since(self.at) < NEAR_HOLDS;
        is_near && u64::from(spent) * 100 < named * u64::from(OWN_PERCENT)
    }

    /// Time after which none of this is valid.
    pub(crate) fn forgotten_at(&self) -> Timestamp {
        self.at.saturating_add(LIMIT_HOLDS).unwrap_or(Timestamp::MAX)
    }
}
