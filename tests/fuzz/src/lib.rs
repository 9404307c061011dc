//! Fuzzing on stable Rust: random inputs for everything that a stranger, Bitbucket or an older version of bitrelay can
//! send.
//!
//! An input is a JSON value, because nearly all real inputs are JSON. A [`target`] reads it and runs the product with
//! it; an assertion of the target, a panic anywhere, or a run of seconds is a failure. A [`round`] changes the inputs
//! of a [`corpus`] by chance, and keeps those that make the product do something new: its [`traits`] (events, statuses,
//! errors, reasons of watches) take the place of coverage, which needs an instrumented build. Everything follows from
//! the seed of the round. A failing input is [shrunk](shrink) before it is shown.
//!
//! | module | holds |
//! | --- | --- |
//! | [`target`] | the list of targets |
//! | [`targets`] | each target: what it does with an input, and what must hold |
//! | [`corpus`] | the checked-in inputs, of our own writing |
//! | [`mutate`] | random changes of JSON |
//! | [`traits`] | the behaviour of the product with one input |
//! | [`attempt`] | one run of a target, panics caught |
//! | [`round`] | many runs from one seed |
//! | [`shrink`] | smaller inputs that still fail, or still show the same traits |
//! | [`campaign`] | many rounds on all processors |

// Everything here serves tests: a panic is a finding, and JSON that lacks a field reads as null.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    clippy::missing_errors_doc,
    reason = "support of tests"
)]

pub mod attempt;
pub mod campaign;
pub mod corpus;
pub mod mutate;
pub mod round;
pub mod shrink;
pub mod target;
pub mod targets;
pub mod traits;
