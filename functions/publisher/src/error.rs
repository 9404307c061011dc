//! Reasons why a record was not published.

use bitbucket::Category;

/// Error codes of entries that the bus will always refuse
/// (<https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEventsResultEntry.html> and
/// <https://docs.aws.amazon.com/eventbridge/latest/APIReference/CommonErrors.html>). AWS also calls permission errors
/// not retryable. They are retried here, because the policy is wrong and not the event. Unknown codes are retried too.
const PERMANENT_CODES: [&str; 6] = [
    "InvalidArgument",
    "InvalidParameterCombination",
    "InvalidParameterValue",
    "MalformedDetail",
    "ValidationError",
    "ValidationException",
];

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
    /// The event is too large for the bus even without its payload.
    #[error("the entry has {bytes} bytes without its payload; the limit is {max_bytes}")]
    EntryTooLarge {
        /// Size of the entry.
        bytes: usize,
        /// Largest entry that is sent, see [`crate::entry::EntryLimit`].
        max_bytes: usize,
    },
    /// The bus refused an entry, alone or with its whole request.
    #[error("the bus refused the entry: {code}")]
    BusRefused {
        /// AWS's error code.
        code: String,
    },
    /// The bus could not be reached, or did not answer in time.
    #[error("no answer from the bus: {0}")]
    BusUnreachable(&'static str),
    /// The answer does not fit the request, so all of it is ignored.
    #[error("the bus returned {answered} results for {asked} entries")]
    BusAnswerInvalid {
        /// Number of entries sent.
        asked: usize,
        /// Number of results received.
        answered: usize,
    },
    /// The dead-letter queue did not take a message: AWS's error code.
    #[error("the dead-letter queue did not take the message: {0}")]
    DeadLetterRefused(String),
    /// The deadline of the invocation is too close for another call; nothing was sent.
    #[error("the invocation has no time left")]
    OutOfTime,
}

impl Error {
    /// Equivalent HTTP status: 4xx is permanent, 5xx may pass.
    pub fn status(&self) -> u16 {
        match self {
            Self::Configuration { .. } | Self::EntryLimit { .. } => 500,
            Self::RecordInvalid(_) => 422,
            Self::EntryTooLarge { .. } => 413,
            Self::BusRefused { .. } if !self.retryable() => 400,
            Self::BusRefused { .. }
            | Self::BusUnreachable(_)
            | Self::BusAnswerInvalid { .. }
            | Self::DeadLetterRefused(_)
            | Self::OutOfTime => 503,
        }
    }

    /// True if the same record may be published later.
    pub fn retryable(&self) -> bool {
        match self {
            Self::Configuration { .. }
            | Self::EntryLimit { .. }
            | Self::RecordInvalid(_)
            | Self::EntryTooLarge { .. } => false,
            Self::BusRefused { code } => !PERMANENT_CODES.contains(&code.as_str()),
            Self::BusUnreachable(_)
            | Self::BusAnswerInvalid { .. }
            | Self::DeadLetterRefused(_)
            | Self::OutOfTime => true,
        }
    }

    /// The kind of failure.
    pub fn category(&self) -> Category {
        match self {
            Self::Configuration { .. } | Self::EntryLimit { .. } | Self::RecordInvalid(_) => {
                Category::Internal
            }
            Self::EntryTooLarge { .. } | Self::OutOfTime => Category::Limit,
            Self::BusUnreachable(_) => Category::Network,
            Self::BusRefused { code } if code.starts_with("Throttling") => Category::Limit,
            Self::BusRefused { code } if code.contains("AccessDenied") || code.contains("NotAuthorized") => {
                Category::Auth
            }
            Self::BusRefused { .. } | Self::BusAnswerInvalid { .. } | Self::DeadLetterRefused(_) => {
                Category::Upstream
            }
        }
    }

    /// Short name for logs and dead letters: AWS's error code if there is one.
    pub fn code(&self) -> &str {
        match self {
            Self::Configuration { .. } | Self::EntryLimit { .. } => "Configuration",
            Self::RecordInvalid(_) => "RecordInvalid",
            Self::EntryTooLarge { .. } => "EntryTooLarge",
            Self::BusRefused { code } => code,
            Self::BusUnreachable(_) => "BusUnreachable",
            Self::BusAnswerInvalid { .. } => "BusAnswerInvalid",
            Self::DeadLetterRefused(_) => "DeadLetterRefused",
            Self::OutOfTime => "OutOfTime",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(code: &str) -> Error {
        Error::BusRefused { code: code.to_owned() }
    }

    #[test]
    fn invalid_events_are_permanent_and_outages_are_retryable() {
        for code in ["MalformedDetail", "InvalidArgument", "ValidationException"] {
            assert!(!refused(code).retryable(), "{code}");
            assert_eq!(refused(code).status(), 400, "{code}");
        }
        for code in [
            "ThrottlingException",
            "InternalFailure",
            "InternalException",
            "AccessDeniedException",
            "NeverSeen",
        ] {
            assert!(refused(code).retryable(), "{code}");
            assert_eq!(refused(code).status(), 503, "{code}");
        }
        assert_eq!(refused("ThrottlingException").category(), Category::Limit);
        assert_eq!(refused("NotAuthorizedForSourceException").category(), Category::Auth);
    }
}
