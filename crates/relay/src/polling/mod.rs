//! Decisions about polls: their repositories, order, reads and pace, postponement, lookups, sweeps, and pauses after
//! failures.

mod access;
mod allowance;
mod failure;
mod lookups;
mod needs;
mod order;
mod pass;
mod pauses;
mod reads;
mod registration;
mod sweep;
mod sweep_pace;

pub use access::{Access, AfterRefusal, ClaimedRepository, NamedRepositories};
pub use allowance::{Allowance, Extent};
pub use failure::{Consequence, Failure};
pub use lookups::{Lookups, MAX_LOOKUPS, comment_lookups, unlisted_comments, unlisted_tasks};
pub use needs::Needs;
pub use pass::{Turn, most_urgent_first};
pub use pauses::Pauses;
pub use reads::{MAX_PAGES_READ, comment_pages, plan_reads};
pub use registration::{is_registration_due, must_register_active, must_register_named};
pub use sweep::{finding, is_unexplained, moved, notice, split_moved, with_missing, without_left};
pub use sweep_pace::{SweepLoad, first_sweep};
