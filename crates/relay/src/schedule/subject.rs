//! Planning of the next poll of any subject.

use jiff::Timestamp;

use super::settings::Settings;
use super::{commit, link, pull_request, repository};
use crate::state::{Known, Watch};

/// Plans the next poll of a subject, by its kind.
pub(crate) fn plan(state: &Known, now: Timestamp, settings: &Settings) -> Option<Watch> {
    match state {
        Known::PullRequest(pr) => pull_request::plan(pr, now, settings),
        Known::Commit(commit) => commit::plan(commit, now, settings),
        Known::Repository(repository) => repository::plan(repository, now, settings),
        Known::Link(link) => link::plan(link, now, settings),
    }
}
