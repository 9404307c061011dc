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
    /// How long a poll may go on after the run's end. Default 8 seconds: what hangs for longer is cut off and stays due.
    pub overtime: SignedDuration,
}

impl Default for PollerSettings {
    fn default() -> Self {
        Self {
            max_calls_per_run: 16,
            run: SignedDuration::from_secs(55),
            pass_spacing: SignedDuration::from_secs(2),
            overtime: SignedDuration::from_secs(8),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_set_keeps_its_default_and_nonsense_is_refused_by_name() {
        assert_eq!(PollerSettings::from_environment(|_| None).unwrap(), PollerSettings::default());
        let set = |given: &'static str| PollerSettings::from_environment(move |_| Some(given.to_owned()));
        assert_eq!(set("40").unwrap().max_calls_per_run, 40);
        for nonsense in ["0", "10001", "-1", "many", ""] {
            let error = set(nonsense).unwrap_err().to_string();
            assert!(error.starts_with("BITRELAY_MAX_CALLS_PER_RUN must be between 1 and 10000"), "{error}");
        }
    }
}
