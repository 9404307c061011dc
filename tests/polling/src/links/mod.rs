//! The number of links that one invocation serves: the deployed poller in real time, limited to the function's share of
//! a processor, in front of a slow Bitbucket.
//!
//! | module | holds |
//! | --- | --- |
//! | [`hub`] | the simulated Bitbucket, with a pull request and a hook for each link |
//! | [`function`] | the measured process: it receives webhooks and runs the poller |
//! | [`lateness`] | the lateness of each poll |
//! | [`process`] | processor time and memory of a process, and its limit |
//! | [`report`] | the figures as a table |

pub mod function;
pub mod hub;
pub mod lateness;
pub mod process;
pub mod report;

/// Length of the measured run in seconds, as in a deployment.
pub const RUN_SECONDS: i64 = 55;

/// The default seconds between two polls of a pull request with a fresh window.
pub const INTERVAL_SECONDS: i64 = 15;

/// The name of a link and of its repository.
pub fn link(number: usize) -> String {
    format!("link-{number}")
}

/// The account that polls for a link. Each link has its own, and therefore its own budget.
pub fn bot(number: usize) -> String {
    format!("bot-{number}")
}

/// The webhook secret of all hooks.
pub const SECRET: &str = "a secret of this benchmark";
