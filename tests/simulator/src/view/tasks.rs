//! Tasks.

use super::View;
use super::pull_requests::pull_request_path;
use crate::clock::written;
use crate::world::state::{PullRequest, RepositoryIdentity, Task};
use serde_json::{Map, Value, json};

impl View<'_> {
    /// A task of a pull request; `comment` only if it belongs to one.
    pub(crate) fn task(
        self,
        repository: &RepositoryIdentity,
        pull_request: &PullRequest,
        task: &Task,
    ) -> Value {
        let path = pull_request_path(repository, pull_request.id);
        let page = format!("{}/pull-requests/{}", repository.full_name, pull_request.id);
        let mut shown = Map::new();
        shown.insert("id".to_owned(), json!(task.id));
        shown.insert("state".to_owned(), json!(task.state));
        shown.insert("content".to_owned(), self.rendered(&task.raw));
        shown.insert("creator".to_owned(), self.account(&task.creator));
        shown.insert("created_on".to_owned(), json!(written(task.created_on)));
        shown.insert("updated_on".to_owned(), json!(written(task.updated_on)));
        if let Some((by, at)) = &task.resolved {
            shown.insert("resolved_on".to_owned(), json!(written(*at)));
            shown.insert("resolved_by".to_owned(), self.account(by));
        }
        shown.insert("pending".to_owned(), json!(false));
        if let Some(comment) = task.comment {
            let links = json!({
                "self": self.api(&format!("{path}/comments/{comment}")),
                "html": self.page(&format!("{page}/_/diff#comment-{comment}")),
            });
            shown.insert("comment".to_owned(), json!({ "id": comment, "links": links }));
        }
        let links =
            json!({ "self": self.api(&format!("{path}/tasks/{}", task.id)), "html": self.page(&page) });
        shown.insert("links".to_owned(), links);
        Value::Object(shown)
    }
}
