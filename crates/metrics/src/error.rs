//! What can be wrong with the settings of metrics; writing them cannot fail.

use bitbucket::Category;

/// Everything that can fail in this crate.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The switch is neither on nor off.
    #[error("BITRELAY_METRICS must be `true` or `false`, not {0:?}")]
    SwitchInvalid(String),
    /// No stack can have that name.
    #[error("BITRELAY_STACK must be a stack's name: 1 to 128 letters, digits and dashes, not {0:?}")]
    StackInvalid(String),
}

impl Error {
    /// The status as HTTP would say it, for logs.
    pub const fn status(&self) -> u16 {
        500
    }

    /// Never: a setting does not mend itself.
    pub const fn retryable(&self) -> bool {
        false
    }

    /// The kind of failure.
    pub const fn category(&self) -> Category {
        Category::Internal
    }
}
