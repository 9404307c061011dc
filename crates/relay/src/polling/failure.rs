//! Failed polls: what a failure ends or delays, and for how long.

use jiff::SignedDuration;

use crate::observation::Observation;

/// Pause after a 429 without `Retry-After`; a rolling window frees calls minute by minute.
const PAUSE_AFTER_RATE_LIMIT: SignedDuration = SignedDuration::from_secs(120);

/// Limit for `Retry-After`.
const MAX_RETRY_AFTER_SECONDS: u64 = 3_600;

/// The failure of a poll, as far as the poller reacts to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// Bitbucket answered with an error.
    Status {
        /// The HTTP status.
        status: u16,
        /// Seconds that `Retry-After` asked for.
        retry_after_seconds: Option<u64>,
    },
    /// The link, its credential or the path of its repository is missing.
    Unconfigured,
    /// The link does not name the repository, and nobody signed the delivery that did.
    NotNamed,
    /// The repository of the subject has been refused for long.
    RepositoryRefused,
    /// Bitbucket or the table could not be reached, or no token could be had.
    Unavailable,
    /// The run's calls are spent; no request was sent.
    OutOfCalls,
    /// Anything else.
    Other,
}

/// The part of the work that a failure concerns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Consequence {
    /// The watch is stored again, later: such an answer can be wrong, and access can come back.
    PostponesWatch,
    /// No other subject of the link can be polled now either.
    PausesLink,
    /// Only this subject is paused.
    PausesSubject,
}

impl Failure {
    /// The consequence of the failure.
    pub const fn consequence(self) -> Consequence {
        match self {
            Self::Status { status: 403 | 404 | 410, .. }
            | Self::Unconfigured
            | Self::NotNamed
            | Self::RepositoryRefused => Consequence::PostponesWatch,
            Self::Status { status: 401 | 429, .. } | Self::Unavailable => Consequence::PausesLink,
            Self::Status { .. } | Self::OutOfCalls | Self::Other => Consequence::PausesSubject,
        }
    }

    /// The shortest pause after the failure: what Bitbucket asks for, within reason.
    pub fn least_pause(self) -> SignedDuration {
        match self {
            Self::Status { retry_after_seconds: Some(seconds), .. } => {
                SignedDuration::from_secs(seconds.min(MAX_RETRY_AFTER_SECONDS).cast_signed())
            }
            Self::Status { status: 429, .. } => PAUSE_AFTER_RATE_LIMIT,
            _ => SignedDuration::ZERO,
        }
    }

    /// True if Bitbucket answered that the credential made too many calls: every link that shares it pauses.
    pub const fn is_rate_limit(self) -> bool {
        matches!(self, Self::Status { status: 429, .. })
    }

    /// The observation to store for the subject whose poll failed so.
    pub const fn observation(self) -> Observation {
        match self {
            Self::NotNamed => Observation::NotNamed,
            _ => Observation::Refused,
        }
    }

    /// True if the API refused the credential: a new token may help.
    pub const fn is_credential_refused(self) -> bool {
        matches!(self, Self::Status { status: 401, .. })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(status: u16) -> Failure {
        Failure::Status { status, retry_after_seconds: None }
    }

    #[test]
    fn status_says_what_a_failure_concerns() {
        for (code, is_rate_limit, is_credential_refused) in
            [(401, false, true), (403, false, false), (429, true, false), (500, false, false)]
        {
            let failure = status(code);
            let found = (failure.is_rate_limit(), failure.is_credential_refused());
            assert_eq!(found, (is_rate_limit, is_credential_refused), "{code}");
        }
        assert!(!Failure::Unavailable.is_rate_limit() && !Failure::Unavailable.is_credential_refused());
    }

    #[test]
    fn subject_that_is_not_named_is_not_refused() {
        assert!(matches!(Failure::NotNamed.observation(), Observation::NotNamed));
        assert!(matches!(status(404).observation(), Observation::Refused));
    }
}
