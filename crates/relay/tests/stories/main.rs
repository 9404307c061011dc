//! The guarantees of the fold, tested as stories.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "test code")]

mod access;
mod budget;
mod builds;
mod changes;
mod comments;
mod commits;
mod documents;
mod envelopes;
mod lag;
mod large;
mod late_webhooks;
mod listed_again;
mod named_limits;
mod order;
mod polling;
mod properties;
mod ranges;
mod reconcile;
mod repeated;
mod reports;
mod rereads;
mod schema;
mod settings;
mod state_limits;
mod subjects;
mod sweeps;
mod targets;
mod tasks;
mod times;
mod urgency;
mod watches;
#[path = "../../../bitbucket/tests/support/mod.rs"]
mod webhooks;
mod world;
