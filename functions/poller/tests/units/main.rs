//! The parts of the poller that need neither a table nor Bitbucket.
#![allow(clippy::unwrap_used, reason = "test code")]

mod error;
mod settings;
mod template;
mod trigger;
