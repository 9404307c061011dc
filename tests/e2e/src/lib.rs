//! What the end-to-end tests stand on: the local stack, the functions without it, and stand-ins for the parts of AWS that
//! have to fail on command.
//!
//! | module | holds |
//! | --- | --- |
//! | [`pace`] | how late an event can be, as README.md promises it |
//! | [`paths`] | where the workspace, the tools and the built functions are |
//! | [`signer`] | an independent signer of deliveries |
//! | [`stack`] | the local stack, as `make up` starts it, and its subscriber |
//! | [`runtime`] | the release binaries under `cargo lambda watch --only-lambda-apis` |
//! | [`aws`] | a stand-in for Secrets Manager, EventBridge and SQS, which counts, and fails as told |
//! | [`table`] | a `DynamoDB` that can be stopped and started |
//! | [`pump`] | stream records to the publisher, by Lambda's rules for streams |
//! | [`browser`] | a person's browser |
//! | [`command_line`] | the program `bitrelay`, typed by a person |
//! | [`leaks`] | looking for secrets in all that a run leaves behind |
//! | [`tokens`] | processes that ask for tokens at the same time |
//! | [`suite`] | named tests around what they share |

// Everything here serves tests: a failure is a failed test, and says where.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    clippy::missing_errors_doc,
    reason = "support of tests"
)]

pub mod aws;
pub mod browser;
pub mod command_line;
#[cfg(test)]
mod docs;
pub mod leaks;
pub mod pace;
pub mod paths;
pub mod pump;
pub mod runtime;
pub mod signer;
pub mod stack;
pub mod suite;
pub mod table;
pub mod tokens;
