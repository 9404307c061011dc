//! Comments on pull requests and on commits.

use super::View;
use super::pull_requests::pull_request_path;
use crate::clock::written;
use crate::world::state::{Account, Comment, PullRequest, RepositoryIdentity};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

impl View<'_> {
    /// A comment on a pull request, in an answer or as `comment` of a payload.
    pub(crate) fn pull_request_comment(
        self,
        repository: &RepositoryIdentity,
        pull_request: &PullRequest,
        comment: &Comment,
    ) -> Value {
        let api = format!("{}/comments", pull_request_path(repository, pull_request.id));
        let page = format!("{}/pull-requests/{}/_/diff", repository.full_name, pull_request.id);
        let mut shown = self.comment(comment, &api, &page);
        shown.insert("pending".to_owned(), json!(comment.pending));
        shown.insert("type".to_owned(), json!("pullrequest_comment"));
        shown.insert("pullrequest".to_owned(), self.pull_request_reference(repository, pull_request));
        if let Some((user, at)) = comment.resolution.as_ref().filter(|_| self.shows_resolutions) {
            shown.insert("resolution".to_owned(), self.resolution(user, *at));
        }
        Value::Object(shown)
    }

    /// A comment on a commit.
    pub(crate) fn commit_comment(
        self,
        repository: &RepositoryIdentity,
        hash: &str,
        comment: &Comment,
    ) -> Value {
        let api = format!("repositories/{}/commit/{hash}/comments", repository.full_name);
        let page = format!("{}/commits/{hash}", repository.full_name);
        let mut shown = self.comment(comment, &api, &page);
        shown.insert("type".to_owned(), json!("commit_comment"));
        shown.insert("commit".to_owned(), self.commit_reference(repository, hash));
        Value::Object(shown)
    }

    /// That and when a thread was resolved.
    pub(crate) fn resolution(self, user: &Account, at: Timestamp) -> Value {
        json!({ "type": "comment_resolution", "user": self.account(user), "created_on": written(at) })
    }

    fn comment(self, comment: &Comment, api: &str, page: &str) -> Map<String, Value> {
        let links = |id: u64| {
            json!({
                "self": self.api(&format!("{api}/{id}")),
                "html": self.page(&format!("{page}#comment-{id}")),
            })
        };
        let mut shown = Map::new();
        shown.insert("id".to_owned(), json!(comment.id));
        shown.insert("created_on".to_owned(), json!(written(comment.created_on)));
        shown.insert("updated_on".to_owned(), json!(written(comment.updated_on)));
        shown.insert("content".to_owned(), self.rendered(&comment.raw));
        shown.insert("user".to_owned(), self.account(&comment.user));
        shown.insert("deleted".to_owned(), json!(comment.deleted));
        if let Some(parent) = comment.parent {
            shown.insert("parent".to_owned(), json!({ "id": parent, "links": links(parent) }));
        }
        if let Some(inline) = &comment.inline {
            shown.insert("inline".to_owned(), json!(inline));
        }
        shown.insert("links".to_owned(), links(comment.id));
        shown
    }
}
