//! The product's guarantees as stories.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "test code")]

mod backlog;
mod budget;
mod builds;
mod changes;
mod commits;
mod dashboard;
mod deletions;
mod deployment;
mod edits;
mod fan_out;
mod faults;
mod full_reads;
mod kept;
mod lag;
mod listings;
mod moves;
mod named_limits;
mod oauth;
mod pollers;
mod restores;
mod run_metrics;
mod states;
mod sweep_targets;
mod sweeps;
mod tasks;
mod threads;
mod trust;
mod unsigned;
mod webhooks;
