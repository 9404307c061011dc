//! What the fold guarantees, told as stories.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "test code")]

mod budget;
mod changes;
mod comments;
mod documents;
mod envelopes;
mod properties;
mod reports;
mod subjects;
mod tasks;
mod watches;
#[path = "../../../bitbucket/tests/support/mod.rs"]
mod webhooks;
mod world;
