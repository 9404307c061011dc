//! Reads of the world, as Bitbucket's REST API shows it. They change nothing and send nothing.

use super::comments::{listed, no_comment};
use super::outcome::Refusal;
use super::state::{Account, Comment, RepositoryIdentity};
use super::tasks::no_task;
use super::{HookInput, RepositoryId, World};
use jiff::Timestamp;
use serde_json::Value;

impl World {
    /// Registers a hook on a repository, as `POST .../hooks` does, and returns its uuid.
    ///
    /// # Errors
    /// [`Refusal::NotFound`]; [`Refusal::Invalid`] for a bad url, event or secret, or too many hooks.
    pub fn subscribe(
        &mut self,
        repository: RepositoryId,
        input: &HookInput,
        now: Timestamp,
    ) -> Result<String, Refusal> {
        self.create_hook(self.repository_subject(repository)?, input, now)
    }

    /// The repository.
    ///
    /// # Errors
    /// [`Refusal::NotFound`].
    pub fn read_repository(&self, repository: RepositoryId) -> Result<Value, Refusal> {
        Ok(self.view().repository(self.repository(repository)?))
    }

    /// All repositories of the workspace, the oldest first.
    ///
    /// # Errors
    /// [`Refusal::NotFound`].
    pub fn read_repositories(&self, workspace: &str) -> Result<Vec<Value>, Refusal> {
        self.find_workspace(workspace)?;
        let is_own = |identity: &RepositoryIdentity| identity.workspace.uuid == self.workspace.uuid;
        let own = self.repositories.iter().filter(|one| is_own(&one.identity) && !one.is_deleted);
        Ok(own.map(|repository| self.view().repository(repository)).collect())
    }

    /// All pull requests of a repository, closed ones too, by id.
    ///
    /// # Errors
    /// [`Refusal::NotFound`].
    pub fn read_pull_requests(&self, repository: RepositoryId) -> Result<Vec<Value>, Refusal> {
        let (view, repository) = (self.view(), self.repository(repository)?);
        let all = repository.pull_requests.values();
        Ok(all.map(|pull_request| view.pull_request(&repository.identity, pull_request)).collect())
    }

    /// One pull request.
    ///
    /// # Errors
    /// [`Refusal::NotFound`].
    pub fn read_pull_request(&self, repository: RepositoryId, id: u64) -> Result<Value, Refusal> {
        let pull_request = self.pull_request(repository, id)?;
        Ok(self.view().pull_request(&self.repository(repository)?.identity, pull_request))
    }

    /// The commits of a pull request, newest first: those in its source and not in its destination.
    ///
    /// # Errors
    /// [`Refusal::NotFound`].
    pub fn read_pull_request_commits(
        &self,
        repository: RepositoryId,
        id: u64,
    ) -> Result<Vec<Value>, Refusal> {
        let (view, ends) = (self.view(), self.pull_request(repository, id)?);
        let repository = self.repository(repository)?;
        let there = repository.history(&ends.destination.commit);
        let brought =
            repository.history(&ends.source.commit).into_iter().filter(|hash| !there.contains(hash));
        let commits = brought.filter_map(|hash| repository.commits.get(&hash));
        Ok(commits.map(|commit| view.commit(&repository.identity, commit)).collect())
    }

    /// The comments that a listing shows, oldest first: deleted ones only while they have visible replies, pending ones
    /// not at all.
    ///
    /// # Errors
    /// [`Refusal::NotFound`].
    pub fn read_comments(&self, repository: RepositoryId, id: u64) -> Result<Vec<Value>, Refusal> {
        self.read_comments_as(None, repository, id)
    }

    /// The same for a viewer, who sees pending comments of their own.
    ///
    /// # Errors
    /// [`Refusal::NotFound`].
    pub fn read_comments_as(
        &self,
        viewer: Option<&Account>,
        repository: RepositoryId,
        id: u64,
    ) -> Result<Vec<Value>, Refusal> {
        let (view, identity) = (self.view(), &self.repository(repository)?.identity);
        let pull_request = self.pull_request(repository, id)?;
        let listed = pull_request.listed_comments(viewer).into_iter();
        Ok(listed.map(|comment| view.pull_request_comment(identity, pull_request, comment)).collect())
    }

    /// One comment that is not pending. The rules decide if a deleted one is blank or not found.
    ///
    /// # Errors
    /// [`Refusal::NotFound`].
    pub fn read_comment(&self, repository: RepositoryId, id: u64, comment_id: u64) -> Result<Value, Refusal> {
        self.read_comment_as(None, repository, id, comment_id)
    }

    /// The same for a viewer, who sees pending comments of their own.
    ///
    /// # Errors
    /// [`Refusal::NotFound`].
    pub fn read_comment_as(
        &self,
        viewer: Option<&Account>,
        repository: RepositoryId,
        id: u64,
        comment_id: u64,
    ) -> Result<Value, Refusal> {
        let identity = &self.repository(repository)?.identity;
        let pull_request = self.pull_request(repository, id)?;
        let readable = self.rules.deleted_comments_stay_readable;
        let shown = |comment: &&Comment| (!comment.deleted || readable) && comment.is_visible_to(viewer);
        let comment = pull_request.comments.get(&comment_id).filter(shown);
        let comment = comment.ok_or_else(|| no_comment(comment_id))?;
        Ok(self.view().pull_request_comment(identity, pull_request, comment))
    }

    /// Account and time of a thread's resolution.
    ///
    /// # Errors
    /// [`Refusal::NotFound`], also if it is not resolved.
    pub fn read_resolution(
        &self,
        repository: RepositoryId,
        id: u64,
        comment_id: u64,
    ) -> Result<Value, Refusal> {
        let comment = self.pull_request(repository, id)?.comments.get(&comment_id);
        let resolution = comment.and_then(|comment| comment.resolution.as_ref());
        let (user, at) = resolution.ok_or_else(|| no_comment(comment_id))?;
        Ok(self.view().resolution(user, *at))
    }

    /// All tasks of a pull request, oldest first.
    ///
    /// # Errors
    /// [`Refusal::NotFound`].
    pub fn read_tasks(&self, repository: RepositoryId, id: u64) -> Result<Vec<Value>, Refusal> {
        let (view, identity) = (self.view(), &self.repository(repository)?.identity);
        let pull_request = self.pull_request(repository, id)?;
        Ok(pull_request.tasks.values().map(|task| view.task(identity, pull_request, task)).collect())
    }

    /// One task.
    ///
    /// # Errors
    /// [`Refusal::NotFound`], also for a deleted one.
    pub fn read_task(&self, repository: RepositoryId, id: u64, task_id: u64) -> Result<Value, Refusal> {
        let identity = &self.repository(repository)?.identity;
        let pull_request = self.pull_request(repository, id)?;
        let task = pull_request.tasks.get(&task_id).ok_or_else(|| no_task(task_id))?;
        Ok(self.view().task(identity, pull_request, task))
    }

    /// The entry of an account among the participants of a pull request.
    pub(crate) fn read_participant(
        &self,
        repository: RepositoryId,
        id: u64,
        name: &str,
    ) -> Result<Value, Refusal> {
        let pull_request = self.pull_request(repository, id)?;
        let entry = pull_request.participants.iter().find(|entry| entry.account.name == name);
        let entry = entry.ok_or_else(|| Refusal::not_found(format!("{name} takes no part")))?;
        Ok(self.view().participant(pull_request, entry))
    }

    /// The comments on a commit that a listing shows, oldest first.
    ///
    /// # Errors
    /// [`Refusal::NotFound`].
    pub fn read_commit_comments(&self, repository: RepositoryId, hash: &str) -> Result<Vec<Value>, Refusal> {
        let (view, identity) = (self.view(), &self.repository(repository)?.identity);
        let commit = self.commit(repository, hash)?;
        Ok(listed(&commit.comments)
            .into_iter()
            .map(|one| view.commit_comment(identity, &commit.hash, one))
            .collect())
    }

    /// One comment on a commit.
    ///
    /// # Errors
    /// [`Refusal::NotFound`].
    pub fn read_commit_comment(
        &self,
        repository: RepositoryId,
        hash: &str,
        id: u64,
    ) -> Result<Value, Refusal> {
        let identity = &self.repository(repository)?.identity;
        let commit = self.commit(repository, hash)?;
        let readable = self.rules.deleted_comments_stay_readable;
        let comment = commit.comments.get(&id).filter(|comment| !comment.deleted || readable);
        Ok(self.view().commit_comment(identity, &commit.hash, comment.ok_or_else(|| no_comment(id))?))
    }

    /// The builds of a commit, by key.
    ///
    /// # Errors
    /// [`Refusal::NotFound`].
    pub fn read_statuses(&self, repository: RepositoryId, hash: &str) -> Result<Vec<Value>, Refusal> {
        let (view, identity) = (self.view(), &self.repository(repository)?.identity);
        let commit = self.commit(repository, hash)?;
        Ok(commit.statuses.values().map(|status| view.status(identity, commit, status)).collect())
    }

    /// One build of a commit.
    ///
    /// # Errors
    /// [`Refusal::NotFound`].
    pub fn read_status(&self, repository: RepositoryId, hash: &str, key: &str) -> Result<Value, Refusal> {
        let identity = &self.repository(repository)?.identity;
        let commit = self.commit(repository, hash)?;
        let status = commit.statuses.get(key);
        let status = status.ok_or_else(|| Refusal::not_found(format!("Build status {key} not found")))?;
        Ok(self.view().status(identity, commit, status))
    }
}
