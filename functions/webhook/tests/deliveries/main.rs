//! Deliveries, from an HTTP request to what is in the table and what the sender is told.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "test code")]

mod bad_input;
mod duplicates;
mod outages;
mod signatures;
mod support;
