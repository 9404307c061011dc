//! Why a record is not on the bus.

use bitbucket::Category;

/// Error codes after which the same entry is refused again, whatever is done outside
/// (<https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEventsResultEntry.html> and
/// <https://docs.aws.amazon.com/eventbridge/latest/APIReference/CommonErrors.html>). Codes about permissions are not
/// among them, although AWS calls them not retryable: it is the policy that is wrong then and not the event, and a
/// repaired policy heals them. A code that is not on this list is taken to pass.
const PERMANENT_CODES: [&str; 6] = [
    "InvalidArgument",
    "InvalidParameterCombination",
    "InvalidParameterValue",
    "MalformedDetail",
    "ValidationError",
    "ValidationException",
];

/// Everything that keeps a record from the bus. No message holds a payload: the words of AWS are left out on purpose,
/// because those of a failed validation repeat what was sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// An environment variable is missing or empty.
    #[error("{name} must be set")]
    Configuration {
        /// The variable.
        name: &'static str,
    },
    /// A record of the stream cannot be read, or its item is not the event that it says it is.
    #[error("the stream record cannot be read: {0}")]
    RecordInvalid(String),
    /// An event is too large for the bus even without its payload.
    #[error("the entry has {bytes} bytes without its payload, the bus takes {max_bytes}")]
    EntryTooLarge {
        /// The size of the entry.
        bytes: usize,
        /// The largest that is sent.
        max_bytes: usize,
    },
    /// The bus refused an entry, alone or with its whole request.
    #[error("the bus refused the entry: {code}")]
    BusRefused {
        /// AWS's error code.
        code: String,
    },
    /// The bus was not reached, or did not answer in time.
    #[error("the bus was not reached: {0}")]
    BusUnreachable(&'static str),
    /// The answer of the bus does not fit the request: nothing in it is believed.
    #[error("the bus answered with {answered} results for {asked} entries")]
    BusAnswerInvalid {
        /// Entries sent.
        asked: usize,
        /// Results received.
        answered: usize,
    },
    /// The dead-letter queue did not take a message.
    #[error("the dead-letter queue did not take the message: {0}")]
    DeadLetterRefused(String),
    /// The invocation's time is used up; nothing was sent.
    #[error("no time is left in this invocation")]
    OutOfTime,
}

impl Error {
    /// The status that stands for this in HTTP's terms: 4xx never passes by itself, 5xx may.
    pub fn status(&self) -> u16 {
        match self {
            Self::Configuration { .. } => 500,
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

    /// Whether the same record may reach the bus later.
    pub fn retryable(&self) -> bool {
        match self {
            Self::Configuration { .. } | Self::RecordInvalid(_) | Self::EntryTooLarge { .. } => false,
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
            Self::Configuration { .. } | Self::RecordInvalid(_) => Category::Internal,
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

    /// A short name for logs and dead letters: AWS's code where there is one.
    pub fn code(&self) -> &str {
        match self {
            Self::Configuration { .. } => "Configuration",
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
    fn what_is_wrong_with_the_event_never_passes_and_what_is_wrong_outside_may() {
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
