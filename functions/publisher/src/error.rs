//! Reasons why a record was not published.

use bitbucket::Category;

/// Reason why a record was not published. No message contains a payload, nor AWS's message: a validation error repeats
/// the input.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// An environment variable is missing or empty.
    #[error("{name} must be set")]
    Configuration {
        /// The variable.
        name: &'static str,
    },
    /// The limit of an entry is out of bounds.
    #[error("BITRELAY_MAX_ENTRY_BYTES must be between {lowest} and {highest}, not {given:?}")]
    EntryLimit {
        /// The lowest limit.
        lowest: usize,
        /// The highest limit.
        highest: usize,
        /// The given value.
        given: String,
    },
    /// A record of the stream is malformed, or its item claims to be an event and is not.
    #[error("malformed stream record: {0}")]
    RecordInvalid(String),
    /// The bus has no entry of the event.
    #[error(transparent)]
    Bus(#[from] bus::Error),
    /// The dead-letter queue did not take a message: AWS's error code.
    #[error("the dead-letter queue did not take the message: {0}")]
    DeadLetterRefused(String),
}

impl Error {
    /// Equivalent HTTP status: 4xx is permanent, 5xx may pass.
    pub fn status(&self) -> u16 {
        match self {
            Self::Configuration { .. } | Self::EntryLimit { .. } => 500,
            Self::RecordInvalid(_) => 422,
            Self::Bus(error) => error.status(),
            Self::DeadLetterRefused(_) => 503,
        }
    }

    /// True if the same record may be published later.
    pub fn retryable(&self) -> bool {
        match self {
            Self::Configuration { .. } | Self::EntryLimit { .. } | Self::RecordInvalid(_) => false,
            Self::Bus(error) => error.retryable(),
            Self::DeadLetterRefused(_) => true,
        }
    }

    /// The kind of failure.
    pub fn category(&self) -> Category {
        match self {
            Self::Configuration { .. } | Self::EntryLimit { .. } | Self::RecordInvalid(_) => {
                Category::Internal
            }
            Self::Bus(error) => error.category(),
            Self::DeadLetterRefused(_) => Category::Upstream,
        }
    }

    /// Short name for logs and dead letters: AWS's error code if there is one.
    pub fn code(&self) -> &str {
        match self {
            Self::Configuration { .. } | Self::EntryLimit { .. } => "Configuration",
            Self::RecordInvalid(_) => "RecordInvalid",
            Self::Bus(error) => error.code(),
            Self::DeadLetterRefused(_) => "DeadLetterRefused",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_may_pass_is_tried_again() {
        let entry_limit = Error::EntryLimit { lowest: 1, highest: 2, given: String::new() };
        for (error, status, retryable) in [
            (Error::Configuration { name: "X" }, 500, false),
            (entry_limit, 500, false),
            (Error::RecordInvalid(String::new()), 422, false),
            (Error::DeadLetterRefused(String::new()), 503, true),
        ] {
            assert_eq!((error.status(), error.retryable()), (status, retryable), "{error}");
        }
        let late = bus::Error::OutOfTime;
        let (status, retryable) = (late.status(), late.retryable());
        let error = Error::from(late);
        assert_eq!((error.status(), error.retryable()), (status, retryable));
    }
}
