//! Observations of a commit.

use bitbucket::CommentId;
use bitbucket::payload::Comment;
use jiff::Timestamp;
use serde_json::Value;

use super::listing::Listing;

/// Something learned about a commit.
#[derive(Debug, Clone)]
pub enum CommitObservation {
    /// A poll read its comments.
    Poll(CommitPoll),
}

/// The answer to a poll of one commit.
#[derive(Debug, Clone)]
pub struct CommitPoll {
    /// The version of the state before the first request was sent. The poll does not contradict later versions.
    pub base_version: u64,
    /// Time of the first request, by our clock.
    pub started_at: Timestamp,
    /// Its `repository` object as Bitbucket answered, if that was read.
    pub repository: Option<Value>,
    /// The comments.
    pub comments: Listing<CommentId, Comment>,
}
