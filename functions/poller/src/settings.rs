//! Calls a run, time a run.

use jiff::SignedDuration;

use crate::Error;

/// What one run may spend.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PollerSettings {
    /// The most API calls that are made with one credential in any rolling hour, by all links that share it together. Default 900 of the 1,000 that
    /// Bitbucket allows a user (<https://support.atlassian.com/bitbucket-cloud/docs/api-request-limits/>); the rest is for the
    /// user's other programs.
    pub calls_per_hour: u32,
    /// The most API calls that one run makes with one link's credential, however much of the hour's budget is left.
    /// Default 120.
    pub max_calls_per_run: u32,
    /// How many links one run polls at once, and from how many on it hands their shards over to other invocations. Default 100:
    /// see "How many links one function serves" in docs/POLLING.md.
    pub links_per_run: u32,
    /// Whether the builds and the size of each new head are read: three calls a push, while calls are at hand. Default true.
    pub read_heads: bool,
    /// How long a run goes on while something is hot. Default 55 seconds: it ends before the next one starts.
    pub run: SignedDuration,
    /// How far apart passes are at least. Default 2 seconds.
    pub pass_spacing: SignedDuration,
    /// How long a poll may go on after the run's end. Default 8 seconds: what hangs for longer is cut off and stays due.
    pub overtime: SignedDuration,
}

impl Default for PollerSettings {
    fn default() -> Self {
        Self {
            calls_per_hour: 900,
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
    /// How many links are polled at once.
    pub(crate) fn links_at_once(&self) -> usize {
        usize::try_from(self.links_per_run).unwrap_or(usize::MAX).max(1)
    }

    /// Reads `BITRELAY_CALLS_PER_HOUR`, `BITRELAY_MAX_CALLS_PER_RUN` and `BITRELAY_LINKS_PER_RUN` through `lookup`; what is
    /// missing keeps its default.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_set_keeps_its_default_and_nonsense_is_refused_by_name() {
        assert_eq!(PollerSettings::from_environment(|_| None).unwrap(), PollerSettings::default());
        let set = |given: &'static str| PollerSettings::from_environment(move |_| Some(given.to_owned()));
        assert_eq!(set("40").unwrap().max_calls_per_run, 40);
        for refused in ["BITRELAY_CALLS_PER_HOUR", "BITRELAY_MAX_CALLS_PER_RUN", "BITRELAY_LINKS_PER_RUN"] {
            for nonsense in ["0", "10001", "-1", "many", ""] {
                let lookup = |name: &str| (name == refused).then(|| nonsense.to_owned());
                let error = PollerSettings::from_environment(lookup).unwrap_err().to_string();
                assert!(error.starts_with(&format!("{refused} must be between 1 and 10000")), "{error}");
            }
        }
    }
}
