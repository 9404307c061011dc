//! Pages of listings, and smaller pages where one is too large to read.

use serde::de::DeserializeOwned;
use serde_json::Value;
use url::Url;

use super::{Client, Listing};
use crate::Error;
use crate::payload::Document;

/// Items on a page for which no other number is requested
/// (<https://developer.atlassian.com/cloud/bitbucket/rest/intro/#pagination>).
const DEFAULT_ITEMS: usize = 10;

/// The most smaller pages that are read of one listing.
const MAX_SMALLER_PAGES: usize = 60;

/// The most bytes that are read of one listing; the page that exceeds them is the last. A listing is kept in the memory
/// of a function.
const MAX_LISTING_BYTES: usize = 24 * 1024 * 1024;

/// The rest of the limits of one listing.
#[derive(Debug)]
struct Room {
    smaller_pages: usize,
    bytes: usize,
}

/// A page of a listing.
#[derive(Debug)]
struct Page {
    values: Vec<Value>,
    next: Next,
    /// Number of its items that are too large to read.
    too_large: usize,
}

/// The page after a page.
#[derive(Debug)]
enum Next {
    None,
    At(Url),
    /// There may be one, and it is not read.
    Unknown,
}

/// A part of a listing as a page: `items` from number `start` on, which is a multiple of `items`.
#[derive(Debug, Clone, Copy)]
struct Part {
    start: usize,
    items: usize,
}

impl Part {
    /// The same part as smaller pages, the last one first; `None` if it is a single item.
    fn smaller(self) -> Option<impl Iterator<Item = Self>> {
        let items = match self.items {
            0 | 1 => return None,
            2..=10 => 1,
            _ => 10,
        };
        Some((0..self.items / items).rev().map(move |page| Self { start: self.start + page * items, items }))
    }

    /// The URL of the part. Bitbucket asks to follow `next` links, because the numbers of pages are optional. Where it
    /// does not know them, it answers 404.
    fn url(self, first: &Url) -> Url {
        let kept = first.query_pairs().filter(|(name, _)| !matches!(&**name, "pagelen" | "page"));
        let mut url = first.clone();
        url.query_pairs_mut()
            .clear()
            .extend_pairs(kept)
            .append_pair("pagelen", &self.items.to_string())
            .append_pair("page", &(self.start / self.items + 1).to_string());
        url
    }
}

/// True if a URL is of the first page of a listing.
fn is_first(url: &Url) -> bool {
    !url.query_pairs().any(|(name, _)| name == "page")
}

/// Items on the pages of a listing.
fn page_items(first: &Url) -> usize {
    let pagelen = first.query_pairs().find(|(name, _)| name == "pagelen");
    pagelen.and_then(|(_, items)| items.parse().ok()).filter(|items| *items > 0).unwrap_or(DEFAULT_ITEMS)
}

impl Client {
    /// Reads a listing, up to `max_pages` pages of it.
    pub(super) async fn list<T: DeserializeOwned + Default>(
        &self,
        operation: &'static str,
        first: Url,
        max_pages: usize,
    ) -> Result<Listing<T>, Error> {
        let mut listing = Listing { items: Vec::new(), complete: false, next: None, too_large: 0 };
        let mut room = Room { smaller_pages: MAX_SMALLER_PAGES, bytes: MAX_LISTING_BYTES };
        let mut url = first.clone();
        for number in 0..max_pages {
            let page = match self.page(operation, &first, number, url.clone(), &mut room).await {
                // The items read so far are returned; the caller decides if a partial listing is useful.
                Err(Error::AllowanceSpent { .. }) if !listing.items.is_empty() => break,
                page => page?,
            };
            listing.items.extend(page.values.into_iter().map(Document::new));
            listing.too_large += page.too_large;
            match page.next {
                Next::None => return Ok(Listing { complete: true, ..listing }),
                Next::Unknown => break,
                Next::At(next) => url = next,
            }
            if room.bytes == 0 {
                break;
            }
        }
        Ok(Listing { next: Some(url.into()), ..listing })
    }

    /// Reads the page at `url`, which is number `number` (from 0) of the listing that begins at `first`. If it is too
    /// large, it is read in smaller pages.
    async fn page(
        &self,
        operation: &'static str,
        first: &Url,
        number: usize,
        url: Url,
        room: &mut Room,
    ) -> Result<Page, Error> {
        match self.read_page(operation, url, room).await {
            Err(Error::AnswerTooLarge { .. }) if is_first(first) => {
                self.smaller_pages(operation, first, number, room).await
            }
            page => page,
        }
    }

    async fn smaller_pages(
        &self,
        operation: &'static str,
        first: &Url,
        number: usize,
        room: &mut Room,
    ) -> Result<Page, Error> {
        let items = page_items(first);
        let whole = Part { start: number * items, items };
        let mut page = Page { values: Vec::new(), next: Next::Unknown, too_large: 0 };
        // The first part is the last of the list.
        let mut parts: Vec<Part> = whole.smaller().into_iter().flatten().collect();
        while let Some(part) = parts.pop() {
            if room.smaller_pages == 0 || room.bytes == 0 {
                return Ok(page);
            }
            room.smaller_pages -= 1;
            match self.read_page(operation, part.url(first), room).await {
                // No document says that a page can have a single item. Here it has more, or its length is refused.
                Ok(read) if read.values.len() > part.items => page.too_large += skip(&mut parts, part),
                Err(Error::Api { status: 400, .. }) => page.too_large += skip(&mut parts, part),
                Ok(read) => {
                    page.values.extend(read.values);
                    if matches!(read.next, Next::None) {
                        return Ok(Page { next: Next::None, ..page });
                    }
                }
                Err(Error::AnswerTooLarge { .. }) => match part.smaller() {
                    Some(smaller) => parts.extend(smaller),
                    None => page.too_large += 1,
                },
                Err(Error::AllowanceSpent { .. } | Error::Api { status: 404 | 410, .. })
                    if !page.values.is_empty() =>
                {
                    return Ok(page);
                }
                Err(error) => return Err(error),
            }
        }
        let after = Part { start: whole.start + items, items };
        Ok(Page { next: Next::At(after.url(first)), ..page })
    }

    async fn read_page(&self, operation: &'static str, url: Url, room: &mut Room) -> Result<Page, Error> {
        let (mut page, bytes) = self.get_sized(operation, url).await?;
        room.bytes = room.bytes.saturating_sub(bytes);
        let Some(Value::Array(values)) = page.get_mut("values").map(Value::take) else {
            return Err(Error::AnswerInvalid { operation, reason: "no list of values" });
        };
        let next = match page.get("next").and_then(Value::as_str) {
            None => Next::None,
            Some(next) => Next::At(
                self.own(next)
                    .ok_or(Error::AnswerInvalid { operation, reason: "its next page is on another host" })?,
            ),
        };
        Ok(Page { values, next, too_large: 0 })
    }
}

/// Gives up a part and its neighbours of the same length; returns the number of their items.
fn skip(parts: &mut Vec<Part>, part: Part) -> usize {
    let mut skipped = part.items;
    while parts.pop_if(|next| next.items == part.items).is_some() {
        skipped += part.items;
    }
    skipped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn smaller_pages_cover_the_page() {
        let starts =
            |part: Part| part.smaller().map(|parts| parts.map(|part| part.start).collect::<Vec<_>>());
        let page = Part { start: 200, items: 100 };
        assert_eq!(starts(page), Some((0..10).rev().map(|page| 200 + 10 * page).collect()));
        assert_eq!(starts(Part { start: 30, items: 10 }), Some((30..40).rev().collect()));
        assert_eq!(starts(Part { start: 31, items: 1 }), None);
    }

    #[test]
    fn part_has_the_query_of_the_listing() {
        let first = Url::parse("https://example.com/2.0/comments?sort=-updated_on&pagelen=100").unwrap();
        let url = Part { start: 230, items: 10 }.url(&first);
        assert_eq!(url.query(), Some("sort=-updated_on&pagelen=10&page=24"));
        assert_eq!(
            (page_items(&first), page_items(&url), is_first(&first), is_first(&url)),
            (100, 10, true, false)
        );
    }
}
