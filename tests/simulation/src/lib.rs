//! The deployed functions in one process and in virtual time: seeded random histories.
//!
//! People edit, delete and comment around the ends of windows, publish reviews and wait in merge queues. Answers lag,
//! are refused, or lack an item. Webhooks get lost, come twice or late. Invocations crash
//! at any of their I/O calls, calls fail before or after they were carried out, two pollers run at once, and no two
//! clocks agree. After each history G2 to G9 are checked (`docs/GUARANTEES.md`).
//!
//! The code is that of the functions: the webhook function's router, the poller's runs, the publisher's handler, and
//! the store's recorder over the table in memory. The REST client calls the simulated Bitbucket's router in this
//! process. Tokio's clock is paused, so that hours take milliseconds.
//!
//! | module | holds |
//! | --- | --- |
//! | [`dice`] | random numbers that follow from a seed |
//! | [`plan`] | the circumstances of a history |
//! | [`time`] | seconds of a history, and clocks that differ |
//! | [`instance`] | one instance of a function, its crashes and faults |
//! | [`table`], [`transport`] | the table and Bitbucket's API behind an instance's faults |
//! | [`wrong_answers`] | answers of Bitbucket that are wrong for a while |
//! | [`stage`] | everything of one history |
//! | `people`, `bad_day` | acts of people, and their times; what makes a day bad |
//! | `webhooks`, `polls`, `publishing` | the three functions, invoked as Lambda invokes them |
//! | [`ledger`], `checks` | what must have come of the acts |
//! | [`history`] | one history from its seed to its checks |
//! | [`many`] | many histories on all processors |
#![allow(clippy::indexing_slicing, reason = "test code: JSON that lacks a field reads as null")]

mod bad_day;
mod checks;
pub mod dice;
pub mod history;
pub mod instance;
pub mod ledger;
pub mod many;
mod people;
pub mod plan;
mod polls;
mod publishing;
pub mod stage;
pub mod table;
pub mod time;
pub mod transport;
mod webhooks;
pub mod wrong_answers;
