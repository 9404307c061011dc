//! Polling pull requests against polling comments: the same acts, two policies, virtual time.
//!
//! | module | holds |
//! | --- | --- |
//! | [`workload`] | what people do, and what becomes of the webhooks |
//! | [`workloads`] | the workloads, each from its seed |
//! | [`stage`] | Bitbucket at second 0 |
//! | [`per_comment`] | the usual way: a schedule for each comment |
//! | [`ours`] | bitrelay: the real functions in front of the simulator |
//! | [`people`] | who acts there |
//! | [`time`] | virtual time for a poller that sleeps |
//! | [`changes`] | the silent changes of a workload, and which were found |
//! | [`outcome`] | what a policy did, and what that is worth |
//! | [`targets`] | what the figures must be |
//! | [`links`] | in real time: how many links one invocation serves (`make bench-links`) |
//! | [`table`], [`plot`], [`docs`] | the figures, for people |

pub mod changes;
pub mod docs;
pub mod links;
pub mod ours;
pub mod outcome;
pub mod people;
pub mod per_comment;
pub mod plot;
pub mod stage;
pub mod table;
pub mod targets;
pub mod time;
pub mod workload;
pub mod workloads;

use outcome::Figures;
use table::Row;
use workload::Workload;

/// Lets both policies live through a workload.
///
/// # Errors
///
/// Where the simulator refuses something.
pub fn measure(workload: &Workload) -> anyhow::Result<Row> {
    let per_comment = Figures::of(workload, &per_comment::run(workload)?);
    let ours = Figures::of(workload, &ours::run(workload)?);
    Ok(Row::of(workload, per_comment, ours))
}
