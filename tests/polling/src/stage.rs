//! Bitbucket at second 0 of a workload: the same for both policies.

use std::time::Duration;

use jiff::Timestamp;
use simulator::{ClockStart, Sending, Settings, User};

use crate::changes::WINDOW;
use crate::workload::Workload;

/// Second 0.
pub const START: &str = "2026-11-24T10:00:00Z";

/// The account that polls.
pub const BOT: &str = "bot";

/// Second 0.
pub fn start() -> Timestamp {
    START.parse().unwrap_or(Timestamp::UNIX_EPOCH)
}

/// The name of somebody.
pub fn person(number: usize) -> String {
    format!("person-{number}")
}

/// The slug of a repository.
pub fn repository(number: usize) -> String {
    format!("repository-{number}")
}

/// The branch of a pull request.
pub fn branch(number: usize) -> String {
    format!("branch-{number}")
}

/// The simulator's settings.
pub fn settings(workload: &Workload) -> Settings {
    let people = (0..workload.people).map(|number| User::person(&person(number)));
    Settings {
        repositories: (0..workload.repositories).map(repository).collect(),
        users: people.chain([User::app(BOT)]).collect(),
        seed: Some(1),
        clock: ClockStart::Manual(start()),
        window_seconds: WINDOW.into(),
        sending: Sending { resend_after: Duration::from_millis(5), ..Sending::default() },
        calls_per_hour: Some(workload.limit),
        ..Settings::default()
    }
}
