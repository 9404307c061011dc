//! What is promised of every key: who tells of it, and what its payload holds. `docs/EVENTS.md` and the schemas say the same,
//! and tests hold them to it.

use bitbucket::EventKey;

/// What is promised of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Promise {
    /// Whether Bitbucket ever reports it.
    pub reported: bool,
    /// Whether a poll can find it.
    pub found: bool,
    /// The fields of its payload, besides `actor` and `repository`. What a poll found has all of them; Bitbucket's own may lack
    /// some.
    pub payload: &'static [&'static str],
}

/// What is promised of a key. Of an unknown one: that it is passed on.
pub fn promise(key: &EventKey) -> Promise {
    use EventKey as K;
    let (reported, found, payload): (bool, bool, &[&str]) = match key {
        K::PullRequestCreated | K::PullRequestUpdated | K::PullRequestFulfilled | K::PullRequestRejected => {
            (true, true, &["pullrequest"])
        }
        K::PullRequestPush => (true, false, &["pullrequest"]),
        K::PullRequestApproved | K::PullRequestUnapproved => (true, true, &["pullrequest", "approval"]),
        K::ChangesRequestCreated | K::ChangesRequestRemoved => {
            (true, true, &["pullrequest", "changes_request"])
        }
        K::CommentCreated
        | K::CommentUpdated
        | K::CommentDeleted
        | K::CommentResolved
        | K::CommentReopened => (true, true, &["pullrequest", "comment"]),
        K::CountersChanged => (false, true, &["pullrequest"]),
        K::TaskCreated | K::TaskUpdated | K::TaskResolved | K::TaskReopened | K::TaskDeleted => {
            (false, true, &["pullrequest", "task"])
        }
        K::RepositoryPush => (true, false, &["push"]),
        K::RepositoryFork => (true, false, &["fork"]),
        K::RepositoryUpdated => (true, false, &["changes"]),
        K::CommitCommentCreated => (true, false, &["commit", "comment"]),
        K::CommitStatusCreated | K::CommitStatusUpdated => (true, false, &["commit_status"]),
        K::IssueCreated => (true, false, &["issue"]),
        K::IssueUpdated => (true, false, &["issue", "changes"]),
        K::IssueCommentCreated => (true, false, &["issue", "comment"]),
        K::RepositoryCreated
        | K::RepositoryDeleted
        | K::RepositoryImported
        | K::RepositoryTransfer
        | K::ProjectUpdated
        | K::PipelineSpanCreated
        | K::Other(_) => (true, false, &[]),
    };
    Promise { reported, found, payload }
}
