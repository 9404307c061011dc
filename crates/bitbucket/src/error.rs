//! Errors of this crate, and the categories of errors in all crates.

/// Category of an error. Every crate maps its errors to these; exit codes, metrics and alarms use them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Category {
    /// The input is invalid or not allowed. Retrying does not help.
    Input,
    /// A signature, token or scope was refused.
    Auth,
    /// The requested thing does not exist, or the credential may not see it.
    NotFound,
    /// A limit of Bitbucket, AWS or bitrelay was reached.
    Limit,
    /// The server could not be reached, or did not answer in time.
    Network,
    /// The server sent an error or an invalid answer.
    Upstream,
    /// The table or the secret store failed.
    Storage,
    /// A defect or a wrong configuration of bitrelay.
    Internal,
}

impl Category {
    /// Returns the name of the category in logs and metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Input => "input",
            Self::Auth => "auth",
            Self::NotFound => "not_found",
            Self::Limit => "limit",
            Self::Network => "network",
            Self::Upstream => "upstream",
            Self::Storage => "storage",
            Self::Internal => "internal",
        }
    }
}

/// Error of this crate. No message contains a secret, a token, a signature or a body.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The `X-Hub-Signature` header is missing.
    #[error("the request is not signed: it has no X-Hub-Signature header")]
    SignatureMissing,
    /// The header occurs twice, or is not `sha256=` with 64 lower-case hex digits.
    #[error("the X-Hub-Signature header is not exactly one `sha256=` with 64 lower-case hex digits")]
    SignatureMalformed,
    /// No valid secret of the link matches the signature.
    #[error("the signature does not match the body")]
    SignatureMismatch,
    /// The webhook secret is empty.
    #[error("a webhook secret must not be empty")]
    SecretEmpty,
    /// The webhook secret is longer than Bitbucket allows.
    #[error("a webhook secret has at most {max_chars} characters")]
    SecretTooLong {
        /// Bitbucket's limit.
        max_chars: usize,
    },
    /// The `X-Event-Key` header is missing or invalid.
    #[error("the X-Event-Key header is missing or not an event key")]
    EventKeyInvalid,
    /// The `X-Event-Key` header has a key of bitrelay's own, for changes that Bitbucket does not report.
    #[error("the X-Event-Key header is {0}, which Bitbucket never sends")]
    EventKeyNotReported(String),
    /// The body is not JSON.
    #[error("the body is not JSON: line {line}, column {column}")]
    NotJson {
        /// Line of the first offending character, from 1.
        line: usize,
        /// Column of the first offending character, from 1.
        column: usize,
    },
    /// The body is JSON, but not an object.
    #[error("the body is JSON but not an object")]
    NotAnObject,
    /// The body has more levels of objects and arrays than could be read back from the table.
    #[error("the body has more than {levels} levels of objects and arrays")]
    NestedTooDeep {
        /// The limit.
        levels: usize,
    },
    /// The REST API answered with an error.
    #[error("Bitbucket answered {status} to {operation}: {message}")]
    Api {
        /// The call, such as `list comments`.
        operation: &'static str,
        /// The HTTP status.
        status: u16,
        /// Bitbucket's message, shortened.
        message: String,
        /// Value of `Retry-After`, if the answer had one.
        retry_after_seconds: Option<u64>,
    },
    /// The REST API could not be reached, or did not answer in time.
    #[error("Bitbucket could not be reached for {operation}: {reason}")]
    Unreachable {
        /// The call.
        operation: &'static str,
        /// Reason in plain text.
        reason: String,
    },
    /// The answer of the REST API does not match its documentation.
    #[error("Bitbucket's answer to {operation} is invalid: {reason}")]
    AnswerInvalid {
        /// The call.
        operation: &'static str,
        /// Reason in plain text.
        reason: &'static str,
    },
    /// The answer of the REST API is too large to read.
    #[error("Bitbucket's answer to {operation} is larger than {max_bytes} bytes")]
    AnswerTooLarge {
        /// The call.
        operation: &'static str,
        /// The limit.
        max_bytes: usize,
    },
    /// The caller may make no more API calls. Nothing was sent.
    #[error("this run has no API call left for {operation}")]
    AllowanceSpent {
        /// The call.
        operation: &'static str,
    },
    /// Bitbucket refused the authorization code or the refresh token: it was used, revoked, or unused for three months.
    /// A person has to authorize the consumer again.
    #[error("Bitbucket refused {operation}: {code}; authorize the OAuth consumer again")]
    GrantRefused {
        /// The call.
        operation: &'static str,
        /// Error code of RFC 6749.
        code: &'static str,
    },
    /// Bitbucket does not know the OAuth consumer, or it lacks a permission.
    #[error(
        "Bitbucket refused {operation}: {code}; check key, secret, callback URL and permissions of the OAuth consumer"
    )]
    ConsumerRefused {
        /// The call.
        operation: &'static str,
        /// Error code of RFC 6749.
        code: &'static str,
    },
    /// The base URL of the API or a setting of the client is invalid.
    #[error("invalid configuration of the Bitbucket API: {0}")]
    Configuration(String),
}

impl Error {
    /// HTTP status of a webhook request that fails with this error. Bitbucket resends on 5xx only
    /// (<https://support.atlassian.com/bitbucket-cloud/docs/troubleshoot-webhooks/>).
    pub const fn status(&self) -> u16 {
        match self {
            Self::SignatureMissing | Self::SignatureMalformed | Self::SignatureMismatch => 401,
            Self::EventKeyInvalid
            | Self::EventKeyNotReported(_)
            | Self::NotJson { .. }
            | Self::NotAnObject
            | Self::NestedTooDeep { .. } => 400,
            Self::SecretEmpty
            | Self::SecretTooLong { .. }
            | Self::Configuration(_)
            | Self::GrantRefused { .. }
            | Self::ConsumerRefused { .. } => 500,
            Self::Api { .. }
            | Self::Unreachable { .. }
            | Self::AnswerInvalid { .. }
            | Self::AnswerTooLarge { .. }
            | Self::AllowanceSpent { .. } => 503,
        }
    }

    /// True if the same attempt may succeed later.
    pub const fn retryable(&self) -> bool {
        match self {
            Self::Api { status, .. } => matches!(*status, 401 | 408 | 429 | 500..=599),
            Self::Unreachable { .. } | Self::AllowanceSpent { .. } | Self::AnswerInvalid { .. } => true,
            _ => false,
        }
    }

    /// Category of the error.
    pub const fn category(&self) -> Category {
        match self {
            Self::SignatureMissing
            | Self::SignatureMalformed
            | Self::SignatureMismatch
            | Self::GrantRefused { .. } => Category::Auth,
            Self::EventKeyInvalid
            | Self::EventKeyNotReported(_)
            | Self::NotJson { .. }
            | Self::NotAnObject
            | Self::NestedTooDeep { .. } => Category::Input,
            Self::SecretEmpty
            | Self::SecretTooLong { .. }
            | Self::Configuration(_)
            | Self::ConsumerRefused { .. } => Category::Internal,
            Self::Api { status, .. } => match *status {
                401 | 403 => Category::Auth,
                404 | 410 => Category::NotFound,
                429 => Category::Limit,
                _ => Category::Upstream,
            },
            Self::Unreachable { .. } => Category::Network,
            Self::AnswerInvalid { .. } => Category::Upstream,
            Self::AnswerTooLarge { .. } | Self::AllowanceSpent { .. } => Category::Limit,
        }
    }
}
