//! Pull requests, nearly the same in payloads and in answers.

use super::{View, short};
use crate::clock::written;
use crate::world::state::{Endpoint, PullRequest, RepositoryIdentity};
use serde_json::{Value, json};

impl View<'_> {
    /// A pull request as `GET` shows it. Listings leave `reviewers` and `participants` out.
    pub(crate) fn pull_request(self, repository: &RepositoryIdentity, pull_request: &PullRequest) -> Value {
        self.pull_request_in_payload(repository, pull_request)
    }

    /// A pull request as `pullrequest` of a payload. The description stands in it five times, as it does in
    /// Bitbucket's, so a long one makes the payload too large to be sent.
    pub(crate) fn pull_request_in_payload(
        self,
        repository: &RepositoryIdentity,
        shown: &PullRequest,
    ) -> Value {
        let description = self.rendered(&shown.description);
        json!({
            "comment_count": shown.comment_count(),
            "task_count": shown.task_count(),
            "type": "pullrequest",
            "id": shown.id,
            "title": self.text(&shown.title),
            "description": self.text(&shown.description),
            "rendered": { "title": self.rendered(&shown.title), "description": description },
            "state": self.pull_request_state(shown),
            "draft": shown.draft,
            "queued": shown.queued,
            "merge_commit": shown.merge_commit.as_ref().map(|hash| self.abbreviated_commit(repository, hash)),
            "close_source_branch": shown.close_source_branch,
            "closed_by": shown.closed_by.as_ref().map(|account| self.account(account)),
            "author": self.account(&shown.author),
            "reason": shown.reason,
            "created_on": written(shown.created_on),
            "updated_on": written(shown.updated_on),
            "destination": self.endpoint(repository, &shown.destination),
            "source": self.endpoint(repository, &shown.source),
            "reviewers": shown.reviewers.iter().map(|one| self.account(one)).collect::<Vec<_>>(),
            "participants": shown.participants.iter().map(|one| self.participant(shown, one)).collect::<Vec<_>>(),
            "links": self.pull_request_links(repository, shown),
            "summary": description,
        })
    }

    fn pull_request_state(self, shown: &PullRequest) -> &'static str {
        if shown.queued && self.queued_is_a_state { "QUEUED" } else { shown.state.name() }
    }

    /// A pull request where a comment mentions it.
    pub(crate) fn pull_request_reference(
        self,
        repository: &RepositoryIdentity,
        shown: &PullRequest,
    ) -> Value {
        json!({
            "type": "pullrequest",
            "id": shown.id,
            "title": self.text(&shown.title),
            "draft": shown.draft,
            "links": {
                "self": self.api(&pull_request_path(repository, shown.id)),
                "html": self.page(&format!("{}/pull-requests/{}", repository.full_name, shown.id)),
            },
        })
    }

    fn endpoint(self, repository: &RepositoryIdentity, end: &Endpoint) -> Value {
        json!({
            "branch": { "name": end.branch },
            "commit": self.abbreviated_commit(repository, &end.commit),
            "repository": self.repository_reference(repository),
        })
    }

    fn abbreviated_commit(self, repository: &RepositoryIdentity, hash: &str) -> Value {
        self.commit_reference(repository, short(hash))
    }

    fn pull_request_links(self, repository: &RepositoryIdentity, shown: &PullRequest) -> Value {
        let path = pull_request_path(repository, shown.id);
        let below = |name: &str| self.api(&format!("{path}/{name}"));
        let (source, destination) = (short(&shown.source.commit), short(&shown.destination.commit));
        let compared =
            format!("{0}:{source}%0D{destination}?from_pullrequest_id={1}", repository.full_name, shown.id);
        let of_repository = format!("repositories/{}", repository.full_name);
        json!({
            "self": self.api(&path),
            "html": self.page(&format!("{}/pull-requests/{}", repository.full_name, shown.id)),
            "commits": below("commits"),
            "approve": below("approve"),
            "request-changes": below("request-changes"),
            "diff": self.api(&format!("{of_repository}/diff/{compared}")),
            "diffstat": self.api(&format!("{of_repository}/diffstat/{compared}")),
            "comments": below("comments"),
            "activity": below("activity"),
            "merge": below("merge"),
            "decline": below("decline"),
            "statuses": below("statuses"),
        })
    }
}

/// The path of a pull request below `/2.0/`.
pub(super) fn pull_request_path(repository: &RepositoryIdentity, id: u64) -> String {
    format!("repositories/{}/pullrequests/{id}", repository.full_name)
}
