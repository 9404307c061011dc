//! Accounts, repositories, pull requests and their parts.

use super::inputs::{BuildState, Inline, TaskState};
use super::outcome::Secret;
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// An account: a person or a bot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Nickname and display name.
    pub name: String,
    /// In braces.
    pub uuid: String,
    /// Atlassian account id.
    pub account_id: String,
    /// True for a bot, false for a person.
    pub is_app: bool,
    /// Time of its creation.
    pub created_on: Timestamp,
}

/// The workspace that owns the repositories.
#[derive(Debug, Clone)]
pub(crate) struct Workspace {
    pub(crate) slug: String,
    pub(crate) uuid: String,
    pub(crate) project_uuid: String,
    pub(crate) created_on: Timestamp,
}

impl Workspace {
    /// True if a path names it so: by slug or by uuid in braces.
    pub(crate) fn is_called(&self, name: &str) -> bool {
        self.slug.eq_ignore_ascii_case(name) || self.uuid == name
    }
}

/// The names of a repository. Only a move changes them, and never the uuid.
#[derive(Debug, Clone)]
pub(crate) struct RepositoryIdentity {
    pub(crate) slug: String,
    pub(crate) full_name: String,
    pub(crate) uuid: String,
    pub(crate) workspace: Arc<Workspace>,
    pub(crate) created_on: Timestamp,
}

/// A repository with everything in it.
#[derive(Debug, Clone)]
pub(crate) struct Repository {
    pub(crate) identity: Arc<RepositoryIdentity>,
    pub(crate) updated_on: Timestamp,
    pub(crate) is_deleted: bool,
    /// Branch name to commit hash.
    pub(crate) branches: BTreeMap<String, String>,
    /// By full hash.
    pub(crate) commits: BTreeMap<String, Commit>,
    /// By id, which counts from 1.
    pub(crate) pull_requests: BTreeMap<u64, PullRequest>,
}

impl Repository {
    /// Returns a commit and its ancestors, newest first.
    pub(crate) fn history(&self, head: &str) -> Vec<String> {
        let mut history: Vec<String> = Vec::new();
        let mut open = std::collections::VecDeque::from([head.to_owned()]);
        while let Some(hash) = open.pop_front() {
            if history.contains(&hash) {
                continue;
            }
            let parents = self.commits.get(&hash).map(|commit| commit.parents.clone());
            open.extend(parents.unwrap_or_default());
            history.push(hash);
        }
        history
    }
}

pub(crate) const MAIN_BRANCH: &str = "main";

#[derive(Debug, Clone)]
pub(crate) struct Commit {
    pub(crate) hash: String,
    pub(crate) message: String,
    pub(crate) author: Arc<Account>,
    pub(crate) date: Timestamp,
    pub(crate) parents: Vec<String>,
    /// By id.
    pub(crate) comments: BTreeMap<u64, Comment>,
    /// By key.
    pub(crate) statuses: BTreeMap<String, Status>,
}

#[derive(Debug, Clone)]
pub(crate) struct PullRequest {
    pub(crate) id: u64,
    pub(crate) title: String,
    pub(crate) description: String,
    pub(crate) state: PullRequestState,
    pub(crate) draft: bool,
    /// True while it waits in a merge queue.
    pub(crate) queued: bool,
    pub(crate) author: Arc<Account>,
    pub(crate) source: Endpoint,
    pub(crate) destination: Endpoint,
    pub(crate) close_source_branch: bool,
    pub(crate) reviewers: Vec<Arc<Account>>,
    pub(crate) participants: Vec<Participant>,
    /// By id, deleted ones included.
    pub(crate) comments: BTreeMap<u64, Comment>,
    /// By id.
    pub(crate) tasks: BTreeMap<u64, Task>,
    pub(crate) created_on: Timestamp,
    pub(crate) updated_on: Timestamp,
    pub(crate) merge_commit: Option<String>,
    pub(crate) closed_by: Option<Arc<Account>>,
    pub(crate) reason: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PullRequestState {
    Open,
    Merged,
    Declined,
    /// Another pull request with the same changes took its place.
    Superseded,
}

impl PullRequestState {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Open => "OPEN",
            Self::Merged => "MERGED",
            Self::Declined => "DECLINED",
            Self::Superseded => "SUPERSEDED",
        }
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Endpoint {
    pub(crate) branch: String,
    pub(crate) commit: String,
}

#[derive(Debug, Clone)]
pub(crate) struct Participant {
    pub(crate) account: Arc<Account>,
    pub(crate) verdict: Option<Verdict>,
    /// `None` until the participant acts.
    pub(crate) participated_on: Option<Timestamp>,
}

/// Review of a pull request. A new verdict replaces the old one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    Approved,
    ChangesRequested,
}

/// A comment on a pull request or on a commit.
#[derive(Debug, Clone)]
pub(crate) struct Comment {
    pub(crate) id: u64,
    pub(crate) user: Arc<Account>,
    pub(crate) raw: String,
    pub(crate) created_on: Timestamp,
    pub(crate) updated_on: Timestamp,
    /// Start of the present window, or of the last one.
    pub(crate) window_from: Timestamp,
    pub(crate) deleted: bool,
    /// True while it belongs to a review that is not published: only its author sees it.
    pub(crate) pending: bool,
    pub(crate) parent: Option<u64>,
    pub(crate) inline: Option<Inline>,
    pub(crate) resolution: Option<(Arc<Account>, Timestamp)>,
    /// Uuids of those who like it; no call shows them.
    pub(crate) likes: BTreeSet<String>,
}

impl Comment {
    /// True if it is published, or is the viewer's own.
    pub(crate) fn is_visible_to(&self, viewer: Option<&Account>) -> bool {
        !self.pending || viewer.is_some_and(|viewer| *viewer == *self.user)
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Task {
    pub(crate) id: u64,
    pub(crate) creator: Arc<Account>,
    pub(crate) raw: String,
    pub(crate) state: TaskState,
    pub(crate) comment: Option<u64>,
    pub(crate) created_on: Timestamp,
    pub(crate) updated_on: Timestamp,
    pub(crate) resolved: Option<(Arc<Account>, Timestamp)>,
}

/// A build of a commit.
#[derive(Debug, Clone)]
pub(crate) struct Status {
    pub(crate) key: String,
    pub(crate) state: BuildState,
    pub(crate) url: String,
    pub(crate) name: String,
    pub(crate) description: String,
    pub(crate) refname: Option<String>,
    pub(crate) created_on: Timestamp,
    pub(crate) updated_on: Timestamp,
}

/// A subscription to webhooks.
#[derive(Debug, Clone)]
pub(crate) struct Hook {
    pub(crate) uuid: String,
    pub(crate) subject: HookSubject,
    pub(crate) url: String,
    pub(crate) description: String,
    pub(crate) active: bool,
    pub(crate) events: Vec<&'static str>,
    pub(crate) secret: Option<Secret>,
    pub(crate) created_at: Timestamp,
}

/// Events that a hook covers: those of a repository, or of the whole workspace.
#[derive(Debug, Clone)]
pub(crate) enum HookSubject {
    Repository(Arc<RepositoryIdentity>),
    Workspace(Arc<Workspace>),
}

impl HookSubject {
    pub(crate) fn covers(&self, repository: &RepositoryIdentity) -> bool {
        match self {
            Self::Repository(one) => one.uuid == repository.uuid,
            Self::Workspace(all) => all.uuid == repository.workspace.uuid,
        }
    }

    pub(crate) fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Repository(one), Self::Repository(two)) => one.uuid == two.uuid,
            (Self::Workspace(one), Self::Workspace(two)) => one.uuid == two.uuid,
            _ => false,
        }
    }
}
