//! Errors of the OAuth pages.

use bitbucket::Category;
use store::authorization::AuthorizationError;

/// Reason why an authorization failed. No message contains a nonce, a state, a code or a token.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The URL is incomplete, too long, or has a duplicate parameter.
    #[error("invalid address: {0}")]
    Address(&'static str),
    /// The nonce or the state is not valid. Only the log has the reason: a stranger must not learn if a link exists.
    #[error("the nonce or the state was refused: {0}")]
    Refused(String),
    /// The person denied access.
    #[error("the person denied access")]
    Denied,
    /// Bitbucket redirected with an error other than a denial.
    #[error("Bitbucket redirected with an error")]
    NotGranted,
    /// The link has no OAuth consumer that a person can authorize.
    #[error("the link has no credential of the type app-oauth")]
    NoConsumer,
    /// The consumer may not read the account of the person.
    #[error("the consumer lacks the permission Account: Read")]
    AccountUnreadable,
    /// A call of Bitbucket failed.
    #[error(transparent)]
    Bitbucket(#[from] bitbucket::Error),
    /// The table or the secret store failed.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// The page took too long.
    #[error("the page could not be served in time")]
    Timeout,
    /// The method is not GET.
    #[error("only GET is accepted")]
    Method,
    /// A setting is missing or invalid.
    #[error("the setting {0} is missing or invalid")]
    Setting(&'static str),
}

impl Error {
    /// HTTP status of the page.
    pub const fn status(&self) -> u16 {
        match self {
            Self::Address(_)
            | Self::NotGranted
            | Self::Bitbucket(
                bitbucket::Error::GrantRefused { .. } | bitbucket::Error::ConsumerRefused { .. },
            ) => 400,
            Self::Refused(_) | Self::Denied | Self::AccountUnreadable => 403,
            Self::Method => 405,
            Self::NoConsumer => 409,
            Self::Bitbucket(error) => error.status(),
            Self::Store(error) => error.status(),
            Self::Timeout => 503,
            Self::Setting(_) => 500,
        }
    }

    /// Category of the error.
    pub const fn category(&self) -> Category {
        match self {
            Self::Address(_) | Self::Method => Category::Input,
            Self::Refused(_) | Self::Denied | Self::NotGranted | Self::AccountUnreadable => Category::Auth,
            Self::NoConsumer | Self::Setting(_) => Category::Internal,
            Self::Bitbucket(error) => error.category(),
            Self::Store(error) => error.category(),
            Self::Timeout => Category::Network,
        }
    }
}

impl From<AuthorizationError> for Error {
    fn from(error: AuthorizationError) -> Self {
        match error {
            AuthorizationError::Store(error) => Self::Store(error),
            AuthorizationError::Refused(refusal) => Self::Refused(refusal.to_string()),
        }
    }
}
