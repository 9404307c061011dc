//! The errors of the table and the links, and their meaning for the caller.

use bitbucket::Category;
use relay::LinkId;

/// Code of a request that was never sent, because no AWS credentials were found or they could not be loaded.
pub const NO_CREDENTIALS: &str = "NoCredentials";

/// An error of this crate. No message holds a secret, a token or a body.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The table or the secret store could not be reached, timed out, or asked for a retry.
    #[error("{service} did not complete {operation}: {reason}; retry later")]
    Unavailable {
        /// `DynamoDB` or `Secrets Manager`.
        service: &'static str,
        /// The operation, such as `GetItem`.
        operation: &'static str,
        /// AWS's error code, or [`NO_CREDENTIALS`].
        code: Option<String>,
        /// The reason, as text.
        reason: String,
    },
    /// Another writer was faster at every attempt.
    #[error("other writers kept changing the same item; gave up after {attempts} attempts")]
    Contended {
        /// Number of attempts.
        attempts: u32,
    },
    /// The time for reading, folding and writing ended. The outcome of the last write is unknown.
    #[error("the observation was not stored within {seconds} seconds")]
    TooSlow {
        /// The time limit.
        seconds: u64,
    },
    /// The code panicked while it folded or stored an observation.
    #[error("a defect of bitrelay: storing the observation panicked; the log has the place")]
    Defect,
    /// AWS refused the request, and will refuse it until somebody changes the deployment.
    #[error(
        "{service} refused {operation}: {reason}; check the deployment (table name, region, permissions)"
    )]
    Refused {
        /// `DynamoDB` or `Secrets Manager`.
        service: &'static str,
        /// The operation.
        operation: &'static str,
        /// AWS's error code. Callers tell refusals apart by it, never by the text.
        code: Option<String>,
        /// AWS's code and message.
        reason: String,
    },
    /// An item of the table cannot be read.
    #[error("the item {pk} / {sk} cannot be read: {reason}")]
    Corrupt {
        /// Its partition key.
        pk: String,
        /// Its sort key.
        sk: String,
        /// The reason, as text.
        reason: String,
    },
    /// An item of the table was written in a format that this version does not know.
    #[error(
        "the item {pk} / {sk} has format {format}: it was written by a newer version of bitrelay; update this one"
    )]
    NewerFormat {
        /// Its partition key.
        pk: String,
        /// Its sort key.
        sk: String,
        /// The number of its format.
        format: i64,
    },
    /// A value is too large for the table.
    #[error("{what} has {bytes} bytes, at most {max_bytes} can be stored")]
    TooLarge {
        /// Name of the value.
        what: &'static str,
        /// Its size.
        bytes: usize,
        /// The largest allowed size.
        max_bytes: usize,
    },
    /// An observation needs more items than one transaction takes.
    #[error("an observation needs {writes} items, one transaction takes at most {max}")]
    TooManyWrites {
        /// Number of items that it needs.
        writes: usize,
        /// Largest allowed number.
        max: usize,
    },
    /// The time that events are kept is out of its bounds.
    #[error("BITRELAY_EVENT_DAYS must be 0 or between {lowest} and {highest}, not {given:?}")]
    RetentionInvalid {
        /// Shortest retention, in days.
        lowest: u32,
        /// Longest retention, in days.
        highest: u32,
        /// The given value.
        given: String,
    },
    /// Too many links that do not exist, or cannot be loaded, were requested.
    #[error(
        "link {0} was not looked up: too many unknown links were requested within a minute; send the request again later"
    )]
    TooManyUnknownLinks(LinkId),
    /// A link's secret cannot be used.
    #[error("the secret of link {link} cannot be used: {reason}")]
    LinkInvalid {
        /// The link.
        link: LinkId,
        /// The reason as text, and what to do.
        reason: String,
    },
    /// Every webhook secret of a link has expired, or there never was one.
    #[error(
        "link {0} has no webhook secret that is valid now, so no delivery can be verified; add one to `webhook_secrets` \
         of its secret (or set \"unsigned\": true, which lets anybody who knows the URL forge events)"
    )]
    LinkWithoutSecret(LinkId),
}

impl Error {
    /// AWS's error code, or [`NO_CREDENTIALS`].
    pub fn code(&self) -> Option<&str> {
        match self {
            Self::Unavailable { code, .. } | Self::Refused { code, .. } => code.as_deref(),
            _ => None,
        }
    }

    /// Returns an error that passes by itself, for stand-ins of the stores.
    pub fn unavailable(reason: impl Into<String>) -> Self {
        Self::Unavailable { service: "the store", operation: "a request", code: None, reason: reason.into() }
    }

    /// Returns the HTTP status of a webhook request that fails with this. Bitbucket resends on 5xx only
    /// (<https://support.atlassian.com/bitbucket-cloud/docs/troubleshoot-webhooks/>).
    pub const fn status(&self) -> u16 {
        if self.retryable() { 503 } else { 500 }
    }

    /// True if a later attempt may succeed without any change.
    pub const fn retryable(&self) -> bool {
        matches!(
            self,
            Self::Unavailable { .. }
                | Self::Contended { .. }
                | Self::TooSlow { .. }
                | Self::TooManyUnknownLinks(_)
        )
    }

    /// Returns the kind of failure.
    pub const fn category(&self) -> Category {
        match self {
            Self::Unavailable { .. }
            | Self::TooSlow { .. }
            | Self::Corrupt { .. }
            | Self::NewerFormat { .. } => Category::Storage,
            Self::Contended { .. }
            | Self::TooLarge { .. }
            | Self::TooManyWrites { .. }
            | Self::TooManyUnknownLinks(_) => Category::Limit,
            Self::Defect
            | Self::Refused { .. }
            | Self::RetentionInvalid { .. }
            | Self::LinkInvalid { .. }
            | Self::LinkWithoutSecret(_) => Category::Internal,
        }
    }
}
