//! Support of the end-to-end tests: the local stack, the functions without it, and stand-ins for the parts of AWS that
//! must fail on command.
//!
//! | module | holds |
//! | --- | --- |
//! | [`pace`] | the largest delays of events, as README.md states them |
//! | [`paths`] | paths of the workspace, the tools and the built functions |
//! | [`signer`] | an independent signer of deliveries |
//! | [`stack`] | the local stack as `make up` starts it, and a subscriber to its bus |
//! | [`runtime`] | the release binaries under `cargo lambda watch --only-lambda-apis` |
//! | [`aws`] | a stand-in for Secrets Manager, EventBridge and SQS, which counts calls and fails on command |
//! | [`table`] | a `DynamoDB` that can be stopped and started |
//! | [`pump`] | sends stream records to the publisher, by Lambda's rules for streams |
//! | [`lambda`] | the release binaries under a Runtime API of its own, which can kill them |
//! | [`bad_day`] | a proxy that fails calls of Bitbucket's API |
//! | [`chaos`] | everything at once, for `make chaos` |
//! | [`books`] | the auditor: deliveries, log and subscriber compared by id |
//! | [`load`] | deliveries at a fixed rate, for `make load` |
//! | [`cost`] | `DynamoDB`'s write units of everything that was written |
//! | [`command_line`] | the program `bitrelay`, run as a person would |
//! | [`leaks`] | a search for secrets in everything that a run leaves behind |
//! | [`tokens`] | processes that request tokens at the same time |
//! | [`suite`] | named tests with a shared resource |

// Everything here serves tests: a panic fails the test and names its line.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    clippy::missing_errors_doc,
    reason = "support of tests"
)]

pub mod aws;
pub mod bad_day;
pub mod books;
pub mod chaos;
pub mod command_line;
pub mod cost;
#[cfg(test)]
mod docs;
pub mod lambda;
pub mod leaks;
pub mod load;
pub mod meter;
pub mod pace;
pub mod paths;
pub mod pump;
pub mod runtime;
pub mod signer;
pub mod stack;
pub mod suite;
pub mod table;
pub mod tokens;
