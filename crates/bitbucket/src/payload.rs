//! Tolerant types for the bodies of webhooks and the answers of the REST API.
//!
//! Only the fields that bitrelay uses are typed. The rest stays in the raw JSON and is passed on unchanged. Documented
//! at <https://support.atlassian.com/bitbucket-cloud/docs/event-payloads/>.

use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

pub use crate::commit_status::CommitStatus;

use crate::commit_status::Commit;
use crate::{CommentId, Error, PullRequestId, RepositoryId, TaskId, lenient};

/// A JSON object of Bitbucket: the typed view and the raw JSON.
#[derive(Debug, Clone, PartialEq)]
pub struct Document<T> {
    /// The typed fields.
    pub view: T,
    /// The raw JSON.
    pub raw: Value,
}

impl<T: DeserializeOwned + Default> Document<T> {
    /// Reads any JSON. The view lacks fields of an unexpected type.
    pub fn new(raw: Value) -> Self {
        // Without this check, an array would be read field by field.
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

/// Deepest nesting of a body. Bitbucket's payloads have 8 levels. The parser reads 128, and what is stored wraps a body
/// in further levels, so a deeper one could not be read back.
pub const MAX_NESTING: usize = 64;

/// The body of a webhook.
#[derive(Debug, Clone)]
pub struct Payload(Map<String, Value>);

impl Payload {
    /// Reads a body.
    ///
    /// # Errors
    ///
    /// [`Error::NotJson`], [`Error::NotAnObject`], [`Error::NestedTooDeep`].
    pub fn parse(body: &[u8]) -> Result<Self, Error> {
        match serde_json::from_slice(body) {
            Ok(value) if nesting(&value) > MAX_NESTING => Err(Error::NestedTooDeep { levels: MAX_NESTING }),
            Ok(Value::Object(fields)) => Ok(Self(fields)),
            Ok(_) => Err(Error::NotAnObject),
            Err(error) => Err(Error::NotJson { line: error.line(), column: error.column() }),
        }
    }

    /// Returns the raw JSON of a field; `None` if it is missing or null.
    pub fn raw(&self, field: &str) -> Option<&Value> {
        self.0.get(field).filter(|value| !value.is_null())
    }

    /// Returns all fields.
    pub const fn fields(&self) -> &Map<String, Value> {
        &self.0
    }

    fn document<T: DeserializeOwned + Default>(&self, field: &str) -> Option<Document<T>> {
        self.raw(field).filter(|value| value.is_object()).cloned().map(Document::new)
    }

    /// Reads the typed view of a field, without a copy of its raw JSON.
    fn view<T: DeserializeOwned>(&self, field: &str) -> Option<T> {
        T::deserialize(self.raw(field).filter(|value| value.is_object())?).ok()
    }

    /// Returns the typed view of `pullrequest`.
    pub fn pull_request_view(&self) -> Option<PullRequest> {
        self.view("pullrequest")
    }

    /// Returns `pullrequest`.
    pub fn pull_request(&self) -> Option<Document<PullRequest>> {
        self.document("pullrequest")
    }

    /// Returns `repository`; in old payloads without a usable one, the destination's of the pull request.
    pub fn repository(&self) -> Option<Document<Repository>> {
        self.document("repository")
            .filter(|repository: &Document<Repository>| repository.id().is_some())
            .or_else(|| {
                let repository = self.raw("pullrequest")?.pointer("/destination/repository")?;
                repository.is_object().then(|| Document::new(repository.clone()))
            })
    }

    /// Returns `comment`.
    pub fn comment(&self) -> Option<Document<Comment>> {
        self.document("comment")
    }

    /// Returns `approval` or `changes_request`.
    pub fn review(&self) -> Option<Review> {
        self.view("approval").or_else(|| self.view("changes_request"))
    }

    /// Returns `commit_status`.
    pub fn commit_status(&self) -> Option<CommitStatus> {
        self.view("commit_status")
    }

    /// Returns the hash of the commit of a commit comment or a build.
    pub fn commit_hash(&self) -> Option<String> {
        let commit = self.view::<Commit>("commit").and_then(|commit| commit.hash);
        commit.or_else(|| self.commit_status()?.commit_hash())
    }

    /// Returns the number of the issue.
    pub fn issue_id(&self) -> Option<u64> {
        self.view::<Issue>("issue").and_then(|issue| issue.id)
    }

    /// Returns the time of the last change of the issue.
    pub fn issue_updated_on(&self) -> Option<Timestamp> {
        self.view::<Issue>("issue").and_then(|issue| issue.updated_on)
    }
}

/// Levels of objects and arrays. The parser limits the recursion.
pub fn nesting(value: &Value) -> usize {
    match value {
        Value::Object(fields) => 1 + fields.values().map(nesting).max().unwrap_or(0),
        Value::Array(items) => 1 + items.iter().map(nesting).max().unwrap_or(0),
        _ => 0,
    }
}

/// An account: a `user`, a `team` or an `app_user`. Any field may be null, because accounts get deleted.
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
    /// `workspace/slug`. A rename changes it.
    #[serde(default, deserialize_with = "lenient::optional")]
    pub full_name: Option<String>,
    /// The workspace of the repository.
    #[serde(default, deserialize_with = "lenient::optional")]
    pub workspace: Option<Workspace>,
}

impl Repository {
    /// Returns the id: the UUID, else the full name. `None` if neither is plausible, because ids become keys of the
    /// table.
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
    /// Time of creation.
    #[serde(default, deserialize_with = "lenient::time")]
    pub created_on: Option<Timestamp>,
    /// Time of the last change. Comments and approvals change it; it is undocumented if edits and tasks do.
    #[serde(default, deserialize_with = "lenient::time")]
    pub updated_on: Option<Timestamp>,
    /// Source of the changes.
    #[serde(default, deserialize_with = "lenient::optional")]
    pub source: Option<Endpoint>,
    /// Destination of the changes.
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
    /// Returns the name of the branch.
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
    /// Time of creation.
    #[serde(default, deserialize_with = "lenient::time")]
    pub created_on: Option<Timestamp>,
    /// Time of the last change. Initially microseconds after `created_on`, so a difference does not prove an edit.
    #[serde(default, deserialize_with = "lenient::time")]
    pub updated_on: Option<Timestamp>,
    /// True if the comment was deleted. Bitbucket does not list deleted comments without replies.
    #[serde(default, deserialize_with = "lenient::flag")]
    pub deleted: bool,
    /// True if the comment is a draft in an unpublished review.
    #[serde(default, deserialize_with = "lenient::flag")]
    pub pending: bool,
    /// Resolution of the thread; `None` while it is open.
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

    /// True if the comment starts a thread that can be resolved: a top-level comment on the diff
    /// (`POST .../comments/{id}/resolve` in Bitbucket's OpenAPI file).
    pub fn begins_thread(&self) -> bool {
        self.inline.is_some() && self.parent.is_none()
    }

    /// Returns the text as it was typed.
    pub fn text(&self) -> Option<&str> {
        self.content.as_ref()?.raw.as_deref()
    }
}

/// Text written by a person.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
pub struct Content {
    /// The text as it was typed.
    #[serde(default, deserialize_with = "lenient::optional")]
    pub raw: Option<String>,
}

/// The resolution of a comment thread.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
pub struct Resolution {
    /// Time of the resolution.
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
    /// Time of creation.
    #[serde(default, deserialize_with = "lenient::time")]
    pub created_on: Option<Timestamp>,
    /// Time of the last change.
    #[serde(default, deserialize_with = "lenient::time")]
    pub updated_on: Option<Timestamp>,
    /// Time of the resolution.
    #[serde(default, deserialize_with = "lenient::time")]
    pub resolved_on: Option<Timestamp>,
    /// True if the task belongs to an unpublished review.
    #[serde(default, deserialize_with = "lenient::flag")]
    pub pending: bool,
}

impl Task {
    /// The id.
    pub fn id(&self) -> Option<TaskId> {
        self.id.map(TaskId)
    }

    /// Returns the text as it was typed.
    pub fn text(&self) -> Option<&str> {
        self.content.as_ref()?.raw.as_deref()
    }

    /// True if the task is done.
    pub fn resolved(&self) -> bool {
        self.state.as_deref() == Some("RESOLVED")
    }
}

/// An approval or a request for changes.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
pub struct Review {
    /// Time of the review.
    #[serde(default, deserialize_with = "lenient::time")]
    pub date: Option<Timestamp>,
    /// The reviewer.
    #[serde(default, deserialize_with = "lenient::optional")]
    pub user: Option<Account>,
}

/// A participant of a pull request.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
pub struct Participant {
    /// The account as raw JSON.
    #[serde(default, deserialize_with = "lenient::optional")]
    pub user: Option<Value>,
    /// True if the participant approves.
    #[serde(default, deserialize_with = "lenient::flag")]
    pub approved: bool,
    /// `approved` or `changes_requested`.
    #[serde(default, deserialize_with = "lenient::optional")]
    pub state: Option<String>,
    /// Time of the current review.
    #[serde(default, deserialize_with = "lenient::time")]
    pub participated_on: Option<Timestamp>,
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
struct Issue {
    #[serde(default, deserialize_with = "lenient::number")]
    id: Option<u64>,
    #[serde(default, deserialize_with = "lenient::time")]
    updated_on: Option<Timestamp>,
}
