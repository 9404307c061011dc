//! Behaviour of the simulator, as stories over HTTP.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "test code")]

mod api;
mod bad_day;
mod binary;
mod comments;
mod commits;
mod control;
mod hooks;
mod oauth;
mod openapi;
mod pull_requests;
mod sending;
mod stage;
mod tasks;
mod virtual_time;
