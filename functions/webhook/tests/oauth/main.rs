//! Authorizing an OAuth consumer, from the address that a command printed to the grant that is stored, in a browser's
//! requests. Bitbucket is simulated.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "test code")]

mod allowing;
mod bitbucket_refuses;
mod browser;
mod nonces;
mod pages;
mod states;
mod world;
