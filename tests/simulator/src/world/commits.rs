//! Commits: pushing them, commenting on them, reporting builds of them.

use super::comments::{new_comment, no_comment, own};
use super::event_keys::{
    COMMIT_COMMENT_CREATED, COMMIT_STATUS_CREATED, COMMIT_STATUS_UPDATED, PUSH, UPDATED,
};
use super::inputs::{NewComment, StatusInput};
use super::outcome::{Done, Outbox, Refusal, Silence, SilenceReason};
use super::state::{Comment, Commit, MAIN_BRANCH, PullRequestState, Status, Verdict};
use super::{Act, RepositoryId, World, not_blank, room};
use std::collections::BTreeMap;

/// Head of a branch before and after a push.
#[derive(Debug, Clone)]
pub(crate) struct Pushed {
    pub(crate) old: Option<String>,
    pub(crate) new: String,
}

impl World {
    /// Pushes one commit to a branch, making the branch if needed, and returns the hash: `repo:push`, and
    /// `pullrequest:updated` for every open pull request from that branch.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] for a blank branch name.
    pub fn push(&mut self, act: &Act, branch: &str, message: &str) -> Result<Done<String>, Refusal> {
        not_blank("branch", branch)?;
        let pushed = self.commit_to(act, branch, message, Vec::new())?;
        let mut outbox = Outbox::default();
        self.announce_push(act, branch, &pushed, &mut outbox)?;
        for id in self.follow_branch(act, branch)? {
            self.announce_pull_request(act, id, UPDATED, None, &mut outbox)?;
        }
        Ok(Done { value: pushed.new, outbox })
    }

    /// Comments on a commit and returns the comment's id: `repo:commit_comment_created`.
    ///
    /// # Errors
    /// [`Refusal::NotFound`] for the commit or the parent; [`Refusal::Invalid`] for a blank text.
    pub fn create_commit_comment(
        &mut self,
        act: &Act,
        hash: &str,
        new: &NewComment,
    ) -> Result<Done<u64>, Refusal> {
        let commit = self.commit(act.repository, hash)?;
        let hash = commit.hash.clone();
        let mut comment = new_comment(&commit.comments, act, new)?;
        let comment_id = self.ids.number();
        comment.id = comment_id;
        let view = self.payload_view();
        let identity = &self.repository(act.repository)?.identity;
        let subject = commit_subject(&identity.full_name, &hash);
        let parts = vec![
            ("commit", view.commit_reference(identity, &hash)),
            ("comment", view.commit_comment(identity, &hash, &comment)),
        ];
        self.commit_mut(act.repository, &hash)?.comments.insert(comment_id, comment);
        let mut outbox = Outbox::default();
        self.announce(act, COMMIT_COMMENT_CREATED, &subject, parts, &mut outbox)?;
        Ok(Done { value: comment_id, outbox })
    }

    /// Edits a comment on a commit. No webhook reports it.
    ///
    /// # Errors
    /// [`Refusal::NotFound`]; [`Refusal::Forbidden`] for somebody else's; [`Refusal::Invalid`] for a blank text.
    pub fn edit_commit_comment(
        &mut self,
        act: &Act,
        hash: &str,
        comment_id: u64,
        raw: &str,
    ) -> Result<Done<()>, Refusal> {
        not_blank("content", raw)?;
        let comment = own(self.standing_commit_comment(act, hash, comment_id)?, act)?;
        raw.clone_into(&mut comment.raw);
        comment.updated_on = comment.updated_on.max(act.now);
        self.silent_on_commit(act, hash, "commit_comment_updated")
    }

    /// Deletes a comment on a commit. No webhook reports it.
    ///
    /// # Errors
    /// As [`Self::edit_commit_comment`].
    pub fn delete_commit_comment(
        &mut self,
        act: &Act,
        hash: &str,
        comment_id: u64,
    ) -> Result<Done<()>, Refusal> {
        let comment = own(self.standing_commit_comment(act, hash, comment_id)?, act)?;
        comment.deleted = true;
        comment.raw.clear();
        self.silent_on_commit(act, hash, "commit_comment_deleted")
    }

    /// Reports a build: `repo:commit_status_created` for a new key, `repo:commit_status_updated` for an existing one.
    /// Returns the key.
    ///
    /// # Errors
    /// [`Refusal::NotFound`] for the commit; [`Refusal::Invalid`] without key, state or url.
    pub fn set_status(
        &mut self,
        act: &Act,
        hash: &str,
        input: &StatusInput,
    ) -> Result<Done<String>, Refusal> {
        let commit = self.commit_mut(act.repository, hash)?;
        let hash = commit.hash.clone();
        let key = required("key", input.key.clone())?;
        let existing = commit.statuses.get(&key).cloned();
        if existing.is_none() {
            room(commit.statuses.len(), "builds of a commit")?;
        }
        let event_key = if existing.is_some() { COMMIT_STATUS_UPDATED } else { COMMIT_STATUS_CREATED };
        let status = merged_status(act, &key, input, existing)?;
        commit.statuses.insert(key.clone(), status.clone());
        let identity = self.repository(act.repository)?.identity.clone();
        let commit = self.commit(act.repository, &hash)?;
        let part = self.payload_view().status(&identity, commit, &status);
        let mut outbox = Outbox::default();
        let subject = commit_subject(&identity.full_name, &hash);
        self.announce(act, event_key, &subject, vec![("commit_status", part)], &mut outbox)?;
        Ok(Done { value: key, outbox })
    }

    /// The commit with this hash, of which at least seven digits are given.
    pub(crate) fn commit(&self, repository: RepositoryId, hash: &str) -> Result<&Commit, Refusal> {
        let commits = &self.repository(repository)?.commits;
        let found = commits.range(hash.to_ascii_lowercase()..).next().map(|(_, commit)| commit);
        found
            .filter(|commit| hash.len() >= 7 && commit.hash.starts_with(&hash.to_ascii_lowercase()))
            .ok_or_else(|| Refusal::not_found(format!("Commit not found: {hash}")))
    }

    fn commit_mut(&mut self, repository: RepositoryId, hash: &str) -> Result<&mut Commit, Refusal> {
        let hash = self.commit(repository, hash)?.hash.clone();
        let commit = self.repository_mut(repository)?.commits.get_mut(&hash);
        commit.ok_or_else(|| Refusal::not_found(format!("Commit not found: {hash}")))
    }

    /// Adds a commit on top of a branch; a new branch starts from the main branch.
    pub(super) fn commit_to(
        &mut self,
        act: &Act,
        branch: &str,
        message: &str,
        other_parents: Vec<String>,
    ) -> Result<Pushed, Refusal> {
        let hash = self.ids.commit_hash();
        let repository = self.repository_mut(act.repository)?;
        room(repository.commits.len(), "commits in a repository")?;
        let old = repository.branches.get(branch).cloned();
        let base = old.clone().or_else(|| repository.branches.get(MAIN_BRANCH).cloned());
        let commit = Commit {
            hash: hash.clone(),
            message: message.to_owned(),
            author: act.actor.clone(),
            date: act.now,
            parents: base.into_iter().chain(other_parents).collect(),
            comments: BTreeMap::new(),
            statuses: BTreeMap::new(),
        };
        repository.commits.insert(hash.clone(), commit);
        repository.branches.insert(branch.to_owned(), hash.clone());
        repository.updated_on = act.now;
        Ok(Pushed { old, new: hash })
    }

    pub(super) fn announce_push(
        &mut self,
        act: &Act,
        branch: &str,
        pushed: &Pushed,
        outbox: &mut Outbox,
    ) -> Result<(), Refusal> {
        let new = Some(pushed.new.as_str());
        self.announce_branch(act, branch, pushed.old.as_deref(), new, outbox)
    }

    /// Deletes a branch. Pull requests from it stay as they are.
    ///
    /// # Errors
    /// [`Refusal::NotFound`]; [`Refusal::Invalid`] for the main branch.
    pub fn delete_branch(&mut self, act: &Act, branch: &str) -> Result<Done<()>, Refusal> {
        if branch == MAIN_BRANCH {
            return Err(Refusal::invalid("branch", "The main branch cannot be deleted."));
        }
        if !self.repository(act.repository)?.branches.contains_key(branch) {
            return Err(Refusal::not_found(format!("Branch not found: {branch}")));
        }
        let mut outbox = Outbox::default();
        self.remove_branch(act, branch, &mut outbox)?;
        Ok(Done { value: (), outbox })
    }

    /// Removes a branch, which is a push of nothing.
    pub(super) fn remove_branch(
        &mut self,
        act: &Act,
        branch: &str,
        outbox: &mut Outbox,
    ) -> Result<(), Refusal> {
        let old = self.repository_mut(act.repository)?.branches.remove(branch);
        self.announce_branch(act, branch, old.as_deref(), None, outbox)
    }

    fn announce_branch(
        &mut self,
        act: &Act,
        branch: &str,
        old: Option<&str>,
        new: Option<&str>,
        outbox: &mut Outbox,
    ) -> Result<(), Refusal> {
        let repository = self.repository(act.repository)?;
        let part = self.payload_view().push(repository, branch, old, new);
        let subject = repository.identity.full_name.clone();
        self.announce(act, PUSH, &subject, vec![("push", part)], outbox)
    }

    /// Lets the open pull requests of a branch follow its head; returns those whose source it is.
    pub(super) fn follow_branch(&mut self, act: &Act, branch: &str) -> Result<Vec<u64>, Refusal> {
        let withdraw = self.rules.push_withdraws_approvals;
        let repository = self.repository_mut(act.repository)?;
        let Some(head) = repository.branches.get(branch).cloned() else {
            return Ok(Vec::new());
        };
        let mut moved = Vec::new();
        for pull_request in repository.pull_requests.values_mut() {
            if pull_request.state != PullRequestState::Open {
                continue;
            }
            if pull_request.destination.branch == branch {
                pull_request.destination.commit.clone_from(&head);
            }
            if pull_request.source.branch == branch {
                pull_request.source.commit.clone_from(&head);
                pull_request.touch(act.now);
                let approvals = pull_request
                    .participants
                    .iter_mut()
                    .filter(|entry| entry.verdict == Some(Verdict::Approved));
                approvals.filter(|_| withdraw).for_each(|entry| entry.verdict = None);
                moved.push(pull_request.id);
            }
        }
        Ok(moved)
    }

    fn standing_commit_comment(&mut self, act: &Act, hash: &str, id: u64) -> Result<&mut Comment, Refusal> {
        let comment = self.commit_mut(act.repository, hash)?.comments.get_mut(&id);
        comment.filter(|comment| !comment.deleted).ok_or_else(|| no_comment(id))
    }

    fn silent_on_commit(&self, act: &Act, hash: &str, what: &'static str) -> Result<Done<()>, Refusal> {
        let full_name = &self.repository(act.repository)?.identity.full_name;
        let subject = commit_subject(full_name, &self.commit(act.repository, hash)?.hash);
        let silence = Silence { what, subject, reason: SilenceReason::NoSuchEvent };
        Ok(Done { value: (), outbox: Outbox { webhooks: Vec::new(), silences: vec![silence] } })
    }
}

fn commit_subject(full_name: &str, hash: &str) -> String {
    format!("{full_name}@{}", hash.get(..12).unwrap_or(hash))
}

fn required<T>(field: &'static str, value: Option<T>) -> Result<T, Refusal> {
    value.ok_or_else(|| Refusal::invalid(field, "This field is required."))
}

/// The status after an input; fields that the input leaves out stay.
fn merged_status(
    act: &Act,
    key: &str,
    input: &StatusInput,
    existing: Option<Status>,
) -> Result<Status, Refusal> {
    let created_on = existing.as_ref().map_or(act.now, |existing| existing.created_on);
    let (state, url, name, description, refname) = match existing {
        Some(existing) => (
            Some(existing.state),
            Some(existing.url),
            Some(existing.name),
            Some(existing.description),
            existing.refname,
        ),
        None => (None, None, None, None, None),
    };
    Ok(Status {
        key: key.to_owned(),
        state: required("state", input.state.or(state))?,
        url: required("url", input.url.clone().or(url))?,
        name: input.name.clone().or(name).unwrap_or_else(|| key.to_owned()),
        description: input.description.clone().or(description).unwrap_or_default(),
        refname: input.refname.clone().or(refname),
        created_on,
        updated_on: act.now,
    })
}
