//! The scheduled function that finds what Bitbucket never reports.
//!
//! Once a minute it asks the table which watches are due, reads their subjects from Bitbucket, folds the answers and
//! stores the result. While a window is open it makes several passes within its minute; if nothing is due it returns at
//! once. It drives only: order, cost, pace, postponement and pauses are decided in [`relay::polling`].
//!
//! For *safety*: the transaction, whose version condition keeps two pollers from harming each other; the watch, which
//! stays due until a complete poll was stored. For *economy* only: leases, the allowance of calls, pauses after
//! failures.
//!
//! Imports run from the bottom of this table to its top:
//!
//! | module | holds |
//! | --- | --- |
//! | [`settings`] | limits of one run |
//! | [`shard_queue`] | the queue that hands shards to other invocations |
//! | [`trigger`] | the event that invokes the function |
//! | `cache`, `poller` | `Poller`: clients, table and caches, kept between invocations |
//! | `credential` | the credential of a link |
//! | `access` | the repository that a poll may read |
//! | `fan_out` | division of the shards between invocations |
//! | `registration` | repositories to sweep |
//! | `outcome` | the result of one poll, stored |
//! | `pull_request`, `head`, `commit`, `sweep`, `targets` | polls, one file for each kind of subject |
//! | `poll` | one due watch, of any kind |
//! | `leases` | one invocation at a time for a shard |
//! | `spender`, `run` | `Run`: the calls, deadline and counts of one invocation |
//! | `link` | the due watches of one link, in one pass |
//! | `passes` | the passes of a run |
//! | `kept` | folds deliveries that were accepted and could not be folded at once |
//! | `metrics` | the metrics of a run |
//! | `invocation` | `Poller::run` and `Poller::run_shard` |

mod access;
mod cache;
mod commit;
mod credential;
mod error;
mod fan_out;
mod head;
mod invocation;
mod kept;
mod leases;
mod link;
mod listing;
mod metrics;
mod outcome;
mod passes;
mod poll;
mod poller;
mod pull_request;
mod registration;
mod run;
pub mod settings;
pub mod shard_queue;
mod spender;
mod sweep;
mod sweep_pace;
mod targets;
#[cfg(test)]
mod testing;
pub mod trigger;

pub use error::Error;
pub use poller::Poller;
pub use run::Summary;
pub use settings::PollerSettings;
pub use trigger::Trigger;
