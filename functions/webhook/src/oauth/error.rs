//! Everything that can be wrong while a person authorizes.

use bitbucket::Category;
use store::authorization::{AuthorizationError, Refusal};

/// Why an authorization did not come about. No message holds a nonce, a state, a code or a token.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The address is not one that was given out: it is cut short, too long, or has a part twice.
    #[error("the address cannot be used: {0}")]
    Address(&'static str),
    /// The nonce or the state is not one that is waited for. Why is for the log: a stranger is told no difference between a
    /// link that does not exist and a nonce that is wrong.
    #[error("the nonce or the state was refused: {0}")]
    Refused(&'static str),
    /// The person said no.
    #[error("the person did not grant access")]
    Denied,
    /// Bitbucket came back with another error than a no.
    #[error("Bitbucket came back with an error")]
    NotGranted,
    /// The link has no OAuth consumer that a person could allow.
    #[error("the link has no credential of the type app-oauth")]
    NoConsumer,
    /// The consumer may not ask who authorized it.
    #[error("the consumer lacks the permission Account: Read")]
    AccountUnreadable,
    /// Bitbucket did not answer, or not as it should.
    #[error(transparent)]
    Bitbucket(#[from] bitbucket::Error),
    /// The table or the secrets failed.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// All of it took too long.
    #[error("it was not done in time")]
    Timeout,
    /// Not a GET.
    #[error("only GET is accepted here")]
    Method,
    /// A setting cannot be used.
    #[error("the setting {0} cannot be used")]
    Setting(&'static str),
}

impl Error {
    /// The HTTP status.
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

    /// Whether another attempt, from its beginning, may succeed without anybody changing anything.
    pub const fn retryable(&self) -> bool {
        self.status() >= 500 && !matches!(self, Self::Setting(_))
    }

    /// The kind of failure.
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
            AuthorizationError::Refused(Refusal::NotAwaited) => {
                Self::Refused("nothing like it is waited for")
            }
            AuthorizationError::Refused(Refusal::Mismatch) => Self::Refused("it is not what is waited for"),
            AuthorizationError::Refused(Refusal::Expired) => Self::Refused("it came too late"),
        }
    }
}
