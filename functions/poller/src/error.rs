//! The errors of the poller.

use bitbucket::Category;
use relay::polling::Failure;
use store::links::tokens::TokenError;

/// Everything that can fail in this crate.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Bitbucket's API failed, or refused the request.
    #[error(transparent)]
    Bitbucket(#[from] bitbucket::Error),
    /// The table or the secrets failed.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// The link has no credential to poll with.
    #[error("the link has no credential, so it is not polled; `bitrelay link set-creds` sets one")]
    NoCredential,
    /// The link was deleted.
    #[error("the link was deleted")]
    NoLink,
    /// The state does not name the path of the subject's repository.
    #[error("no repository path is known for this subject")]
    NoRepository,
    /// The link is unsigned and does not name the repository.
    #[error("the unsigned link does not name this repository; `bitrelay link sweep` names it")]
    NotNamed,
    /// The repository of the subject has been refused for long; no call was made.
    #[error("the repository is refused too; its pull requests and commits wait for it")]
    RepositoryRefused,
    /// The queue did not take a shard, or the outcome is unknown: its error code.
    #[error("the queue of shards refused a message: {0}")]
    QueueRefused(String),
    /// The event is neither the rule's nor one message of the queue: its shape.
    #[error("unexpected invocation event: {0}")]
    UnknownEvent(String),
    /// A setting is outside its bounds.
    #[error("{name} must be between 1 and {max}, not {given:?}")]
    Setting {
        /// The environment variable.
        name: &'static str,
        /// The highest allowed value.
        max: u32,
        /// The given value.
        given: String,
    },
}

impl From<TokenError> for Error {
    fn from(error: TokenError) -> Self {
        match error {
            TokenError::Bitbucket(error) => Self::Bitbucket(error),
            TokenError::Store(error) => Self::Store(error),
        }
    }
}

impl Error {
    /// The kind of failure.
    pub fn category(&self) -> Category {
        match self {
            Self::Bitbucket(error) => error.category(),
            Self::Store(error) => error.category(),
            Self::NoCredential
            | Self::NoLink
            | Self::NoRepository
            | Self::NotNamed
            | Self::RepositoryRefused => Category::NotFound,
            Self::QueueRefused(_) => Category::Upstream,
            Self::UnknownEvent(_) | Self::Setting { .. } => Category::Internal,
        }
    }

    /// The failure, as far as the poller reacts to it.
    pub const fn failure(&self) -> Failure {
        match self {
            Self::Bitbucket(bitbucket::Error::Api { status, retry_after_seconds, .. }) => {
                Failure::Status { status: *status, retry_after_seconds: *retry_after_seconds }
            }
            Self::Bitbucket(
                bitbucket::Error::Unreachable { .. }
                | bitbucket::Error::GrantRefused { .. }
                | bitbucket::Error::ConsumerRefused { .. },
            )
            | Self::Store(store::Error::Unavailable { .. }) => Failure::Unavailable,
            Self::Bitbucket(bitbucket::Error::AllowanceSpent { .. }) => Failure::OutOfCalls,
            Self::NoCredential | Self::NoLink | Self::NoRepository => Failure::Unconfigured,
            Self::NotNamed => Failure::NotNamed,
            Self::RepositoryRefused => Failure::RepositoryRefused,
            _ => Failure::Other,
        }
    }
}
