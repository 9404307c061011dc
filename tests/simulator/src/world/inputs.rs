//! Request bodies that people send, in Bitbucket's shape. Unknown fields are ignored, as Bitbucket does.

use serde::{Deserialize, Deserializer, Serialize};

/// Body of `POST .../pullrequests`.
#[derive(Debug, Clone, Deserialize)]
pub struct NewPullRequest {
    /// Not blank.
    pub title: String,
    /// Markdown.
    pub description: Option<String>,
    /// The branch to merge.
    pub source: EndpointInput,
    /// The branch to merge into; the main branch if absent.
    pub destination: Option<EndpointInput>,
    /// The reviewers.
    #[serde(default, deserialize_with = "null_as_default")]
    pub reviewers: Vec<AccountInput>,
    /// True if merging removes the source branch.
    #[serde(default, deserialize_with = "null_as_default")]
    pub close_source_branch: bool,
    /// True for a draft.
    #[serde(default, deserialize_with = "null_as_default")]
    pub draft: bool,
}

impl NewPullRequest {
    /// A pull request from this branch into the main branch.
    pub fn of(title: &str, source_branch: &str) -> Self {
        Self {
            title: title.to_owned(),
            description: None,
            source: EndpointInput::branch(source_branch),
            destination: None,
            reviewers: Vec::new(),
            close_source_branch: false,
            draft: false,
        }
    }
}

/// Body of `PUT .../pullrequests/{id}`; absent fields stay as they are.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct PullRequestChanges {
    /// Not blank.
    pub title: Option<String>,
    /// Markdown.
    pub description: Option<String>,
    /// Replaces all reviewers.
    pub reviewers: Option<Vec<AccountInput>>,
    /// Another branch to merge into.
    pub destination: Option<EndpointInput>,
    /// True for a draft.
    pub draft: Option<bool>,
    /// True if merging removes the source branch.
    pub close_source_branch: Option<bool>,
}

/// One end of a pull request.
#[derive(Debug, Clone, Deserialize)]
pub struct EndpointInput {
    /// The branch.
    pub branch: BranchInput,
}

/// A branch by its name.
#[derive(Debug, Clone, Deserialize)]
pub struct BranchInput {
    /// `feature/x`
    pub name: String,
}

impl EndpointInput {
    /// The end of a pull request at this branch.
    pub fn branch(name: &str) -> Self {
        Self { branch: BranchInput { name: name.to_owned() } }
    }
}

/// An account, by uuid (in braces) or account id.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct AccountInput {
    /// `{...}`
    pub uuid: Option<String>,
    /// Atlassian account id.
    pub account_id: Option<String>,
}

/// Body of `POST .../merge` and `POST .../decline`; all optional.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Closing {
    /// Message of the merge commit.
    pub message: Option<String>,
    /// True to remove the source branch; the pull request's own setting if absent.
    pub close_source_branch: Option<bool>,
    /// Reason for the decline.
    pub reason: Option<String>,
}

/// Body of `POST .../comments`, on pull requests and on commits.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct NewComment {
    /// The text.
    pub content: ContentInput,
    /// The comment it replies to.
    pub parent: Option<IdInput>,
    /// The place in the diff; the parent's if this is a reply.
    pub inline: Option<Inline>,
    /// True for a comment of a review that is published later.
    #[serde(default)]
    pub pending: bool,
}

impl NewComment {
    /// A comment on the whole pull request.
    pub fn text(raw: &str) -> Self {
        Self { content: ContentInput { raw: raw.to_owned() }, ..Self::default() }
    }
}

/// Body of `PUT .../comments/{id}`.
#[derive(Debug, Clone, Deserialize)]
pub struct CommentChanges {
    /// The new text.
    pub content: ContentInput,
}

/// A text in Markdown.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct ContentInput {
    /// As it was typed.
    pub raw: String,
}

/// A reference by number.
#[derive(Debug, Clone, Copy, Deserialize)]
pub struct IdInput {
    /// Its id.
    pub id: u64,
}

/// A place in a diff.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
pub struct Inline {
    /// The file.
    pub path: String,
    /// Line in the old version.
    pub from: Option<u64>,
    /// Line in the new version.
    pub to: Option<u64>,
    /// First line in the old version, of a comment on several.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start_from: Option<u64>,
    /// First line in the new version, of a comment on several.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start_to: Option<u64>,
}

/// Body of `POST .../tasks`.
#[derive(Debug, Clone, Deserialize)]
pub struct NewTask {
    /// The text.
    pub content: ContentInput,
    /// The comment it belongs to, if any.
    pub comment: Option<IdInput>,
}

/// Body of `PUT .../tasks/{id}`; absent fields stay as they are.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct TaskChanges {
    /// The new text.
    pub content: Option<ContentInput>,
    /// The new state.
    pub state: Option<TaskState>,
}

/// State of a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum TaskState {
    /// Done.
    Resolved,
    /// Not done.
    Unresolved,
}

/// Body of `POST .../statuses/build`, and of `PUT .../statuses/build/{key}` where the key is in the path.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct StatusInput {
    /// Identifies the build on its commit.
    pub key: Option<String>,
    /// The state.
    pub state: Option<BuildState>,
    /// A page about it.
    pub url: Option<String>,
    /// Its name; the key if absent.
    pub name: Option<String>,
    /// A sentence.
    pub description: Option<String>,
    /// The branch it was for.
    pub refname: Option<String>,
}

/// State of a build.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum BuildState {
    /// Failed.
    Failed,
    /// Running.
    Inprogress,
    /// Stopped by a person.
    Stopped,
    /// Succeeded.
    Successful,
}

/// Body of `POST .../hooks` and `PUT .../hooks/{uid}`.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct HookInput {
    /// Address to send to.
    pub url: Option<String>,
    /// For people.
    pub description: Option<String>,
    /// True if it sends webhooks.
    pub active: Option<bool>,
    /// Keys of the events that it sends.
    pub events: Option<Vec<String>>,
    /// Secret that it signs with.
    #[serde(default)]
    pub secret: SecretInput,
}

impl HookInput {
    /// An active hook without a secret.
    pub fn to(url: &str, events: &[&str]) -> Self {
        let events = events.iter().map(|event| (*event).to_owned()).collect();
        Self { url: Some(url.to_owned()), events: Some(events), ..Self::default() }
    }
}

/// `secret` of a hook: absent leaves it, `null` or `""` removes it.
#[derive(Debug, Clone, Default)]
pub enum SecretInput {
    /// Absent.
    #[default]
    Keep,
    /// `null` or empty.
    Remove,
    /// A new one.
    Set(String),
}

/// Clients write `null` for a field that they leave out.
fn null_as_default<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(
    input: D,
) -> Result<T, D::Error> {
    Ok(Option::<T>::deserialize(input)?.unwrap_or_default())
}

impl<'de> Deserialize<'de> for SecretInput {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        Ok(match Option::<String>::deserialize(input)? {
            Some(secret) if !secret.is_empty() => Self::Set(secret),
            _ => Self::Remove,
        })
    }
}
