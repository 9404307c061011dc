//! The parts of the crate that need no store.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "test code")]

mod codec;
mod error;
mod limits;
mod shard;
