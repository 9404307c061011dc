//! The promise for every key: who reports it, and which fields its payload has. `docs/EVENTS.md` and the schemas
//! repeat it, and tests compare them.

use bitbucket::EventKey;

/// The promise for one key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Promise {
    /// True if Bitbucket ever reports it.
    pub reported: bool,
    /// True if a poll can find it.
    pub found: bool,
    /// The fields of its payload, besides `actor` and `repository`. A payload that a poll made has all of them;
    /// Bitbucket's own may lack some.
    pub payload: &'static [&'static str],
}

/// Returns the promise for a key. An unknown key is published as it came.
pub fn promise(key: &EventKey) -> Promise {
    use EventKey as K;
    let (found, payload): (bool, &[&str]) = match key {
        K::PullRequestCreated
        | K::PullRequestUpdated
        | K::PullRequestFulfilled
        | K::PullRequestRejected
        | K::CountersChanged => (true, &["pullrequest"]),
        K::PullRequestPush => (false, &["pullrequest"]),
        K::PullRequestApproved | K::PullRequestUnapproved => (true, &["pullrequest", "approval"]),
        K::ChangesRequestCreated | K::ChangesRequestRemoved => (true, &["pullrequest", "changes_request"]),
        K::CommentCreated
        | K::CommentUpdated
        | K::CommentDeleted
        | K::CommentResolved
        | K::CommentReopened => (true, &["pullrequest", "comment"]),
        K::TaskCreated | K::TaskUpdated | K::TaskResolved | K::TaskReopened | K::TaskDeleted => {
            (true, &["pullrequest", "task"])
        }
        K::RepositoryPush => (false, &["push"]),
        K::RepositoryFork => (false, &["fork"]),
        K::RepositoryUpdated => (false, &["changes"]),
        K::CommitCommentCreated | K::CommitCommentUpdated | K::CommitCommentDeleted => {
            (true, &["commit", "comment"])
        }
        K::CommitStatusCreated | K::CommitStatusUpdated => (false, &["commit_status"]),
        K::IssueCreated => (false, &["issue"]),
        K::IssueUpdated => (false, &["issue", "changes"]),
        K::IssueCommentCreated => (false, &["issue", "comment"]),
        K::RepositoryCreated
        | K::RepositoryDeleted
        | K::RepositoryImported
        | K::RepositoryTransfer
        | K::ProjectUpdated
        | K::PipelineSpanCreated
        | K::Other(_) => (false, &[]),
    };
    Promise { reported: key.is_reported(), found, payload }
}
