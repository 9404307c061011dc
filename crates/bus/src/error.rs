//! Reasons why an event is not on the bus.

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

/// Reason why an event is not on the bus. No message contains a payload, nor AWS's message: a validation error repeats
/// the input.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The event cannot be written as JSON.
    #[error("the event has no form in JSON: {0}")]
    EntryInvalid(String),
    /// The event is too large for the bus even without its payload.
    #[error("the entry has {bytes} bytes without its payload; the limit is {max_bytes}")]
    EntryTooLarge {
        /// Size of the entry.
        bytes: usize,
        /// Largest entry that is sent, see [`crate::entry::MAX_ENTRY_BYTES`].
        max_bytes: usize,
    },
    /// The bus refused an entry, alone or with its whole request.
    #[error("the bus refused the entry: {code}")]
    BusRefused {
        /// AWS's error code.
        code: String,
    },
    /// The bus could not be reached, did not answer in time, or its answer could not be read.
    #[error("no usable answer from the bus: {0}")]
    BusUnreachable(&'static str),
    /// The answer does not fit the request, so all of it is ignored.
    #[error("the bus returned {answered} results for {asked} entries")]
    BusAnswerInvalid {
        /// Number of entries sent.
        asked: usize,
        /// Number of results received.
        answered: usize,
    },
    /// The deadline is too close for another call; nothing was sent.
    #[error("no time is left for another call of the bus")]
    OutOfTime,
}

impl Error {
    /// Equivalent HTTP status: 4xx is permanent, 5xx may pass.
    pub fn status(&self) -> u16 {
        match self {
            Self::EntryInvalid(_) => 422,
            Self::EntryTooLarge { .. } => 413,
            Self::BusRefused { .. } if !self.retryable() => 400,
            Self::BusRefused { .. }
            | Self::BusUnreachable(_)
            | Self::BusAnswerInvalid { .. }
            | Self::OutOfTime => 503,
        }
    }

    /// True if the same event may be published later.
    pub fn retryable(&self) -> bool {
        match self {
            Self::EntryInvalid(_) | Self::EntryTooLarge { .. } => false,
            Self::BusRefused { code } => !PERMANENT_CODES.contains(&code.as_str()),
            Self::BusUnreachable(_) | Self::BusAnswerInvalid { .. } | Self::OutOfTime => true,
        }
    }

    /// The kind of failure.
    pub fn category(&self) -> Category {
        match self {
            Self::EntryInvalid(_) => Category::Internal,
            Self::EntryTooLarge { .. } | Self::OutOfTime => Category::Limit,
            Self::BusUnreachable(_) => Category::Network,
            Self::BusRefused { code } if code.starts_with("Throttling") => Category::Limit,
            Self::BusRefused { code } if code.contains("AccessDenied") || code.contains("NotAuthorized") => {
                Category::Auth
            }
            Self::BusRefused { .. } | Self::BusAnswerInvalid { .. } => Category::Upstream,
        }
    }

    /// Short name for logs and dead letters: AWS's error code if there is one.
    pub fn code(&self) -> &str {
        match self {
            Self::EntryInvalid(_) => "EntryInvalid",
            Self::EntryTooLarge { .. } => "EntryTooLarge",
            Self::BusRefused { code } => code,
            Self::BusUnreachable(_) => "BusUnreachable",
            Self::BusAnswerInvalid { .. } => "BusAnswerInvalid",
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
