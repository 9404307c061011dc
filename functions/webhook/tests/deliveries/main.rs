//! Deliveries: from the HTTP request to the table and the answer.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "test code")]

mod bad_input;
mod duplicates;
mod events;
mod outages;
mod signatures;
mod support;
