//! The probe: measures in a sandbox repository what Bitbucket does not document.
//!
//! It opens a pull request, acts on it as a person would, receives the webhooks, and compares both with what the API
//! shows. It takes about 25 minutes, most of which it waits for the window of silent edits to end.

mod bench;
mod error;
mod findings;
mod listener;
mod measurements;
mod question;
mod run;
mod sandbox;
mod time;

pub use error::Error;
pub use findings::{Answer, Findings};
pub use listener::Listener;
pub use question::{Question, Setup};
pub use run::Probe;
pub use time::{RealTime, Time, Wait};
