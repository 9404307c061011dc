//! Seeded random histories in virtual time: people edit, delete and make anew around the ends of windows, webhooks get lost,
//! come twice or late, pollers are down, break off, run two at once, and no two clocks agree. After each history G3, G4,
//! G5, G8 and G9 are checked (`docs/GUARANTEES.md`).
//!
//! What is tested is the real `relay`: the fold, the planner of watches, the sweep and the budget. Bitbucket, the table and
//! the poller's loop are small models without I/O, because a hundred thousand histories over HTTP would take days; over HTTP
//! the package `system` lives through some dozens.
//!
//! | module | holds |
//! | --- | --- |
//! | [`dice`] | random numbers that follow from a seed |
//! | [`plan`] | what a history is like |
//! | [`acts`] | what people do, and when |
//! | [`hub`] | a small model of Bitbucket |
//! | [`table`] | the table, which refuses what is stored on top of another version |
//! | [`pollers`] | the poller's loop, call by call |
//! | [`history`] | everything in the order of its time |
//! | [`ledger`] | what was done, and what must have come of it |
//! | [`many`] | many histories at once |

pub mod acts;
pub mod dice;
pub mod history;
pub mod hub;
pub mod ledger;
pub mod many;
pub mod plan;
pub mod pollers;
pub mod table;

pub use dice::Dice;
pub use history::{Summary, live};
