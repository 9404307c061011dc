//! What can go wrong with one poll.

use bitbucket::Category;
use store::links::tokens::TokenError;

/// Everything that can fail in this crate.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Bitbucket failed, or refused.
    #[error(transparent)]
    Bitbucket(#[from] bitbucket::Error),
    /// The table or the secrets failed.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// The link has no credential to poll with.
    #[error("the link has no credential: what Bitbucket does not report is not caught for it")]
    NoCredential,
    /// The link was deleted.
    #[error("the link is gone")]
    NoLink,
    /// What is known of the pull request does not name its repository.
    #[error("the repository's name is not known")]
    NoRepository,
    /// The queue did not take a shard, or nobody knows: its error code.
    #[error("the queue of shards refused: {0}")]
    QueueRefused(String),
    /// The function was invoked with something that is neither the rule's event nor the queue's: what came.
    #[error("neither the minute's event nor one message of the queue came, but {0}")]
    UnknownEvent(String),
    /// A setting is out of its bounds.
    #[error("{name} must be between 1 and {max}, not {given:?}")]
    Setting {
        /// The environment variable.
        name: &'static str,
        /// The most that is allowed.
        max: u32,
        /// What was given.
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
    /// The status as HTTP would say it, for logs.
    pub fn status(&self) -> u16 {
        match self {
            Self::Bitbucket(error) => error.status(),
            Self::Store(error) => error.status(),
            Self::NoCredential | Self::NoLink | Self::NoRepository => 404,
            Self::QueueRefused(_) => 503,
            Self::UnknownEvent(_) => 400,
            Self::Setting { .. } => 500,
        }
    }

    /// Whether the same poll may succeed later.
    pub fn retryable(&self) -> bool {
        match self {
            Self::Bitbucket(error) => error.retryable(),
            Self::Store(error) => error.retryable(),
            Self::QueueRefused(_) => true,
            _ => false,
        }
    }

    /// The kind of failure.
    pub fn category(&self) -> Category {
        match self {
            Self::Bitbucket(error) => error.category(),
            Self::Store(error) => error.category(),
            Self::NoCredential | Self::NoLink | Self::NoRepository => Category::NotFound,
            Self::QueueRefused(_) => Category::Upstream,
            Self::UnknownEvent(_) | Self::Setting { .. } => Category::Internal,
        }
    }

    /// Whether this pull request cannot be polled at all until Bitbucket reports something of it again.
    pub fn disables_watch(&self) -> bool {
        match self {
            Self::Bitbucket(bitbucket::Error::Api { status, .. }) => matches!(status, 403 | 404 | 410),
            Self::NoCredential | Self::NoLink | Self::NoRepository => true,
            _ => false,
        }
    }

    /// Whether no other pull request of the link would fare better now.
    pub fn concerns_link(&self) -> bool {
        match self {
            Self::Bitbucket(bitbucket::Error::Api { status, .. }) => matches!(status, 401 | 429),
            Self::Bitbucket(
                bitbucket::Error::Unreachable { .. }
                | bitbucket::Error::GrantRefused { .. }
                | bitbucket::Error::ConsumerRefused { .. },
            )
            | Self::Store(store::Error::Unavailable { .. }) => true,
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn api(status: u16) -> Error {
        bitbucket::Error::Api {
            operation: "list tasks",
            status,
            message: String::new(),
            retry_after_seconds: None,
        }
        .into()
    }

    #[test]
    fn an_error_says_whether_it_ends_a_watch_or_concerns_the_whole_link() {
        let unreachable = bitbucket::Error::Unreachable { operation: "list tasks", reason: String::new() };
        for (error, ends, concerns_link) in [
            (api(401), false, true),
            (api(403), true, false),
            (api(404), true, false),
            (api(429), false, true),
            (api(500), false, false),
            (api(503), false, false),
            (unreachable.into(), false, true),
            (bitbucket::Error::GrantRefused { operation: "refresh a token", code: "" }.into(), false, true),
            (
                bitbucket::Error::ConsumerRefused { operation: "refresh a token", code: "" }.into(),
                false,
                true,
            ),
            (bitbucket::Error::AllowanceSpent { operation: "list tasks" }.into(), false, false),
            (store::Error::unavailable("down").into(), false, true),
            (store::Error::Contended { attempts: 12 }.into(), false, false),
            (Error::NoLink, true, false),
            (Error::NoCredential, true, false),
            (Error::NoRepository, true, false),
        ] {
            assert_eq!((error.disables_watch(), error.concerns_link()), (ends, concerns_link), "{error}");
        }
    }
}
