//! Anything learned about one subject.

use super::commit::CommitObservation;
use super::delivery::Report;
use super::link::LinkObservation;
use super::pull_request::PullRequestObservation;
use super::repository::RepositoryObservation;
use crate::state::SubjectState;

/// Anything learned about one subject.
#[derive(Debug, Clone)]
#[allow(clippy::large_enum_variant, reason = "there is one at a time")]
pub enum Observation {
    /// A verified delivery of Bitbucket, about any subject.
    Delivery(Report),
    /// Something about a pull request.
    PullRequest(PullRequestObservation),
    /// Something about a commit.
    Commit(CommitObservation),
    /// Something about a repository.
    Repository(RepositoryObservation),
    /// Something about a link.
    Link(LinkObservation),
    /// Bitbucket answered that the subject does not exist or may not be read, or the link has no credential.
    Refused,
    /// The poller does not read the subject: its repository is known from unsigned deliveries only, and the link does
    /// not name it.
    NotNamed,
}

impl Observation {
    /// False if the observation is about a subject that this state does not track (any more), or changes nothing; the
    /// store then drops it.
    pub fn concerns(&self, state: &SubjectState) -> bool {
        match self {
            Self::Delivery(_)
            | Self::PullRequest(PullRequestObservation::SeenInSweep(_))
            | Self::Repository(
                RepositoryObservation::Active(_)
                | RepositoryObservation::Confirmed(_)
                | RepositoryObservation::Named { .. },
            ) => true,
            Self::PullRequest(PullRequestObservation::FirstListed(_)) => state.known.is_none(),
            Self::Refused | Self::NotNamed => state.watch.is_some(),
            Self::PullRequest(_) => state.pull_request().is_some(),
            Self::Commit(_) => state.commit().is_some(),
            Self::Repository(_) => state.repository().is_some(),
            Self::Link(LinkObservation::Configured(targets)) => match state.link() {
                Some(link) => link.targets != *targets,
                None => !targets.is_empty(),
            },
            Self::Link(_) => state.link().is_some(),
        }
    }
}
