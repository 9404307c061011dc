//! Bitbucket without HTTP. Acts change a [`World`]; each act returns its webhooks and its silences. Nothing here reads
//! a clock, opens a socket or draws a random number, so a simulation can drive it in virtual time. The HTTP server is
//! one of its users.

mod comments;
mod commits;
mod drafts;
pub(crate) mod event_keys;
mod hooks;
mod ids;
mod inputs;
mod moves;
mod outcome;
mod pull_requests;
mod reads;
mod reviews;
pub(crate) mod state;
mod tasks;

pub use event_keys::pull_request_events;
pub use inputs::{
    AccountInput, BranchInput, BuildState, Closing, CommentChanges, ContentInput, EndpointInput, HookInput,
    IdInput, Inline, NewComment, NewPullRequest, NewTask, PullRequestChanges, SecretInput, StatusInput,
    TaskChanges, TaskState,
};
pub use outcome::{Done, MAX_PAYLOAD_BYTES, Outbox, Refusal, Secret, Silence, SilenceReason, Webhook};
pub use state::Account;

use crate::settings::{Rules, Settings, Side};
use crate::view::View;
use bytes::Bytes;
use ids::Ids;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value};
use state::{Commit, Hook, HookSubject, MAIN_BRANCH, PullRequest, Repository, RepositoryIdentity, Workspace};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Pull requests of a repository, and comments or tasks of a pull request, that a world will hold.
const MAX_ITEMS: usize = 10_000;

/// Bitbucket: accounts, one workspace, its repositories and hooks.
#[derive(Debug, Clone)]
pub struct World {
    base_url: String,
    rules: Rules,
    window: SignedDuration,
    ids: Ids,
    accounts: Vec<Arc<Account>>,
    workspace: Arc<Workspace>,
    repositories: Vec<Repository>,
    hooks: Vec<Hook>,
    /// Names of the accounts that left the workspace.
    outsiders: BTreeSet<String>,
}

/// A repository of a [`World`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RepositoryId(usize);

/// Account, place and time of an act.
#[derive(Debug, Clone)]
pub struct Act {
    /// The account.
    pub actor: Arc<Account>,
    /// The repository.
    pub repository: RepositoryId,
    /// The time. Must not go back from one act to the next.
    pub now: Timestamp,
}

impl World {
    /// A world with the accounts, workspace and repositories of the settings. Links start with `base_url`; uuids and
    /// hashes follow from `seed`.
    pub fn new(settings: &Settings, base_url: &str, seed: u64, now: Timestamp) -> Self {
        let mut ids = Ids::new(seed);
        let accounts: Vec<Arc<Account>> = settings
            .users
            .iter()
            .map(|user| Arc::new(account(&mut ids, &user.name, user.is_app, now)))
            .collect();
        let workspace = Arc::new(Workspace {
            slug: settings.workspace.clone(),
            uuid: ids.uuid(),
            project_uuid: ids.uuid(),
            created_on: now,
        });
        let founder = accounts.first().cloned();
        let founder = founder.unwrap_or_else(|| Arc::new(account(&mut ids, "nobody", false, now)));
        let repositories = settings
            .repositories
            .iter()
            .map(|slug| repository(&mut ids, slug, &workspace, &founder, now))
            .collect();
        Self {
            base_url: base_url.to_owned(),
            rules: settings.rules,
            window: SignedDuration::try_from(std::time::Duration::from_secs(settings.window_seconds))
                .unwrap_or(SignedDuration::MAX),
            ids,
            accounts,
            workspace,
            repositories,
            hooks: Vec::new(),
            outsiders: BTreeSet::new(),
        }
    }

    /// The account with this name.
    pub fn account(&self, name: &str) -> Option<Arc<Account>> {
        self.accounts.iter().find(|account| account.name == name).cloned()
    }

    /// The repository that a path names, each part by slug or by uuid in braces. Beside a uuid, the workspace may be
    /// `{}` (<https://developer.atlassian.com/cloud/bitbucket/rest/intro/#uri-uuid>).
    ///
    /// # Errors
    /// [`Refusal::NotFound`].
    pub fn find_repository(&self, workspace: &str, slug: &str) -> Result<RepositoryId, Refusal> {
        let position = self.repositories.iter().position(|repository| {
            let identity = &repository.identity;
            let is_uuid = identity.uuid == slug;
            let is_within = identity.workspace.is_called(workspace) || (is_uuid && workspace == "{}");
            let is_called = is_uuid || identity.slug.eq_ignore_ascii_case(slug);
            is_called && is_within && !repository.is_deleted
        });
        position
            .map(RepositoryId)
            .ok_or_else(|| Refusal::not_found(format!("Repository {workspace}/{slug} not found")))
    }

    pub(crate) fn find_workspace(&self, workspace: &str) -> Result<(), Refusal> {
        if self.workspace.is_called(workspace) {
            Ok(())
        } else {
            Err(Refusal::not_found(format!("No workspace with identifier '{workspace}'.")))
        }
    }

    /// Makes a repository with a branch `main`. No webhook reports it.
    ///
    /// # Errors
    /// [`Refusal::NotFound`]; [`Refusal::Invalid`] where there is one of this name.
    pub fn create_repository(
        &mut self,
        workspace: &str,
        slug: &str,
        founder: &Arc<Account>,
        now: Timestamp,
    ) -> Result<RepositoryId, Refusal> {
        self.find_workspace(workspace)?;
        not_blank("slug", slug)?;
        room(self.repositories.len(), "repositories")?;
        if self.find_repository(workspace, slug).is_ok() {
            return Err(Refusal::invalid("slug", "Repository with this Slug and Owner already exists."));
        }
        let made = repository(&mut self.ids, slug, &self.workspace.clone(), founder, now);
        self.repositories.push(made);
        Ok(RepositoryId(self.repositories.len() - 1))
    }

    fn find_account(&self, wanted: &AccountInput) -> Option<Arc<Account>> {
        let matches = |account: &&Arc<Account>| match (&wanted.uuid, &wanted.account_id) {
            (Some(uuid), _) => account.uuid == *uuid,
            (None, Some(account_id)) => account.account_id == *account_id,
            (None, None) => false,
        };
        self.accounts.iter().find(matches).cloned()
    }

    /// The states of pull requests that a listing takes.
    pub(crate) fn pull_request_states(&self) -> &'static [&'static str] {
        let all = &["OPEN", "MERGED", "DECLINED", "SUPERSEDED", "QUEUED", "DRAFT"];
        if self.rules.queued_is_a_state { all } else { &all[..4] }
    }

    /// True if listings of comments can be sorted by `updated_on`.
    pub(crate) fn comments_sort_by_time(&self) -> bool {
        self.rules.comments_sort_by_time
    }

    /// The view of the API's answers.
    pub(crate) fn view(&self) -> View<'_> {
        View {
            base: &self.base_url,
            queued_is_a_state: self.rules.queued_is_a_state,
            shows_resolutions: true,
            other_text_form: self.rules.other_text_form == Some(Side::Answers),
        }
    }

    /// The view of the payloads of webhooks.
    pub(crate) fn payload_view(&self) -> View<'_> {
        View {
            shows_resolutions: self.rules.webhooks_show_resolutions,
            other_text_form: self.rules.other_text_form == Some(Side::Webhooks),
            ..self.view()
        }
    }

    /// The workspace, as `GET /2.0/workspaces/{workspace}` shows it.
    ///
    /// # Errors
    /// [`Refusal::NotFound`].
    pub fn read_workspace(&self, workspace: &str) -> Result<Value, Refusal> {
        self.find_workspace(workspace)?;
        Ok(self.view().whole_workspace(&self.workspace))
    }

    /// The workspaces of every account, as `GET /2.0/user/workspaces` lists them.
    pub(crate) fn read_workspaces(&self) -> Vec<Value> {
        vec![self.view().workspace_access(&self.workspace)]
    }

    pub(crate) fn repository(&self, id: RepositoryId) -> Result<&Repository, Refusal> {
        let repository = self.repositories.get(id.0).filter(|repository| !repository.is_deleted);
        repository.ok_or_else(|| Refusal::not_found("Repository not found"))
    }

    fn repository_mut(&mut self, id: RepositoryId) -> Result<&mut Repository, Refusal> {
        self.repositories.get_mut(id.0).ok_or_else(|| Refusal::not_found("Repository not found"))
    }

    pub(crate) fn pull_request(&self, repository: RepositoryId, id: u64) -> Result<&PullRequest, Refusal> {
        self.repository(repository)?.pull_requests.get(&id).ok_or_else(|| no_pull_request(id))
    }

    fn pull_request_mut(&mut self, repository: RepositoryId, id: u64) -> Result<&mut PullRequest, Refusal> {
        self.repository_mut(repository)?.pull_requests.get_mut(&id).ok_or_else(|| no_pull_request(id))
    }

    pub(crate) fn repository_subject(&self, repository: RepositoryId) -> Result<HookSubject, Refusal> {
        Ok(HookSubject::Repository(self.repository(repository)?.identity.clone()))
    }

    pub(crate) fn workspace_subject(&self) -> HookSubject {
        HookSubject::Workspace(self.workspace.clone())
    }

    /// Adds to the outbox the webhooks of one event: one for each active hook that subscribed to it.
    fn announce(
        &mut self,
        act: &Act,
        event_key: &'static str,
        subject: &str,
        parts: Vec<(&'static str, Value)>,
        outbox: &mut Outbox,
    ) -> Result<(), Refusal> {
        let repository = self.repository(act.repository)?.identity.clone();
        let mut payload = Map::new();
        payload.insert("repository".to_owned(), self.payload_view().repository_in_payload(&repository));
        payload.insert("actor".to_owned(), self.payload_view().account(&act.actor));
        payload.extend(parts.into_iter().map(|(name, part)| (name.to_owned(), part)));
        let body = Bytes::from(Value::Object(payload).to_string());
        let subscribed = |hook: &&Hook| {
            hook.active && hook.events.contains(&event_key) && hook.subject.covers(&repository)
        };
        for hook in self.hooks.iter().filter(subscribed) {
            if body.len() > MAX_PAYLOAD_BYTES {
                outbox.silences.push(Silence {
                    what: event_key,
                    subject: subject.to_owned(),
                    reason: SilenceReason::PayloadTooLarge,
                });
                continue;
            }
            outbox.webhooks.push(Webhook {
                hook_uuid: hook.uuid.clone(),
                url: hook.url.clone(),
                secret: hook.secret.clone(),
                event_key,
                request_uuid: self.ids.uuid(),
                subject: subject.to_owned(),
                body: body.clone(),
            });
        }
        Ok(())
    }

    /// [`Self::announce`] for an event of a pull request: adds `pullrequest` as it is now.
    fn announce_pull_request(
        &mut self,
        act: &Act,
        id: u64,
        event_key: &'static str,
        part: Option<(&'static str, Value)>,
        outbox: &mut Outbox,
    ) -> Result<(), Refusal> {
        let repository = self.repository(act.repository)?;
        let pull_request = self.pull_request(act.repository, id)?;
        let mut parts = vec![(
            "pullrequest",
            self.payload_view().pull_request_in_payload(&repository.identity, pull_request),
        )];
        parts.extend(part);
        let subject = subject(&repository.identity, id);
        self.announce(act, event_key, &subject, parts, outbox)
    }

    /// Adds to the outbox a change that Bitbucket does not report.
    fn stay_silent(
        &self,
        act: &Act,
        id: u64,
        what: &'static str,
        reason: SilenceReason,
        outbox: &mut Outbox,
    ) -> Result<(), Refusal> {
        let subject = subject(&self.repository(act.repository)?.identity, id);
        outbox.silences.push(Silence { what, subject, reason });
        Ok(())
    }
}

fn no_pull_request(id: u64) -> Refusal {
    Refusal::not_found(format!("Pull request {id} not found"))
}

/// Name of a pull request in the logs.
fn subject(repository: &RepositoryIdentity, pull_request: u64) -> String {
    format!("{}#{pull_request}", repository.full_name)
}

/// Refuses a text that is empty or blank.
fn not_blank(field: &'static str, text: &str) -> Result<(), Refusal> {
    if text.trim().is_empty() { Err(Refusal::invalid(field, "This field may not be blank.")) } else { Ok(()) }
}

/// Refuses another one if the limit is reached.
fn room(count: usize, of: &'static str) -> Result<(), Refusal> {
    if count < MAX_ITEMS {
        Ok(())
    } else {
        Err(Refusal::Invalid {
            field: None,
            message: format!("The simulator holds at most {MAX_ITEMS} {of}."),
        })
    }
}

fn account(ids: &mut Ids, name: &str, is_app: bool, now: Timestamp) -> Account {
    let uuid = ids.uuid();
    let account_id = format!("557058:{}", uuid.trim_matches(['{', '}']));
    Account { name: name.to_owned(), uuid, account_id, is_app, created_on: now }
}

fn repository(
    ids: &mut Ids,
    slug: &str,
    workspace: &Arc<Workspace>,
    founder: &Arc<Account>,
    now: Timestamp,
) -> Repository {
    let first = Commit {
        hash: ids.commit_hash(),
        message: "Initial commit".to_owned(),
        author: founder.clone(),
        date: now,
        parents: Vec::new(),
        comments: BTreeMap::new(),
        statuses: BTreeMap::new(),
    };
    Repository {
        identity: Arc::new(RepositoryIdentity {
            slug: slug.to_owned(),
            full_name: format!("{}/{slug}", workspace.slug),
            uuid: ids.uuid(),
            workspace: workspace.clone(),
            created_on: now,
        }),
        updated_on: now,
        is_deleted: false,
        branches: BTreeMap::from([(MAIN_BRANCH.to_owned(), first.hash.clone())]),
        commits: BTreeMap::from([(first.hash.clone(), first)]),
        pull_requests: BTreeMap::new(),
    }
}
