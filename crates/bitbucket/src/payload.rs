//! The tolerant types of what a webhook's body or an answer of the REST API says.
//!
//! Only what bitrelay concludes from is typed; the rest stays in the raw JSON and is passed on untouched. Shapes:
//! <https://support.atlassian.com/bitbucket-cloud/docs/event-payloads/>.

use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{CommentId, Error, PullRequestId, RepositoryId, TaskId, lenient};

/// A piece of Bitbucket's JSON: the typed view and the whole it was read from.
#[derive(Debug, Clone, PartialEq)]
pub struct Document<T> {
    /// What bitrelay understands of it.
    pub view: T,
    /// All of it.
    pub raw: Value,
}

impl<T: DeserializeOwned + Default> Document<T> {
    /// Reads any JSON; what does not fit is missing from the view.
    pub fn new(raw: Value) -> Self {
        // An array would be read field by field.
        let view = if raw.is_object() { T::deserialize(&raw).unwrap_or_default() } else { T::default() };
        Self { view, raw }
    }
}

impl<T> std::ops::Deref for Document<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.view
    }
}

/// The body of a webhook.
#[derive(Debug, Clone)]
pub struct Payload(Map<String, Value>);

impl Payload {
    /// Reads a body.
    ///
    /// # Errors
    ///
    /// [`Error::NotJson`], [`Error::NotAnObject`].
    pub fn parse(body: &[u8]) -> Result<Self, Error> {
        match serde_json::from_slice(body) {
            Ok(Value::Object(fields)) => Ok(Self(fields)),
            Ok(_) => Err(Error::NotAnObject),
            Err(error) => Err(Error::NotJson { line: error.line(), column: error.column() }),
        }
    }

    /// A field as it is, unless it is missing or null.
    pub fn raw(&self, field: &str) -> Option<&Value> {
        self.0.get(field).filter(|value| !value.is_null())
    }

    /// All of it.
    pub const fn fields(&self) -> &Map<String, Value> {
        &self.0
    }

    fn document<T: DeserializeOwned + Default>(&self, field: &str) -> Option<Document<T>> {
        self.raw(field).filter(|value| value.is_object()).cloned().map(Document::new)
    }

    /// Only the typed view, without a copy of what it was read from.
    fn view<T: DeserializeOwned>(&self, field: &str) -> Option<T> {
        T::deserialize(self.raw(field).filter(|value| value.is_object())?).ok()
    }

    /// What bitrelay understands of `pullrequest`.
    pub fn pull_request_view(&self) -> Option<PullRequest> {
        self.view("pullrequest")
    }

    /// `pullrequest`.
    pub fn pull_request(&self) -> Option<Document<PullRequest>> {
        self.document("pullrequest")
    }

    /// `repository`; where an old payload has none that says which it is, the destination of its pull request.
    pub fn repository(&self) -> Option<Document<Repository>> {
        self.document("repository")
            .filter(|repository: &Document<Repository>| repository.id().is_some())
            .or_else(|| {
                let repository = self.raw("pullrequest")?.pointer("/destination/repository")?;
                repository.is_object().then(|| Document::new(repository.clone()))
            })
    }

    /// `comment`.
    pub fn comment(&self) -> Option<Document<Comment>> {
        self.document("comment")
    }

    /// `approval` or `changes_request`, whichever is there.
    pub fn review(&self) -> Option<Review> {
        self.view("approval").or_else(|| self.view("changes_request"))
    }

    /// `commit_status`.
    pub fn commit_status(&self) -> Option<CommitStatus> {
        self.view("commit_status")
    }

    /// The commit that a commit comment or a build is about.
    pub fn commit_hash(&self) -> Option<String> {
        let commit = self.view::<Commit>("commit").and_then(|commit| commit.hash);
        commit.or_else(|| self.commit_status()?.commit_hash())
    }

    /// The number of the issue that this is about.
    pub fn issue_id(&self) -> Option<u64> {
        self.view::<Issue>("issue").and_then(|issue| issue.id)
    }

    /// When the issue was last changed.
    pub fn issue_updated_on(&self) -> Option<Timestamp> {
        self.view::<Issue>("issue").and_then(|issue| issue.updated_on)
    }
}

/// Who: a `user`, a `team` or an `app_user`. All may be missing or null: accounts get deleted.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(deny_unknown_fields))]
pub struct Account {
    /// `user`, `team` or `app_user`.
    #[serde(default, rename = "type", deserialize_with = "lenient::optional")]
    pub kind: Option<String>,
    /// The account's UUID, with braces.
    #[serde(default, deserialize_with = "lenient::optional")]
    pub uuid: Option<String>,
    /// The name shown to people.
    #[serde(default, deserialize_with = "lenient::optional")]
    pub display_name: Option<String>,
    /// The short name.
    #[serde(default, deserialize_with = "lenient::optional")]
    pub nickname: Option<String>,
}

/// A repository.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
pub struct Repository {
    /// The UUID, with braces.
    #[serde(default, deserialize_with = "lenient::optional")]
    pub uuid: Option<String>,
    /// `workspace/slug`. Changes on a rename.
    #[serde(default, deserialize_with = "lenient::optional")]
    pub full_name: Option<String>,
    /// The workspace that owns it.
    #[serde(default, deserialize_with = "lenient::optional")]
    pub workspace: Option<Workspace>,
}

impl Repository {
    /// What the repository is known by: its UUID, else its name. `None` where neither could be one: this becomes a key
    /// of the table.
    pub fn id(&self) -> Option<RepositoryId> {
        let names = [self.uuid.as_deref(), self.full_name.as_deref()];
        names.into_iter().flatten().map(RepositoryId::new).find(RepositoryId::is_plausible)
    }
}

/// A workspace.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
pub struct Workspace {
    /// The UUID, with braces.
    #[serde(default, deserialize_with = "lenient::optional")]
    pub uuid: Option<String>,
    /// The short name in URLs.
    #[serde(default, deserialize_with = "lenient::optional")]
    pub slug: Option<String>,
}

/// A pull request.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
pub struct PullRequest {
    /// The number within its repository.
    #[serde(default, deserialize_with = "lenient::number")]
    id: Option<u64>,
    /// When it was created.
    #[serde(default, deserialize_with = "lenient::time")]
    pub created_on: Option<Timestamp>,
    /// When Bitbucket last moved it. Comments and approvals move it; whether edits and tasks do is not known.
    #[serde(default, deserialize_with = "lenient::time")]
    pub updated_on: Option<Timestamp>,
    /// Where the changes come from.
    #[serde(default, deserialize_with = "lenient::optional")]
    pub source: Option<Endpoint>,
    /// Where the changes go to.
    #[serde(default, deserialize_with = "lenient::optional")]
    pub destination: Option<Endpoint>,
}

impl PullRequest {
    /// The number within its repository.
    pub fn id(&self) -> Option<PullRequestId> {
        self.id.map(PullRequestId)
    }
}

/// One end of a pull request.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
pub struct Endpoint {
    /// The branch.
    #[serde(default, deserialize_with = "lenient::optional")]
    pub branch: Option<Branch>,
}

impl Endpoint {
    /// The branch's name.
    pub fn branch_name(&self) -> Option<&str> {
        self.branch.as_ref()?.name.as_deref()
    }
}

/// A branch.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
pub struct Branch {
    /// The name, without `refs/heads/`.
    #[serde(default, deserialize_with = "lenient::optional")]
    pub name: Option<String>,
}

/// A comment, on a pull request or on a commit.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
pub struct Comment {
    /// The id, unique in Bitbucket.
    #[serde(default, deserialize_with = "lenient::number")]
    id: Option<u64>,
    /// The text.
    #[serde(default, deserialize_with = "lenient::optional")]
    pub content: Option<Content>,
    /// When it was written.
    #[serde(default, deserialize_with = "lenient::time")]
    pub created_on: Option<Timestamp>,
    /// When it was last changed; microseconds after `created_on` at first, so the two tell nothing about an edit.
    #[serde(default, deserialize_with = "lenient::time")]
    pub updated_on: Option<Timestamp>,
    /// Whether it was deleted. A deleted comment without replies is no longer listed at all.
    #[serde(default, deserialize_with = "lenient::flag")]
    pub deleted: bool,
    /// Whether it is a draft of a review that was not published.
    #[serde(default, deserialize_with = "lenient::flag")]
    pub pending: bool,
    /// Who resolved it and when; missing while it is open.
    #[serde(default, deserialize_with = "lenient::optional")]
    pub resolution: Option<Resolution>,
    #[serde(default, deserialize_with = "lenient::optional")]
    parent: Option<Value>,
    #[serde(default, deserialize_with = "lenient::optional")]
    inline: Option<Value>,
}

impl Comment {
    /// The id.
    pub fn id(&self) -> Option<CommentId> {
        self.id.map(CommentId)
    }

    /// Whether it begins a thread that can be resolved: only a top-level comment on the diff can be
    /// (`POST .../comments/{id}/resolve` in Bitbucket's OpenAPI file).
    pub fn begins_thread(&self) -> bool {
        self.inline.is_some() && self.parent.is_none()
    }

    /// The text as it was typed.
    pub fn text(&self) -> Option<&str> {
        self.content.as_ref()?.raw.as_deref()
    }
}

/// Text that people typed.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
pub struct Content {
    /// As it was typed.
    #[serde(default, deserialize_with = "lenient::optional")]
    pub raw: Option<String>,
}

/// The resolution of a comment thread.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
pub struct Resolution {
    /// When it was resolved.
    #[serde(default, deserialize_with = "lenient::time")]
    pub created_on: Option<Timestamp>,
}

/// A task of a pull request.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
pub struct Task {
    /// The id.
    #[serde(default, deserialize_with = "lenient::number")]
    id: Option<u64>,
    /// The text.
    #[serde(default, deserialize_with = "lenient::optional")]
    pub content: Option<Content>,
    /// `RESOLVED` or `UNRESOLVED`.
    #[serde(default, deserialize_with = "lenient::optional")]
    pub state: Option<String>,
    /// When it was created.
    #[serde(default, deserialize_with = "lenient::time")]
    pub created_on: Option<Timestamp>,
    /// When it was last changed.
    #[serde(default, deserialize_with = "lenient::time")]
    pub updated_on: Option<Timestamp>,
    /// When it was resolved.
    #[serde(default, deserialize_with = "lenient::time")]
    pub resolved_on: Option<Timestamp>,
    /// Whether it is part of a review that was not published.
    #[serde(default, deserialize_with = "lenient::flag")]
    pub pending: bool,
}

impl Task {
    /// The id.
    pub fn id(&self) -> Option<TaskId> {
        self.id.map(TaskId)
    }

    /// The text as it was typed.
    pub fn text(&self) -> Option<&str> {
        self.content.as_ref()?.raw.as_deref()
    }

    /// Whether it is done.
    pub fn resolved(&self) -> bool {
        self.state.as_deref() == Some("RESOLVED")
    }
}

/// An approval or a request for changes.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
pub struct Review {
    /// When it was given.
    #[serde(default, deserialize_with = "lenient::time")]
    pub date: Option<Timestamp>,
    /// Who gave it.
    #[serde(default, deserialize_with = "lenient::optional")]
    pub user: Option<Account>,
}

/// Somebody who takes part in a pull request.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
pub struct Participant {
    /// Who, as Bitbucket says it.
    #[serde(default, deserialize_with = "lenient::optional")]
    pub user: Option<Value>,
    /// Whether they approve.
    #[serde(default, deserialize_with = "lenient::flag")]
    pub approved: bool,
    /// `approved` or `changes_requested`.
    #[serde(default, deserialize_with = "lenient::optional")]
    pub state: Option<String>,
    /// When they gave the standing verdict.
    #[serde(default, deserialize_with = "lenient::time")]
    pub participated_on: Option<Timestamp>,
}

/// A build of a commit.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
pub struct CommitStatus {
    /// What names the build.
    #[serde(default, deserialize_with = "lenient::optional")]
    pub key: Option<String>,
    /// `INPROGRESS`, `SUCCESSFUL`, `FAILED` or `STOPPED`.
    #[serde(default, deserialize_with = "lenient::optional")]
    pub state: Option<String>,
    /// When it last changed.
    #[serde(default, deserialize_with = "lenient::time")]
    pub updated_on: Option<Timestamp>,
    #[serde(default, deserialize_with = "lenient::optional")]
    commit: Option<Commit>,
    #[serde(default, deserialize_with = "lenient::optional")]
    links: Option<Value>,
}

impl CommitStatus {
    /// The commit; old payloads name it in a link only.
    pub fn commit_hash(&self) -> Option<String> {
        self.commit.as_ref().and_then(|commit| commit.hash.clone()).or_else(|| {
            let link = self.links.as_ref()?.pointer("/commit/href")?.as_str()?;
            link.rsplit('/').next().filter(|hash| !hash.is_empty()).map(str::to_owned)
        })
    }
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
struct Commit {
    #[serde(default, deserialize_with = "lenient::optional")]
    hash: Option<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
struct Issue {
    #[serde(default, deserialize_with = "lenient::number")]
    id: Option<u64>,
    #[serde(default, deserialize_with = "lenient::time")]
    updated_on: Option<Timestamp>,
}
