//! How many links one invocation serves: the real poller in real time, at the share of a processor that the function has, in
//! front of a Bitbucket that takes its time.
//!
//! | module | holds |
//! | --- | --- |
//! | [`hub`] | the simulated Bitbucket, with a pull request and a hook for each link |
//! | [`function`] | the process that is measured: webhooks come in, the poller runs |
//! | [`lateness`] | how late each poll begins |
//! | [`process`] | what a process used, and how much it may use |
//! | [`report`] | the figures |

pub mod function;
pub mod hub;
pub mod lateness;
pub mod process;
pub mod report;

/// A measured run, in seconds: as long as the deployed one.
pub const RUN_SECONDS: i64 = 55;

/// The default seconds between two polls of a pull request with a fresh window.
pub const INTERVAL_SECONDS: i64 = 15;

/// How a link and its repository are called.
pub fn link(number: usize) -> String {
    format!("link-{number}")
}

/// The account that polls for a link: one each, so that each has a budget of its own.
pub fn bot(number: usize) -> String {
    format!("bot-{number}")
}

/// What the hooks sign with.
pub const SECRET: &str = "a secret of this benchmark";
