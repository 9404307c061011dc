//! Listings of comments and tasks, and the items in them that are too large to read.

use bitbucket::client;
use bitbucket::payload::Document;
use relay::Listing;

/// Takes a listing. Items that are too large to read are logged.
pub(crate) fn listing<I, T>(listed: client::Listing<T>) -> Listing<I, T> {
    if listed.too_large > 0 {
        tracing::warn!(
            items = listed.too_large,
            "items larger than 10 MiB were not read; their changes are not found"
        );
    }
    Listing::new(listed.items, listed.complete)
}

/// The answer for a single item; `None` if it exists and is too large to read.
pub(crate) fn unless_too_large<T>(
    answer: Result<Option<Document<T>>, bitbucket::Error>,
) -> Result<Option<Option<Document<T>>>, bitbucket::Error> {
    match answer {
        Err(bitbucket::Error::AnswerTooLarge { .. }) => Ok(None),
        answer => answer.map(Some),
    }
}
