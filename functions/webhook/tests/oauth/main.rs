//! Authorization of an OAuth consumer, from the printed address to the stored grant. Bitbucket is simulated.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "test code")]

mod bitbucket_errors;
mod browser;
mod consent;
mod nonces;
mod pages;
mod settings;
mod states;
mod world;
