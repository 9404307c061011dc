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

pub mod changes;
pub mod ours;
pub mod outcome;
pub mod people;
pub mod per_comment;
pub mod stage;
pub mod time;
pub mod workload;
pub mod workloads;
