//! Limits of one run: calls, links and time.

use jiff::SignedDuration;
use relay::budget::DEFAULT_CALLS_PER_HOUR;

use crate::error::Error;

/// The most watches of one shard that are read: so many patient ones, and as many of the others.
pub(crate) const MAX_WATCHES_READ: usize = 20_000;

/// Limits of one run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PollerSettings {
    /// The most API calls with one credential in any rolling hour, by all links that share it. Default
    /// [`DEFAULT_CALLS_PER_HOUR`].
    pub calls_per_hour: u32,
    /// The most API calls of one run for one link, even if more of the hour's budget is left. Default 120.
    pub max_calls_per_run: u32,
    /// The most links that one run polls at a time. If more have due watches, their shards go to other invocations.
    /// Default 100: see "How many links one function serves" in docs/POLLING.md.
    pub links_per_run: u32,
    /// True if the builds and the size of each new head are read, while calls are ample: three calls a push. Default
    /// true.
    pub read_heads: bool,
    /// The longest time of a run. Default 55 seconds: it ends before the next one starts.
    pub run: SignedDuration,
    /// The shortest time between two passes. Default 2 seconds.
    pub pass_spacing: SignedDuration,
    /// The time that a poll under way gets after the run's end. Default 8 seconds; a longer poll is cut off and stays
    /// due.
    pub overtime: SignedDuration,
}

impl Default for PollerSettings {
    fn default() -> Self {
        Self {
            calls_per_hour: DEFAULT_CALLS_PER_HOUR,
            max_calls_per_run: 120,
            links_per_run: 100,
            read_heads: true,
            run: SignedDuration::from_secs(55),
            pass_spacing: SignedDuration::from_secs(2),
            overtime: SignedDuration::from_secs(8),
        }
    }
}

impl PollerSettings {
    /// The most links polled at a time.
    pub(crate) fn links_at_once(&self) -> usize {
        usize::try_from(self.links_per_run).unwrap_or(usize::MAX).max(1)
    }

    /// Reads `BITRELAY_CALLS_PER_HOUR`, `BITRELAY_MAX_CALLS_PER_RUN` and `BITRELAY_LINKS_PER_RUN` through `lookup`; a
    /// missing variable keeps its default.
    ///
    /// # Errors
    ///
    /// [`Error::Setting`] for a value out of its bounds.
    pub fn from_environment(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, Error> {
        let max = 10_000;
        let read = |name, default| match lookup(name) {
            None => Ok(default),
            Some(given) => {
                let calls = given.parse().ok().filter(|calls| (1..=max).contains(calls));
                calls.ok_or(Error::Setting { name, max, given })
            }
        };
        let default = Self::default();
        Ok(Self {
            calls_per_hour: read("BITRELAY_CALLS_PER_HOUR", default.calls_per_hour)?,
            max_calls_per_run: read("BITRELAY_MAX_CALLS_PER_RUN", default.max_calls_per_run)?,
            links_per_run: read("BITRELAY_LINKS_PER_RUN", default.links_per_run)?,
            ..default
        })
    }
}
