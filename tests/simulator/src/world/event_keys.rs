//! The event keys a hook can subscribe to, as `hook_event.event` of Bitbucket's OpenAPI file lists them.

/// `(key, category, label, scope)`. Deliberately no task, like or commit-comment-updated key: Bitbucket
/// has none.
pub(crate) const EVENT_KEYS: [(&str, &str, &str, Scope); 29] = [
    ("repo:push", "Repository", "Push", Scope::Repository),
    ("repo:fork", "Repository", "Fork", Scope::Repository),
    ("repo:updated", "Repository", "Updated", Scope::Repository),
    ("repo:created", "Repository", "Created", Scope::Workspace),
    ("repo:deleted", "Repository", "Deleted", Scope::Workspace),
    ("repo:imported", "Repository", "Imported", Scope::Workspace),
    ("repo:transfer", "Repository", "Transfer", Scope::Workspace),
    (COMMIT_COMMENT_CREATED, "Repository", "Commit comment created", Scope::Repository),
    (COMMIT_STATUS_CREATED, "Repository", "Build status created", Scope::Repository),
    (COMMIT_STATUS_UPDATED, "Repository", "Build status updated", Scope::Repository),
    (CREATED, "Pull request", "Created", Scope::Repository),
    (UPDATED, "Pull request", "Updated", Scope::Repository),
    ("pullrequest:push", "Pull request", "Push", Scope::Repository),
    (APPROVED, "Pull request", "Approved", Scope::Repository),
    (UNAPPROVED, "Pull request", "Approval removed", Scope::Repository),
    (CHANGES_REQUEST_CREATED, "Pull request", "Changes request created", Scope::Repository),
    (CHANGES_REQUEST_REMOVED, "Pull request", "Changes request removed", Scope::Repository),
    (FULFILLED, "Pull request", "Merged", Scope::Repository),
    (REJECTED, "Pull request", "Declined", Scope::Repository),
    (COMMENT_CREATED, "Pull request", "Comment created", Scope::Repository),
    (COMMENT_UPDATED, "Pull request", "Comment updated", Scope::Repository),
    (COMMENT_DELETED, "Pull request", "Comment deleted", Scope::Repository),
    (COMMENT_RESOLVED, "Pull request", "Comment resolved", Scope::Repository),
    (COMMENT_REOPENED, "Pull request", "Comment reopened", Scope::Repository),
    ("issue:created", "Issue", "Created", Scope::Repository),
    ("issue:updated", "Issue", "Updated", Scope::Repository),
    ("issue:comment_created", "Issue", "Comment created", Scope::Repository),
    ("project:updated", "Project", "Updated", Scope::Workspace),
    ("pipeline:span_created", "Pipeline", "Span created", Scope::Repository),
];

/// The keys of pull-request events.
pub fn pull_request_events() -> impl Iterator<Item = &'static str> {
    EVENT_KEYS.iter().filter(|(_, category, ..)| *category == "Pull request").map(|(key, ..)| *key)
}

/// True if a key makes sense on hooks of a repository, false if on hooks of a workspace only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scope {
    Repository,
    Workspace,
}

pub(crate) const PUSH: &str = "repo:push";
pub(crate) const COMMIT_COMMENT_CREATED: &str = "repo:commit_comment_created";
pub(crate) const COMMIT_STATUS_CREATED: &str = "repo:commit_status_created";
pub(crate) const COMMIT_STATUS_UPDATED: &str = "repo:commit_status_updated";
pub(crate) const CREATED: &str = "pullrequest:created";
pub(crate) const UPDATED: &str = "pullrequest:updated";
pub(crate) const APPROVED: &str = "pullrequest:approved";
pub(crate) const UNAPPROVED: &str = "pullrequest:unapproved";
pub(crate) const CHANGES_REQUEST_CREATED: &str = "pullrequest:changes_request_created";
pub(crate) const CHANGES_REQUEST_REMOVED: &str = "pullrequest:changes_request_removed";
pub(crate) const FULFILLED: &str = "pullrequest:fulfilled";
pub(crate) const REJECTED: &str = "pullrequest:rejected";
pub(crate) const COMMENT_CREATED: &str = "pullrequest:comment_created";
pub(crate) const COMMENT_UPDATED: &str = "pullrequest:comment_updated";
pub(crate) const COMMENT_DELETED: &str = "pullrequest:comment_deleted";
pub(crate) const COMMENT_RESOLVED: &str = "pullrequest:comment_resolved";
pub(crate) const COMMENT_REOPENED: &str = "pullrequest:comment_reopened";
