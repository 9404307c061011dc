//! The whole product in one process and in injected time: the simulated Bitbucket, the real webhook function, the real
//! poller that reads the simulator over HTTP, and a table in memory whose log is what a subscriber sees.
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
//! | [`setup`] | repositories, pull requests, and how a world starts |
//! | [`world`] | everything, and starting it |
//! | `driver` | time, polling, and trouble on the way |
//! | [`log`] | what a subscriber sees, and what is known |
//! | [`queue`] | the queue of shards |
//! | [`person`] | what people do on Bitbucket |
//! | [`mailbox`] | the way of a webhook, on which it can be held back |
//! | [`truth`] | what Bitbucket holds in the end, compared with what is known of it |
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
