//! The whole product in one process and in injected time. A world has the simulated Bitbucket, the real webhook
//! function, and the real poller, which reads the simulator over HTTP. A table in memory holds the log that a
//! subscriber reads.
//!
//! ```no_run
//! # async fn story() {
//! use system::World;
//!
//! let world = World::start().await;
//! let pr = world.alice().opens("gear").await;
//! let comment = world.alice().comments(pr, "Is it oiled?").await;
//! world.advance(60);
//! world.alice().edits(pr, comment, "Is it well oiled?").await;
//! world.poll().await;
//! assert_eq!(world.events(pr).await.last().unwrap(), "3 pullrequest:comment_updated poll");
//! # }
//! ```
//!
//! | module | holds |
//! | --- | --- |
//! | [`setup`] | repositories, pull requests, and the settings of a world |
//! | [`world`] | the world, and starting it |
//! | `driver` | time, polls and faults |
//! | [`log`] | the log of each subject, and its stored state |
//! | [`queue`] | the queue of shards |
//! | [`person`] | people who act on Bitbucket |
//! | [`mailbox`] | the step between Bitbucket and the webhook function, which can hold webhooks back |
//! | [`truth`] | comparison of Bitbucket with the stored state and the log |
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    reason = "test code"
)]

pub mod clock;
mod driver;
pub mod log;
pub mod mailbox;
pub mod person;
pub mod queue;
pub mod setup;
pub mod table;
pub mod truth;
pub mod world;

pub use person::Member;
pub use setup::{Pr, Repo, Setup};
pub use world::World;
