//! The comments or tasks that one poll read.

use std::collections::{BTreeMap, BTreeSet};

use bitbucket::payload::Document;

/// The comments, or the tasks, that one poll read: those that Bitbucket listed, and those asked for by id.
#[derive(Debug, Clone)]
pub struct Listing<I, T> {
    /// The items that were listed.
    pub items: Vec<Document<T>>,
    /// True if these are all items. Of the items that an incomplete listing lacks, nothing follows for those that it
    /// may not have reached.
    pub complete: bool,
    /// The answers for single items that the state has and the listing lacks: `None` is "does not exist".
    pub lookups: BTreeMap<I, Option<Document<T>>>,
    /// Items that exist and are too large to read. Nothing follows from their absence.
    pub unreadable: BTreeSet<I>,
}

/// The answer for a single item.
#[derive(Debug, Clone)]
#[allow(clippy::large_enum_variant, reason = "there is one at a time")]
pub enum LookedUp<T> {
    /// It exists.
    Found(Document<T>),
    /// It does not exist.
    NotFound,
    /// It exists, and is too large to read.
    TooLarge,
}

impl<I, T> Listing<I, T> {
    /// A listing before any item was asked for by id. It is `complete` if the last page was read.
    pub const fn new(items: Vec<Document<T>>, complete: bool) -> Self {
        Self { items, complete, lookups: BTreeMap::new(), unreadable: BTreeSet::new() }
    }

    /// The items that exist, in no order.
    pub(crate) fn shown(&self) -> impl Iterator<Item = &Document<T>> {
        self.items.iter().chain(self.lookups.values().flatten())
    }
}

impl<I: Ord, T> Listing<I, T> {
    /// Adds the answer for a single item.
    pub fn answer(&mut self, id: I, answer: LookedUp<T>) {
        match answer {
            LookedUp::Found(item) => drop(self.lookups.insert(id, Some(item))),
            LookedUp::NotFound => drop(self.lookups.insert(id, None)),
            LookedUp::TooLarge => drop(self.unreadable.insert(id)),
        }
    }
}

impl<I: Copy, T> Listing<I, T> {
    /// The items that do not exist any more.
    pub(crate) fn gone(&self) -> impl Iterator<Item = I> {
        self.lookups.iter().filter(|(_, answer)| answer.is_none()).map(|(id, _)| *id)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn answer_tells_existing_items_from_others() {
        let item = || Document::<Value>::new(json!({ "id": 1 }));
        let mut listing = Listing::new(vec![item()], true);
        listing.answer(1, LookedUp::Found(item()));
        listing.answer(2, LookedUp::NotFound);
        listing.answer(3, LookedUp::TooLarge);
        assert_eq!(listing.shown().count(), 2);
        assert_eq!(listing.gone().collect::<Vec<_>>(), [2]);
        assert_eq!(listing.unreadable, [3].into());
    }
}
