//! The command line against hosts in this process: dynoxide for the table, the simulator for Bitbucket, and MiniStack
//! for secrets and stacks.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "test code")]

mod amazon;
mod checks;
mod console;
mod days;
mod dead_letters;
mod help;
mod hooks;
mod hosts;
mod library;
mod links;
mod pages;
mod played;
mod reading;
mod refusals;
mod replays;
mod restores;
mod rotation;
mod sandbox;
mod stage;
mod statistics;
mod terminal;
mod typing;
#[path = "../../../probe/tests/sandbox/virtual_time.rs"]
mod virtual_time;
