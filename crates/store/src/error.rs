//! What can go wrong with the table and the links, and what that means for the caller.

use bitbucket::Category;
use relay::LinkId;

/// Everything that can fail in this crate. No message holds a secret, a token or a body.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The table or the secret store could not be reached, answered too late, or asked to be asked again.
    #[error("{service} did not answer {operation}: {reason}")]
    Unavailable {
        /// `DynamoDB` or `Secrets Manager`.
        service: &'static str,
        /// What was asked, such as `GetItem`.
        operation: &'static str,
        /// Why, in words.
        reason: String,
    },
    /// Others were faster to write the same subject, as often as was tried.
    #[error("others kept writing the same subject; gave up after {attempts} attempts")]
    Contended {
        /// How often it was tried.
        attempts: u32,
    },
    /// The time for reading, folding and writing was over. Whether the last write happened is not known.
    #[error("the observation was not stored within {seconds} seconds")]
    TooSlow {
        /// The time that was given.
        seconds: u64,
    },
    /// AWS refused the request, and will refuse it again until somebody changes the deployment.
    #[error(
        "{service} refused {operation}: {reason}; check the deployment (table name, region, permissions)"
    )]
    Refused {
        /// `DynamoDB` or `Secrets Manager`.
        service: &'static str,
        /// What was asked.
        operation: &'static str,
        /// AWS's code and words.
        reason: String,
    },
    /// An item of the table cannot be understood.
    #[error("the item {pk} / {sk} cannot be read: {reason}")]
    Corrupt {
        /// Its partition key.
        pk: String,
        /// Its sort key.
        sk: String,
        /// Why, in words.
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
    /// Something is too large for the table.
    #[error("{what} has {bytes} bytes, at most {max_bytes} can be stored")]
    TooLarge {
        /// What it is.
        what: &'static str,
        /// How large it is.
        bytes: usize,
        /// How large it may be.
        max_bytes: usize,
    },
    /// An observation needs more items than one transaction takes.
    #[error("an observation needs {writes} items, one transaction takes at most {max}")]
    TooManyWrites {
        /// How many it needs.
        writes: usize,
        /// How many are allowed.
        max: usize,
    },
    /// A search for people ended before the table did.
    #[error(
        "not found in the first {pages} pages of the table, and there are more; name the link, the repository's UUID and the \
         pull request"
    )]
    TooManyPages {
        /// How many were read.
        pages: usize,
    },
    /// A link's secret cannot be used.
    #[error("the secret of link {link} cannot be used: {reason}")]
    LinkInvalid {
        /// Which link.
        link: LinkId,
        /// Why, in words, and what to do.
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
    /// A failure of the stores that passes by itself, for those who stand in for them.
    pub fn unavailable(reason: impl Into<String>) -> Self {
        Self::Unavailable { service: "the store", operation: "a request", reason: reason.into() }
    }

    /// The HTTP status of a webhook request that fails with this. Bitbucket sends again on 5xx only
    /// (<https://support.atlassian.com/bitbucket-cloud/docs/troubleshoot-webhooks/>).
    pub const fn status(&self) -> u16 {
        if self.retryable() { 503 } else { 500 }
    }

    /// Whether the same attempt may succeed later without anybody doing anything.
    pub const fn retryable(&self) -> bool {
        matches!(self, Self::Unavailable { .. } | Self::Contended { .. } | Self::TooSlow { .. })
    }

    /// The kind of failure.
    pub const fn category(&self) -> Category {
        match self {
            Self::Unavailable { .. }
            | Self::TooSlow { .. }
            | Self::Corrupt { .. }
            | Self::NewerFormat { .. } => Category::Storage,
            Self::Contended { .. }
            | Self::TooLarge { .. }
            | Self::TooManyWrites { .. }
            | Self::TooManyPages { .. } => Category::Limit,
            Self::Refused { .. } | Self::LinkInvalid { .. } | Self::LinkWithoutSecret(_) => {
                Category::Internal
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_error_says_what_it_means_for_the_sender() {
        let text = String::new;
        let link: LinkId = "acme".parse().unwrap();
        let unavailable = Error::Unavailable { service: "DynamoDB", operation: "GetItem", reason: text() };
        let refused = Error::Refused { service: "DynamoDB", operation: "GetItem", reason: text() };
        let too_large = Error::TooLarge { what: "the state", bytes: 2, max_bytes: 1 };
        let table = [
            (unavailable, 503, true, Category::Storage),
            (Error::Contended { attempts: 12 }, 503, true, Category::Limit),
            (Error::TooSlow { seconds: 6 }, 503, true, Category::Storage),
            (refused, 500, false, Category::Internal),
            (Error::Corrupt { pk: text(), sk: text(), reason: text() }, 500, false, Category::Storage),
            (Error::NewerFormat { pk: text(), sk: text(), format: 2 }, 500, false, Category::Storage),
            (Error::TooManyWrites { writes: 101, max: 100 }, 500, false, Category::Limit),
            (Error::TooManyPages { pages: 1_000 }, 500, false, Category::Limit),
            (too_large, 500, false, Category::Limit),
            (Error::LinkInvalid { link: link.clone(), reason: text() }, 500, false, Category::Internal),
            (Error::LinkWithoutSecret(link), 500, false, Category::Internal),
        ];
        for (error, status, retryable, category) in table {
            assert_eq!(error.status(), status, "{error}");
            assert_eq!(error.retryable(), retryable, "{error}");
            assert_eq!(error.category(), category, "{error}");
        }
    }
}
