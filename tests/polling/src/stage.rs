//! Bitbucket at second 0 of a workload: the same for both policies.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use simulator::{ClockStart, Sending, Settings, User};

use crate::changes::WINDOW;
use crate::workload::{Second, Workload};

/// Second 0.
pub const START: &str = "2026-11-24T10:00:00Z";

/// Seconds that bitrelay runs before second 0. Its calls in this time are not counted.
pub const WARM_UP: Second = 900;

/// The account that polls.
pub const BOT: &str = "bot";

/// Second 0.
pub fn start() -> Timestamp {
    START.parse().unwrap_or(Timestamp::UNIX_EPOCH)
}

fn warm_up() -> Timestamp {
    start().saturating_sub(SignedDuration::from_secs(WARM_UP.into())).unwrap_or_else(|_| start())
}

/// The name of a person.
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
        clock: ClockStart::Manual(warm_up()),
        window_seconds: WINDOW.into(),
        sending: Sending { resend_after: Duration::from_millis(5), ..Sending::default() },
        calls_per_hour: workload.calls.of_bitbucket(),
        ..Settings::default()
    }
}
