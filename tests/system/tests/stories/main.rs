//! What the product guarantees, told as stories.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "test code")]

mod edits;
mod random;
