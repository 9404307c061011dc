//! The limit that Bitbucket itself names for a credential, in the headers of its answers. Pure.

use bitbucket::RateLimit;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// How long a limit holds after it was named last. Only some credentials are told of one, and they can cease to be among them.
const LIMIT_HOLDS: SignedDuration = SignedDuration::from_hours(24);

/// How long "near the limit" holds after it was said last: the hour rolls on.
const NEAR_HOLDS: SignedDuration = SignedDuration::from_mins(10);

/// Whoever has spent less than this of the limit, in percent, has not brought Bitbucket near it alone. Bitbucket does not say from where on
/// it calls the limit near; others have seen 80 percent, and this is below it, so that our own calls are rarely taken for others'.
const OWN_PERCENT: u32 = 75;

/// What Bitbucket said last of an account's calls. Kept with the account's budget.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct NamedLimit {
    /// When it was said.
    pub at: Timestamp,
    /// How many calls are allowed in any hour, where Bitbucket named a number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calls_per_hour: Option<u32>,
    /// Whether most of them were spent.
    #[serde(default)]
    pub near: bool,
}

impl NamedLimit {
    /// What is known once Bitbucket has `said` so at `now`. A number that is not repeated stays; that the limit is near has to be
    /// said each time.
    pub fn after(earlier: Option<Self>, said: RateLimit, now: Timestamp) -> Self {
        let known = earlier.and_then(|earlier| earlier.calls_per_hour(now));
        Self {
            at: now,
            calls_per_hour: said.calls_per_hour.or(known),
            near: said.near_limit.unwrap_or(false),
        }
    }

    /// The calls that are allowed in any hour, as far as that still holds.
    pub fn calls_per_hour(&self, now: Timestamp) -> Option<u32> {
        self.calls_per_hour.filter(|_| now.duration_since(self.at) < LIMIT_HOLDS)
    }

    /// Whether somebody else spends calls of the same credential: the limit is near, and not because of what we have `spent`.
    /// `limit` is what we hold ourselves to, for where Bitbucket named no number.
    pub fn is_near_by_others(&self, now: Timestamp, spent: u32, limit: u32) -> bool {
        let named = u64::from(self.calls_per_hour(now).unwrap_or(limit));
        let is_near = self.near && now.duration_since(self.at) < NEAR_HOLDS;
        is_near && u64::from(spent) * 100 < named * u64::from(OWN_PERCENT)
    }

    /// When nothing of this holds any more.
    pub(crate) fn forgotten_at(&self) -> Timestamp {
        self.at.saturating_add(LIMIT_HOLDS).unwrap_or(Timestamp::MAX)
    }
}
