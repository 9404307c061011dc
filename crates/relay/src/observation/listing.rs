//! The comments or tasks that one poll read.

use std::collections::BTreeMap;

use bitbucket::payload::Document;

/// The comments, or the tasks, that one poll read: those that Bitbucket listed, and those asked for by id.
#[derive(Debug, Clone)]
pub struct Listing<I, T> {
    /// The items that were listed.
    pub items: Vec<Document<T>>,
    /// The answers for single items that the state has and the listing lacks: `None` is "does not exist".
    pub lookups: BTreeMap<I, Option<Document<T>>>,
}

impl<I, T> Listing<I, T> {
    /// A listing before any item was asked for by id.
    pub const fn new(items: Vec<Document<T>>) -> Self {
        Self { items, lookups: BTreeMap::new() }
    }

    /// The items that exist, in no order.
    pub(crate) fn shown(&self) -> impl Iterator<Item = &Document<T>> {
        self.items.iter().chain(self.lookups.values().flatten())
    }
}

impl<I: Copy, T> Listing<I, T> {
    /// The items that do not exist any more.
    pub(crate) fn gone(&self) -> impl Iterator<Item = I> {
        self.lookups.iter().filter(|(_, answer)| answer.is_none()).map(|(id, _)| *id)
    }
}
