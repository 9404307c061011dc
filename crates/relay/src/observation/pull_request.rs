//! Observations of a pull request.

use bitbucket::payload::{Comment, CommitStatus, Document, PullRequest, Task};
use bitbucket::{CommentId, TaskId};
use jiff::Timestamp;
use serde_json::Value;

use super::delivery::Report;
use super::listing::Listing;
use crate::state::ShortHash;

/// Something learned about a pull request.
#[derive(Debug, Clone)]
#[allow(clippy::large_enum_variant, reason = "there is one at a time")]
pub enum PullRequestObservation {
    /// A verified delivery about a build of a commit, which may be the head of this pull request.
    HeadBuild(Report),
    /// A poll read the pull request.
    Poll(PullRequestPoll),
    /// A sweep listed changes that the state does not have.
    SeenInSweep(Notice),
    /// A sweep listed, for the first time, a pull request that existed before the repository was swept.
    FirstListed(FirstListing),
}

/// The answer to a poll of one pull request.
#[derive(Debug, Clone)]
pub struct PullRequestPoll {
    /// The version of the state before the first request was sent. The poll does not contradict later versions.
    pub base_version: u64,
    /// Time of the first request, by our clock.
    pub started_at: Timestamp,
    /// Its `repository` object as Bitbucket answered, if the link does not sign its deliveries.
    pub repository: Option<Value>,
    /// The pull request itself, if it was read.
    pub pull_request: Option<Document<PullRequest>>,
    /// Its head, if that was read.
    pub head: Option<HeadDetails>,
    /// The comments.
    pub comments: Listing<CommentId, Comment>,
    /// The tasks, if they were read.
    pub tasks: Option<Listing<TaskId, Task>>,
}

/// The commit at the head of a pull request, as a poll read it.
#[derive(Debug, Clone)]
pub struct HeadDetails {
    /// Hash of the commit.
    pub hash: ShortHash,
    /// Number of commits of the pull request; `None` if there are more than are read.
    pub commits: Option<u64>,
    /// Number of files changed; likewise.
    pub files_changed: Option<u64>,
    /// The builds of the commit.
    pub builds: Vec<Document<CommitStatus>>,
}

/// A pull request that existed before its repository was swept. It is read in time, and nothing of it is news.
#[derive(Debug, Clone, PartialEq)]
pub struct FirstListing {
    /// Its `repository` object.
    pub repository: Value,
    /// The listed pull request.
    pub shown: Document<PullRequest>,
    /// Time of the sweep.
    pub at: Timestamp,
}

/// A change of one pull request that a sweep shows and its state does not have. The pull request has to be read.
#[derive(Debug, Clone, PartialEq)]
pub struct Notice {
    /// Its `repository` object.
    pub repository: Value,
    /// Events are published for changes since this time.
    pub since: Timestamp,
    /// True if it was created since then.
    pub is_new: bool,
    /// The listed `updated_on`. A webhook with this time or a later one explains the change.
    pub updated_on: Option<Timestamp>,
}
