//! Calls a run, time a run.

use jiff::SignedDuration;

use crate::Error;

/// What one run may spend.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PollerSettings {
    /// The most API calls that one run makes with one link's credential. Default 16: with a run a minute that is 960 an
    /// hour, under the 1,000 that Bitbucket allows a user in any rolling hour
    /// (<https://support.atlassian.com/bitbucket-cloud/docs/api-request-limits/>).
    pub max_calls_per_run: u32,
    /// How long a run goes on while something is hot. Default 55 seconds: it ends before the next one starts.
    pub run: SignedDuration,
    /// How far apart passes are at least. Default 2 seconds.
    pub pass_spacing: SignedDuration,
}

impl Default for PollerSettings {
    fn default() -> Self {
        Self {
            max_calls_per_run: 16,
            run: SignedDuration::from_secs(55),
            pass_spacing: SignedDuration::from_secs(2),
        }
    }
}

impl PollerSettings {
    /// Reads `BITRELAY_MAX_CALLS_PER_RUN` through `lookup`; what is missing keeps its default.
    ///
    /// # Errors
    ///
    /// [`Error::Setting`] for a value out of its bounds.
    pub fn from_environment(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, Error> {
        let (name, max) = ("BITRELAY_MAX_CALLS_PER_RUN", 10_000);
        let default = Self::default();
        let Some(given) = lookup(name) else { return Ok(default) };
        let parsed = given.parse().ok().filter(|calls| (1..=max).contains(calls));
        Ok(Self { max_calls_per_run: parsed.ok_or(Error::Setting { name, max, given })?, ..default })
    }
}
