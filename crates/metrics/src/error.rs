//! Errors in the settings of metrics. Writing metrics cannot fail.

use bitbucket::Category;

/// Error of this crate.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// `BITRELAY_METRICS` is invalid.
    #[error("BITRELAY_METRICS must be `true` or `false`, not {0:?}")]
    SwitchInvalid(String),
    /// `BITRELAY_STACK` is not a valid name of a stack.
    #[error("BITRELAY_STACK must be the name of a stack: 1 to 128 letters, digits and dashes, not {0:?}")]
    StackInvalid(String),
}

impl Error {
    /// Equivalent HTTP status, for logs.
    pub const fn status(&self) -> u16 {
        500
    }

    /// Always false: a setting stays invalid.
    pub const fn retryable(&self) -> bool {
        false
    }

    /// Category of the error.
    pub const fn category(&self) -> Category {
        Category::Internal
    }
}
