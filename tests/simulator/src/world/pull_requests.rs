//! Creating, updating, queueing, merging and declining pull requests.

use super::event_keys::{CREATED, FULFILLED, REJECTED, UPDATED};
use super::inputs::{AccountInput, Closing, NewPullRequest, PullRequestChanges};
use super::outcome::{Done, Outbox, Refusal};
use super::state::{Account, Endpoint, MAIN_BRANCH, Participant, PullRequest, PullRequestState, Repository};
use super::{Act, World, not_blank, room};
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::sync::Arc;

impl PullRequest {
    /// Published comments that are not deleted.
    pub(crate) fn comment_count(&self) -> usize {
        self.comments.values().filter(|comment| !comment.deleted && !comment.pending).count()
    }

    /// Tasks that are not resolved: "number of open tasks" in Bitbucket's OpenAPI file.
    pub(crate) fn task_count(&self) -> usize {
        self.tasks.values().filter(|task| task.resolved.is_none()).count()
    }

    pub(super) fn touch(&mut self, now: Timestamp) {
        self.updated_on = self.updated_on.max(now);
    }

    /// The entry of a participant; added if it is missing.
    pub(super) fn participant(&mut self, account: &Arc<Account>) -> Option<&mut Participant> {
        if !self.participants.iter().any(|other| other.account == *account) {
            self.participants.push(Participant {
                account: account.clone(),
                verdict: None,
                participated_on: None,
            });
        }
        self.participants.iter_mut().find(|other| other.account == *account)
    }

    fn set_reviewers(&mut self, reviewers: Vec<Arc<Account>>) {
        // An account that never acted takes part only as a reviewer.
        self.participants.retain(|entry| entry.participated_on.is_some());
        for reviewer in &reviewers {
            self.participant(reviewer);
        }
        self.reviewers = reviewers;
    }
}

impl World {
    /// Creates a pull request and returns its id.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] for a blank title, equal or unknown branches, unknown reviewers, the author as reviewer.
    pub fn create_pull_request(&mut self, act: &Act, new: &NewPullRequest) -> Result<Done<u64>, Refusal> {
        not_blank("title", &new.title)?;
        let source = new.source.branch.name.as_str();
        let destination = new.destination.as_ref().map_or(MAIN_BRANCH, |end| end.branch.name.as_str());
        if source == destination {
            return Err(Refusal::invalid("source", "Source and destination must be different branches."));
        }
        let reviewers = self.reviewers(&new.reviewers, &act.actor)?;
        let repository = self.repository(act.repository)?;
        room(repository.pull_requests.len(), "pull requests in a repository")?;
        head(repository, "destination", destination)?;
        if !repository.branches.contains_key(source) && self.rules.create_missing_branches {
            not_blank("source", source)?;
            self.commit_to(act, source, &new.title, Vec::new())?;
        }
        let repository = self.repository_mut(act.repository)?;
        let id = repository.pull_requests.keys().next_back().map_or(1, |last| last + 1);
        let mut pull_request = PullRequest {
            id,
            title: new.title.clone(),
            description: new.description.clone().unwrap_or_default(),
            state: PullRequestState::Open,
            draft: new.draft,
            queued: false,
            author: act.actor.clone(),
            source: endpoint(repository, "source", source)?,
            destination: endpoint(repository, "destination", destination)?,
            close_source_branch: new.close_source_branch,
            reviewers: Vec::new(),
            participants: Vec::new(),
            comments: BTreeMap::new(),
            tasks: BTreeMap::new(),
            created_on: act.now,
            updated_on: act.now,
            merge_commit: None,
            closed_by: None,
            reason: String::new(),
        };
        pull_request.set_reviewers(reviewers);
        repository.pull_requests.insert(id, pull_request);
        let mut outbox = Outbox::default();
        self.announce_pull_request(act, id, CREATED, None, &mut outbox)?;
        Ok(Done { value: id, outbox })
    }

    /// Changes an open pull request. Changes that change nothing are accepted and send nothing.
    ///
    /// # Errors
    /// [`Refusal::NotFound`]; [`Refusal::Invalid`] as at creation and for one that is closed.
    pub fn update_pull_request(
        &mut self,
        act: &Act,
        id: u64,
        changes: &PullRequestChanges,
    ) -> Result<Done<()>, Refusal> {
        let before = self.open_pull_request(act, id)?.clone();
        let mut after = before.clone();
        if let Some(title) = &changes.title {
            not_blank("title", title)?;
            after.title.clone_from(title);
        }
        if let Some(description) = &changes.description {
            after.description.clone_from(description);
        }
        if let Some(reviewers) = &changes.reviewers {
            let reviewers = self.reviewers(reviewers, &before.author)?;
            after.set_reviewers(reviewers);
        }
        if let Some(destination) = &changes.destination {
            let name = destination.branch.name.as_str();
            after.destination = endpoint(self.repository(act.repository)?, "destination", name)?;
            if name == after.source.branch {
                return Err(Refusal::invalid(
                    "destination",
                    "Source and destination must be different branches.",
                ));
            }
        }
        after.draft = changes.draft.unwrap_or(before.draft);
        after.close_source_branch = changes.close_source_branch.unwrap_or(before.close_source_branch);
        let mut outbox = Outbox::default();
        if is_changed(&before, &after) {
            after.touch(act.now);
            *self.pull_request_mut(act.repository, id)? = after;
            self.announce_pull_request(act, id, UPDATED, None, &mut outbox)?;
        }
        Ok(Done { value: (), outbox })
    }

    /// Merges: a new commit on the destination branch (`repo:push`), then `pullrequest:fulfilled`.
    ///
    /// # Errors
    /// [`Refusal::NotFound`]; [`Refusal::Invalid`] for one that is closed or a draft.
    pub fn merge(&mut self, act: &Act, id: u64, closing: &Closing) -> Result<Done<()>, Refusal> {
        let pull_request = self.open_pull_request(act, id)?.clone();
        if pull_request.draft {
            let message = "A draft cannot be merged: set draft to false first.".to_owned();
            return Err(Refusal::Invalid { field: None, message });
        }
        let message = closing.message.clone().unwrap_or_else(|| {
            format!("Merged in {} (pull request #{id})\n\n{}", pull_request.source.branch, pull_request.title)
        });
        let mut outbox = Outbox::default();
        let (source, destination) = (&pull_request.source, &pull_request.destination.branch);
        let pushed = self.commit_to(act, destination, &message, vec![source.commit.clone()])?;
        let merge_commit = pushed.new.clone();
        self.announce_push(act, destination, &pushed, &mut outbox)?;
        if closing.close_source_branch.unwrap_or(pull_request.close_source_branch) {
            self.remove_branch(act, &source.branch, &mut outbox)?;
        }
        self.close(act, id, PullRequestState::Merged, |closed| closed.merge_commit = Some(merge_commit))?;
        // Open pull requests from the destination branch follow, without a webhook of their own (BCLOUD-18022).
        self.follow_branch(act, destination)?;
        self.announce_pull_request(act, id, FULFILLED, None, &mut outbox)?;
        Ok(Done { value: (), outbox })
    }

    /// Adds an open pull request to a merge queue, or takes it out. Bitbucket has no documented call for it, and no
    /// documented webhook; `announces` sends `pullrequest:updated`.
    ///
    /// # Errors
    /// [`Refusal::NotFound`]; [`Refusal::Invalid`] for one that is closed.
    pub fn set_queued(
        &mut self,
        act: &Act,
        id: u64,
        queued: bool,
        announces: bool,
    ) -> Result<Done<()>, Refusal> {
        self.open_pull_request(act, id)?;
        let pull_request = self.pull_request_mut(act.repository, id)?;
        pull_request.queued = queued;
        let mut outbox = Outbox::default();
        if announces {
            pull_request.touch(act.now);
            self.announce_pull_request(act, id, UPDATED, None, &mut outbox)?;
        }
        Ok(Done { value: (), outbox })
    }

    /// Ends a pull request as superseded, without a webhook: Bitbucket's list of event keys has none for it.
    ///
    /// # Errors
    /// As [`Self::decline`].
    pub fn supersede(&mut self, act: &Act, id: u64) -> Result<Done<()>, Refusal> {
        self.open_pull_request(act, id)?;
        self.close(act, id, PullRequestState::Superseded, |_| ())?;
        Ok(Done { value: (), outbox: Outbox::default() })
    }

    /// Declines.
    ///
    /// # Errors
    /// [`Refusal::NotFound`]; [`Refusal::Invalid`] for one that is closed.
    pub fn decline(&mut self, act: &Act, id: u64, closing: &Closing) -> Result<Done<()>, Refusal> {
        self.open_pull_request(act, id)?;
        let reason = closing.reason.clone().or_else(|| closing.message.clone()).unwrap_or_default();
        self.close(act, id, PullRequestState::Declined, |closed| closed.reason = reason)?;
        let mut outbox = Outbox::default();
        self.announce_pull_request(act, id, REJECTED, None, &mut outbox)?;
        Ok(Done { value: (), outbox })
    }

    pub(super) fn open_pull_request(&self, act: &Act, id: u64) -> Result<&PullRequest, Refusal> {
        let pull_request = self.pull_request(act.repository, id)?;
        if pull_request.state == PullRequestState::Open {
            return Ok(pull_request);
        }
        let message = format!("Pull request {id} is closed ({}).", pull_request.state.name());
        Err(Refusal::Invalid { field: None, message })
    }

    fn close(
        &mut self,
        act: &Act,
        id: u64,
        state: PullRequestState,
        finish: impl FnOnce(&mut PullRequest),
    ) -> Result<(), Refusal> {
        let pull_request = self.pull_request_mut(act.repository, id)?;
        pull_request.state = state;
        pull_request.queued = false;
        pull_request.closed_by = Some(act.actor.clone());
        pull_request.touch(act.now);
        finish(pull_request);
        Ok(())
    }

    fn reviewers(&self, wanted: &[AccountInput], author: &Account) -> Result<Vec<Arc<Account>>, Refusal> {
        let mut found: Vec<Arc<Account>> = Vec::with_capacity(wanted.len());
        for input in wanted {
            let Some(account) = self.find_account(input) else {
                return Err(Refusal::invalid("reviewers", "Unknown account: name it by uuid or account_id."));
            };
            if *account == *author {
                let message = format!("{} is the author and cannot be included as a reviewer.", author.name);
                return Err(Refusal::invalid("reviewers", message));
            }
            if !found.contains(&account) {
                found.push(account);
            }
        }
        Ok(found)
    }
}

fn is_changed(before: &PullRequest, after: &PullRequest) -> bool {
    before.title != after.title
        || before.description != after.description
        || before.draft != after.draft
        || before.close_source_branch != after.close_source_branch
        || before.destination.branch != after.destination.branch
        || before.reviewers != after.reviewers
}

fn head<'a>(repository: &'a Repository, field: &'static str, branch: &str) -> Result<&'a str, Refusal> {
    repository
        .branches
        .get(branch)
        .map(String::as_str)
        .ok_or_else(|| Refusal::invalid(field, format!("branch not found: {branch}")))
}

fn endpoint(repository: &Repository, field: &'static str, branch: &str) -> Result<Endpoint, Refusal> {
    Ok(Endpoint { branch: branch.to_owned(), commit: head(repository, field, branch)?.to_owned() })
}
