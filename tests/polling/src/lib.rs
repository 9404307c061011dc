//! Polling pull requests compared with polling comments: the same actions, two policies, virtual time.
//!
//! | module | holds |
//! | --- | --- |
//! | [`workload`] | the types: actions of people, fate of the webhooks, limits of the calls |
//! | [`workloads`] | the workloads, each from its seed |
//! | [`stage`] | Bitbucket at second 0 |
//! | [`per_comment`] | the usual policy: a schedule for each comment |
//! | [`ours`] | bitrelay: the deployed functions in front of the simulator |
//! | [`people`] | the people, who act on the simulator |
//! | [`time`] | virtual time for a poller that sleeps |
//! | [`changes`] | the silent changes of a workload, and which of them were found |
//! | [`outcome`] | calls and reports of a policy, and the figures made of them |
//! | [`targets`] | the targets that the figures must meet |
//! | [`links`] | a measurement in real time: how many links one invocation serves (`make bench-links`) |
//! | [`table`], [`plot`], [`docs`] | the tables, the picture, and the document that shows them |

pub mod changes;
pub mod cost;
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

/// Runs both policies on a workload.
///
/// # Errors
///
/// If the simulator refuses a request.
pub fn measure(workload: &Workload) -> anyhow::Result<Row> {
    let per_comment = Figures::new(workload, &per_comment::run(workload)?);
    let ours = Figures::new(workload, &ours::run(workload)?);
    Ok(Row::new(workload, per_comment, ours))
}
