//! Errors of the probe.

use bitbucket::Category;

/// Reason why something could not be measured.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A call to Bitbucket failed, or it refused an act.
    #[error(transparent)]
    Bitbucket(#[from] bitbucket::Error),
    /// An answer or a payload lacks a field.
    #[error("no {0} in Bitbucket's answer")]
    Missing(&'static str),
    /// A webhook did not arrive.
    #[error("no webhook {key} within {within_seconds} s; can Bitbucket reach the listener?")]
    NoWebhook {
        /// Its event key.
        key: &'static str,
        /// The wait, in seconds.
        within_seconds: u32,
    },
    /// The listener could not be opened.
    #[error("cannot listen on {address}: {reason}")]
    Listen {
        /// The address.
        address: std::net::SocketAddr,
        /// The system's reason.
        reason: String,
    },
    /// The system gave no random bytes.
    #[error("no random bytes for the hook's secret: {0}")]
    Random(getrandom::Error),
    /// Nothing could be concluded.
    #[error("{0}")]
    Inconclusive(&'static str),
}

impl Error {
    /// HTTP status that fits the error.
    pub const fn status(&self) -> u16 {
        match self {
            Self::Bitbucket(error) => error.status(),
            Self::NoWebhook { .. } => 504,
            Self::Missing(_) | Self::Inconclusive(_) => 502,
            Self::Listen { .. } | Self::Random(_) => 500,
        }
    }

    /// True if another probe may succeed without a change.
    pub const fn retryable(&self) -> bool {
        match self {
            Self::Bitbucket(error) => error.retryable(),
            Self::NoWebhook { .. } | Self::Missing(_) | Self::Inconclusive(_) => true,
            Self::Listen { .. } | Self::Random(_) => false,
        }
    }

    /// Category of the error.
    pub const fn category(&self) -> Category {
        match self {
            Self::Bitbucket(error) => error.category(),
            Self::NoWebhook { .. } => Category::Network,
            Self::Missing(_) | Self::Inconclusive(_) => Category::Upstream,
            Self::Listen { .. } | Self::Random(_) => Category::Internal,
        }
    }
}
