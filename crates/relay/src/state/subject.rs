//! The state of a subject: the position of its log, and its pull request, commit, repository or link.

use std::collections::{BTreeMap, VecDeque};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::comment::{Comments, Discussion};
use super::commit::CommitState;
use super::head::ShortHash;
use super::link::LinkState;
use super::pull_request::PullRequestState;
use super::refusal::Refusal;
use super::repository::RepositoryState;
use super::watch::Watch;
use crate::event::fact::content_hash;
use crate::event::{Event, EventId};

/// Number of newest facts whose ids a state remembers. Once each fact has an item of its own, this is for *economy*: it
/// spares a refused transaction for the usual duplicate (two hooks report one approval).
pub(crate) const MAX_RECENT_FACTS: usize = 64;

/// Number of facts up to which the state alone keeps a fact from becoming two events.
pub(crate) const MAX_FACTS_WITHOUT_ITEMS: usize = 32;

/// Number of undated contents that a state remembers.
const MAX_REPEATS: usize = 64;

/// Number of hooks whose reports of one content a state counts.
const MAX_HOOKS: usize = 8;

/// Longest id of a hook that is kept as it is: a UUID with braces. Of a longer one the hash is kept. No signature
/// covers the header with the id.
const MAX_HOOK_BYTES: usize = 38;

/// The state of a subject.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct SubjectState {
    /// Number of times the state was stored; 0 for a new subject. The store accepts version n+1 only on top of n.
    pub version: u64,
    /// The sequence of the newest event; 0 if there is none.
    pub sequence: u64,
    /// The ids of the newest facts.
    pub recent_facts: VecDeque<EventId>,
    /// True if each fact has an item of its own in the table, which refuses the fact a second time. False while
    /// `recent_facts` holds all of them. States of earlier versions lack it: there, each fact has its item.
    #[serde(default = "yes", skip_serializing_if = "is_yes")]
    pub facts_are_stored: bool,
    /// Recent reports of each undated content. See [`Repeats`].
    #[serde(default, skip_serializing_if = "VecDeque::is_empty")]
    pub repeats: VecDeque<Repeats>,
    /// The pull request, commit, repository or link itself, once there is something to keep of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub known: Option<Known>,
    /// The refused polls since the last one that was answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refusal: Option<Refusal>,
    /// The next poll, if one is planned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub watch: Option<Watch>,
}

const fn yes() -> bool {
    true
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
const fn is_yes(value: &bool) -> bool {
    *value
}

/// The part of a state that depends on the kind of its subject.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(clippy::large_enum_variant, reason = "there is one at a time")]
pub enum Known {
    /// A pull request.
    PullRequest(PullRequestState),
    /// A commit that people comment on.
    Commit(CommitState),
    /// A repository that is swept.
    Repository(RepositoryState),
    /// A link whose owner names targets to sweep.
    Link(LinkState),
}

impl SubjectState {
    /// The pull request, if the subject is one.
    pub const fn pull_request(&self) -> Option<&PullRequestState> {
        match &self.known {
            Some(Known::PullRequest(pr)) => Some(pr),
            _ => None,
        }
    }

    /// The pull request, to change it.
    pub const fn pull_request_mut(&mut self) -> Option<&mut PullRequestState> {
        match &mut self.known {
            Some(Known::PullRequest(pr)) => Some(pr),
            _ => None,
        }
    }

    /// The commit, if the subject is one that people comment on.
    pub const fn commit(&self) -> Option<&CommitState> {
        match &self.known {
            Some(Known::Commit(commit)) => Some(commit),
            _ => None,
        }
    }

    pub(crate) const fn commit_mut(&mut self) -> Option<&mut CommitState> {
        match &mut self.known {
            Some(Known::Commit(commit)) => Some(commit),
            _ => None,
        }
    }

    /// The repository, if the subject is one that is swept.
    pub const fn repository(&self) -> Option<&RepositoryState> {
        match &self.known {
            Some(Known::Repository(repository)) => Some(repository),
            _ => None,
        }
    }

    /// The link, if the subject is one whose owner names targets to sweep.
    pub const fn link(&self) -> Option<&LinkState> {
        match &self.known {
            Some(Known::Link(link)) => Some(link),
            _ => None,
        }
    }

    /// Remembers facts that are in the log, so that the next fold leaves them out.
    pub fn remember(&mut self, facts: impl IntoIterator<Item = EventId>) {
        for fact in facts {
            if !self.recent_facts.contains(&fact) {
                self.recent_facts.push_back(fact);
            }
        }
        while self.recent_facts.len() > MAX_RECENT_FACTS {
            self.recent_facts.pop_front();
        }
    }

    /// Returns the facts that need an item of their own from now on: none while the state remembers every fact, all
    /// once when they become too many, and the new ones after that. *Safety* for "one fact, one event" (G5).
    pub(crate) fn store_facts(&mut self, new: &[Event]) -> Vec<EventId> {
        if self.facts_are_stored {
            return new.iter().map(|event| event.id.clone()).collect();
        }
        self.facts_are_stored = self.recent_facts.len() > MAX_FACTS_WITHOUT_ITEMS;
        if self.facts_are_stored { self.recent_facts.iter().cloned().collect() } else { Vec::new() }
    }

    /// Remembers the facts of a log that went on after this state was copied. Returns those that need an item of their
    /// own, because they are too many to remember.
    pub fn remember_logged(&mut self, logged: impl IntoIterator<Item = EventId>) -> Vec<EventId> {
        let mut facts: Vec<EventId> = self.recent_facts.iter().cloned().collect();
        facts.extend(logged.into_iter().filter(|id| !self.recent_facts.contains(id)));
        self.facts_are_stored |= facts.len() > MAX_FACTS_WITHOUT_ITEMS;
        self.remember(facts.iter().cloned());
        if self.facts_are_stored { facts } else { Vec::new() }
    }

    /// The comments of the pull request or commit, if the subject is one.
    pub const fn comments(&self) -> Option<&Comments> {
        match &self.known {
            Some(Known::PullRequest(pr)) => Some(&pr.comments),
            Some(Known::Commit(commit)) => Some(&commit.comments),
            _ => None,
        }
    }

    /// The `repository` object of the pull request, commit or repository, to change it.
    pub(crate) const fn repository_object_mut(&mut self) -> Option<&mut Value> {
        match &mut self.known {
            Some(Known::PullRequest(pr)) => Some(&mut pr.repository),
            Some(Known::Commit(commit)) => Some(&mut commit.repository),
            Some(Known::Repository(repository)) => Some(&mut repository.repository),
            _ => None,
        }
    }

    /// The comments, to change them.
    pub(crate) const fn discussion(&mut self) -> Option<Discussion<'_>> {
        match &mut self.known {
            Some(Known::PullRequest(pr)) => Some(Discussion {
                first_seen_at: pr.first_seen_at,
                polled_at: pr.polled_at,
                let_go: pr.let_go,
                comments: &mut pr.comments,
            }),
            Some(Known::Commit(commit)) => Some(Discussion {
                first_seen_at: commit.first_seen_at,
                polled_at: commit.polled_at,
                let_go: commit.let_go,
                comments: &mut commit.comments,
            }),
            _ => None,
        }
    }

    /// The newest `repository` object of the pull request, commit or repository.
    pub const fn repository_object(&self) -> Option<&Value> {
        match &self.known {
            Some(Known::PullRequest(pr)) => Some(&pr.repository),
            Some(Known::Commit(commit)) => Some(&commit.repository),
            Some(Known::Repository(repository)) => Some(&repository.repository),
            _ => None,
        }
    }

    /// True if the pull request or commit is known from a delivery without a signature: anybody may have sent it.
    pub const fn is_unsigned(&self) -> bool {
        match &self.known {
            Some(Known::PullRequest(pr)) => pr.is_unsigned,
            Some(Known::Commit(commit)) => commit.is_unsigned,
            _ => false,
        }
    }

    /// The head of the pull request, if the subject is one that is open.
    pub fn open_head(&self) -> Option<&ShortHash> {
        let pr = self.pull_request().filter(|pr| pr.is_open())?;
        pr.head.as_ref().map(|head| &head.hash)
    }

    /// The reports of a content so far.
    pub(crate) fn repeats_of(&mut self, digest: &str) -> Option<&mut Repeats> {
        if !self.repeats.iter().any(|repeats| repeats.digest == digest) {
            self.repeats.push_back(Repeats { digest: digest.to_owned(), hooks: BTreeMap::new() });
        }
        while self.repeats.len() > MAX_REPEATS {
            self.repeats.pop_front();
        }
        self.repeats.iter_mut().find(|repeats| repeats.digest == digest)
    }
}

/// Number of reports of one content, by hook. Some facts carry nothing that distinguishes them from an equal one: a
/// branch pushed there and back and there again. The n-th report by one hook is the n-th fact, and the n-th report by
/// another hook is that same fact again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Repeats {
    /// The hash of the content, whatever the order of its fields.
    pub digest: String,
    /// Reports by hook.
    pub hooks: BTreeMap<String, u32>,
}

impl Repeats {
    /// Counts a report by a hook. `None` if the hooks that are counted are too many for another one.
    pub(crate) fn count(&mut self, hook: &str) -> Option<Repeat> {
        let hook = if hook.len() > MAX_HOOK_BYTES { content_hash(hook) } else { hook.to_owned() };
        let before = self.hooks.get(&hook).copied();
        if before.is_none() && self.hooks.len() >= MAX_HOOKS {
            return None;
        }
        let before = before.unwrap_or(0);
        let is_ahead = |(other, count): (&String, &u32)| *other != hook && *count > before;
        let is_known = self.hooks.iter().any(is_ahead);
        self.hooks.insert(hook, before.saturating_add(1));
        Some(Repeat { before, is_known })
    }

    /// Lets go of hooks that cannot be kept. An earlier version of bitrelay had no limit.
    pub(crate) fn limit_hooks(&mut self) {
        self.hooks.retain(|hook, _| hook.len() <= MAX_HOOK_BYTES);
        while self.hooks.len() > MAX_HOOKS {
            self.hooks.pop_last();
        }
    }
}

/// One report of an undated content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Repeat {
    /// Number of earlier reports by the same hook.
    pub(crate) before: u32,
    /// True if another hook has reported this fact before.
    pub(crate) is_known: bool,
}

#[cfg(test)]
mod tests;
