//! Planning of the next poll of any subject.

use jiff::Timestamp;

use super::settings::Settings;
use super::{commit, link, pull_request, refusal, repository};
use crate::state::{Known, SubjectState, Watch};

/// Plans the next poll of a subject, by its kind; later if Bitbucket refused the last one.
pub(crate) fn plan(state: &SubjectState, now: Timestamp, settings: &Settings) -> Option<Watch> {
    let watch = match state.known.as_ref()? {
        Known::PullRequest(pr) => pull_request::plan(pr, now, settings),
        Known::Commit(commit) => commit::plan(commit, now, settings),
        Known::Repository(repository) => repository::plan(repository, now, settings),
        Known::Link(link) => link::plan(link, now, settings),
    }?;
    Some(state.refusal.map_or(watch, |refusal| refusal::postponed(watch, refusal)))
}
