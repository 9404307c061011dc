//! What can go wrong with something Bitbucket said, and what that means for the caller.

/// The kinds of failure that every crate of the project maps its errors to. Exit codes, metrics and alarms use these.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Category {
    /// What was sent cannot be understood or is not allowed: repeating it changes nothing.
    Input,
    /// A signature, token or scope was refused.
    Auth,
    /// What was asked for is not there, or may not be seen.
    NotFound,
    /// A limit was met: Bitbucket's, AWS's or our own.
    Limit,
    /// The other side could not be reached, or answered too late.
    Network,
    /// The other side answered, but not as it should.
    Upstream,
    /// The table or the secret store failed.
    Storage,
    /// A defect or a wrong configuration on our side.
    Internal,
}

impl Category {
    /// The category as it stands in logs and metrics.
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

/// Everything that can fail in this crate. No message holds a secret, a token, a signature or a body.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no `X-Hub-Signature` header.
    #[error("the request is not signed: it has no X-Hub-Signature header")]
    SignatureMissing,
    /// The header is there, but not exactly once and not exactly `sha256=` with 64 lower-case hex digits.
    #[error("the X-Hub-Signature header is not one `sha256=` with 64 lower-case hex digits")]
    SignatureMalformed,
    /// No valid secret of the link gives this signature.
    #[error("the signature does not match the body")]
    SignatureMismatch,
    /// A webhook secret was empty; an empty secret is not a secret.
    #[error("a webhook secret must not be empty")]
    SecretEmpty,
    /// A webhook secret is longer than Bitbucket allows.
    #[error("a webhook secret has at most {max} characters", max = crate::signature::MAX_SECRET_CHARS)]
    SecretTooLong,
    /// There is no usable `X-Event-Key` header.
    #[error("the X-Event-Key header is missing or is not an event key")]
    EventKeyInvalid,
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
    /// The REST API answered with an error.
    #[error("Bitbucket answered {status} to {operation}: {message}")]
    Api {
        /// What was asked, such as `list comments`.
        operation: &'static str,
        /// The HTTP status.
        status: u16,
        /// Bitbucket's own words, shortened.
        message: String,
        /// What `Retry-After` asked for, where the answer had one.
        retry_after_seconds: Option<u64>,
    },
    /// The REST API could not be reached, or answered too late.
    #[error("Bitbucket could not be reached for {operation}: {reason}")]
    Unreachable {
        /// What was asked.
        operation: &'static str,
        /// Why, in words.
        reason: String,
    },
    /// The REST API answered with something that is not what it documents.
    #[error("Bitbucket's answer to {operation} cannot be used: {reason}")]
    AnswerInvalid {
        /// What was asked.
        operation: &'static str,
        /// Why, in words.
        reason: &'static str,
    },
    /// The caller's allowance of API calls is spent; nothing was sent.
    #[error("no API call is left in this run's allowance for {operation}")]
    AllowanceSpent {
        /// What was to be asked.
        operation: &'static str,
    },
    /// Bitbucket does not take the authorization code or the refresh token any more: it was used, revoked, or not used for
    /// three months. Only a person can authorize again.
    #[error("Bitbucket refused {operation}: {code}; somebody has to authorize the OAuth consumer again")]
    GrantRefused {
        /// What was asked.
        operation: &'static str,
        /// The code of RFC 6749.
        code: &'static str,
    },
    /// Bitbucket does not know the OAuth consumer, or does not let it do this.
    #[error(
        "Bitbucket refused {operation}: {code}; check key, secret, callback URL and permissions of the OAuth consumer"
    )]
    ConsumerRefused {
        /// What was asked.
        operation: &'static str,
        /// The code of RFC 6749.
        code: &'static str,
    },
    /// The API's base URL or the client's settings cannot be used.
    #[error("the Bitbucket API cannot be used: {0}")]
    Configuration(String),
}

impl Error {
    /// The HTTP status a webhook request gets that fails with this. Bitbucket sends again on 5xx only
    /// (<https://support.atlassian.com/bitbucket-cloud/docs/troubleshoot-webhooks/>).
    pub const fn status(&self) -> u16 {
        match self {
            Self::SignatureMissing | Self::SignatureMalformed | Self::SignatureMismatch => 401,
            Self::EventKeyInvalid | Self::NotJson { .. } | Self::NotAnObject => 400,
            Self::SecretEmpty
            | Self::SecretTooLong
            | Self::Configuration(_)
            | Self::GrantRefused { .. }
            | Self::ConsumerRefused { .. } => 500,
            Self::Api { .. }
            | Self::Unreachable { .. }
            | Self::AnswerInvalid { .. }
            | Self::AllowanceSpent { .. } => 503,
        }
    }

    /// Whether the same attempt may succeed later.
    pub const fn retryable(&self) -> bool {
        match self {
            Self::Api { status, .. } => matches!(*status, 401 | 408 | 429 | 500..=599),
            Self::Unreachable { .. } | Self::AllowanceSpent { .. } | Self::AnswerInvalid { .. } => true,
            _ => false,
        }
    }

    /// The kind of failure.
    pub const fn category(&self) -> Category {
        match self {
            Self::SignatureMissing
            | Self::SignatureMalformed
            | Self::SignatureMismatch
            | Self::GrantRefused { .. } => Category::Auth,
            Self::EventKeyInvalid | Self::NotJson { .. } | Self::NotAnObject => Category::Input,
            Self::SecretEmpty
            | Self::SecretTooLong
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
            Self::AllowanceSpent { .. } => Category::Limit,
        }
    }
}
