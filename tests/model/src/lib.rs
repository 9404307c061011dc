//! The deployed functions, one I/O call at a time.
//!
//! Every call of a function passes a gate, which decides its fate: it works, it fails, its answer is lost, or the
//! invocation ends there. Two proofs use that:
//!
//! - The **model** visits every interleaving of small worlds: webhooks, resends, pollers, the publisher, crashes and
//!   faults. A model checker explores; the code that it runs is that of the functions.
//! - The **crash table** lets each call of each function go wrong in each way, one at a time, heals it, and compares
//!   the log and the state with an undisturbed run. `docs/CRASHES.md` is made from it.
//!
//! | module | holds |
//! | --- | --- |
//! | [`call`] | the I/O calls, in words |
//! | [`gate`], `script`, `plan` | the gate; who has his turn; a plan with one fault |
//! | `table`, `outside` | the table, the links, Bitbucket's API, the bus and the queue behind a gate |
//! | [`bitbucket`] | a simulated Bitbucket at each moment of a fixed history |
//! | `functions` | one invocation of a function |
//! | `drive` | an invocation from one call to the next |
//! | [`world`] | the small worlds |
//! | `state`, [`actions`], `steps` | states, the steps that they allow, and the states after them |
//! | `checks`, `recovery` | the guarantees: always, and in the end |
//! | [`explored`], [`report`] | a world for the model checker, and what it found |
//! | [`crashes`] | the crash table |
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    reason = "test code"
)]

pub mod actions;
pub mod bitbucket;
pub mod call;
mod checks;
pub mod crashes;
mod drive;
pub mod explored;
mod functions;
pub mod gate;
mod outside;
mod plan;
mod recovery;
pub mod report;
mod script;
pub mod state;
mod steps;
pub mod table;
pub mod world;

pub use report::{Report, explore};
pub use world::World;
