//! Listings of comments and tasks, and the items in them that are too large to read.

use bitbucket::client;
use bitbucket::payload::Document;
use relay::Listing;
use relay::observation::LookedUp;
use relay::polling::MAX_PAGES_READ;

// The calls of a poll are planned for the pages that the client reads.
const _: () = assert!(MAX_PAGES_READ == client::MAX_PAGES);

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

/// Takes the answer for a single item.
pub(crate) fn looked_up<T>(
    answer: Result<Option<Document<T>>, bitbucket::Error>,
) -> Result<LookedUp<T>, bitbucket::Error> {
    match answer {
        Ok(Some(item)) => Ok(LookedUp::Found(item)),
        Ok(None) => Ok(LookedUp::NotFound),
        Err(bitbucket::Error::AnswerTooLarge { .. }) => Ok(LookedUp::TooLarge),
        Err(error) => Err(error),
    }
}
