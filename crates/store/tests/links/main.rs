//! Links: their documents, and the cache.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "test code")]

mod cache;
mod document;
mod edit;
