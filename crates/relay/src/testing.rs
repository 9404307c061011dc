//! Helpers of the unit tests.

use jiff::Timestamp;
use serde_json::Value;

use crate::state::{PublishedFacts, PullRequestState};

/// A number of seconds after the start of the epoch.
pub(crate) fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

/// A new pull request, first seen at the start of the epoch.
pub(crate) fn a_pull_request() -> PullRequestState {
    PullRequestState::first_seen(at(0), PublishedFacts::at_first_sight(&Value::Null, true))
}
