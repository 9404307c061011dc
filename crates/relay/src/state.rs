//! What is known of a subject: how far its log goes, and for a pull request what its comments and tasks look like.

use std::collections::{BTreeMap, VecDeque};

use bitbucket::{CommentId, TaskId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::commit::CommitState;
use crate::counters::Counters;
use crate::event::EventId;
use crate::head::{Head, ShortHash};
use crate::places::LinkState;
use crate::settings::Settings;
use crate::sweep::RepositoryState;
use crate::told::Told;
use crate::watch::Watch;

/// How many of the newest facts a state remembers by id. This is for *economy*: it spares a refused transaction for
/// the usual duplicate (two hooks reporting one approval). *Safety* is the store's condition on each event's id.
const MAX_RECENT_FACTS: usize = 64;

/// How many revisions of one comment are remembered, to recognise a late report of an older one.
const MAX_REVISIONS: usize = 16;

/// How many undated contents are remembered.
const MAX_REPEATS: usize = 64;

/// What is known of a subject.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct SubjectState {
    /// How often the state was stored; 0 is a subject never seen. The store accepts version n+1 only on top of n.
    pub version: u64,
    /// The sequence of the newest event; 0 where there is none.
    pub sequence: u64,
    /// The newest facts by id.
    pub recent_facts: VecDeque<EventId>,
    /// How often each hook reported the same undated content lately. See [`Repeats`].
    #[serde(default, skip_serializing_if = "VecDeque::is_empty")]
    pub repeats: VecDeque<Repeats>,
    /// What is known of the pull request, if the subject is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pull_request: Option<PullRequestState>,
    /// What is known of the commit, if the subject is one that was commented on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<CommitState>,
    /// What is known of the repository, if the subject is one that is swept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repository: Option<RepositoryState>,
    /// What is known of what the link names to be swept, if the subject is the link.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<LinkState>,
    /// The promise to look again, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub watch: Option<Watch>,
}

impl SubjectState {
    /// Notes facts that are in the log already, so that the next fold leaves them out.
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

    /// The comments of the pull request or commit, if the subject is one.
    pub fn comments(&self) -> Option<&Comments> {
        let of_pull_request = self.pull_request.as_ref().map(|known| &known.comments);
        of_pull_request.or_else(|| self.commit.as_ref().map(|known| &known.comments))
    }

    /// The comments to be changed, and since when they are known.
    pub(crate) fn discussion(&mut self) -> Option<Discussion<'_>> {
        match (&mut self.pull_request, &mut self.commit) {
            (Some(known), _) => {
                Some(Discussion { first_seen_at: known.first_seen_at, comments: &mut known.comments })
            }
            (None, Some(known)) => {
                Some(Discussion { first_seen_at: known.first_seen_at, comments: &mut known.comments })
            }
            (None, None) => None,
        }
    }

    /// The newest `repository` object that came with the pull request or commit, or names the repository that is swept.
    pub fn repository_object(&self) -> Option<&Value> {
        let of_pull_request = self.pull_request.as_ref().map(|known| &known.repository);
        let of_commit = || self.commit.as_ref().map(|known| &known.repository);
        of_pull_request.or_else(of_commit).or_else(|| self.repository.as_ref().map(|known| &known.repository))
    }

    /// The head of the pull request, if the subject is one that is open.
    pub fn open_head(&self) -> Option<&ShortHash> {
        let known = self.pull_request.as_ref().filter(|known| known.is_open())?;
        known.head.as_ref().map(|head| &head.hash)
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

/// How often each hook reported one content. Some facts carry nothing of their own that tells them from an equal one: a
/// branch pushed there and back and there again. The n-th report by one hook is the n-th fact, and the n-th report by
/// another hook is that same fact again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Repeats {
    /// The hash of the content, whatever its order of fields.
    pub digest: String,
    /// Reports by hook.
    pub hooks: BTreeMap<String, u32>,
}

/// Every comment seen, deleted ones too.
pub type Comments = BTreeMap<CommentId, CommentState>;

/// The comments of a pull request or of a commit.
#[derive(Debug)]
pub(crate) struct Discussion<'s> {
    /// When the pull request or commit was first heard of.
    pub(crate) first_seen_at: Timestamp,
    pub(crate) comments: &'s mut Comments,
}

/// What is known of a pull request.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PullRequestState {
    /// When it was first heard of, by Bitbucket's clock where the payload told, else ours.
    pub first_seen_at: Timestamp,
    /// The newest `pullrequest` object that Bitbucket sent.
    pub snapshot: Value,
    /// The newest `repository` object that Bitbucket sent.
    pub repository: Value,
    /// The `updated_on` of the snapshot.
    pub snapshot_updated_on: Option<Timestamp>,
    /// Every comment seen, deleted ones too.
    pub comments: Comments,
    /// Every task seen, deleted ones too.
    pub tasks: BTreeMap<TaskId, TaskState>,
    /// Whether the tasks were read completely once. Before that an old task is no news.
    pub tasks_read: bool,
    /// When the request of the last complete poll of the tasks was sent, by our clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tasks_read_at: Option<Timestamp>,
    /// When the request of the last complete poll was sent, by our clock.
    pub polled_at: Option<Timestamp>,
    /// The first event since that poll, which means that tasks may have changed.
    pub touched_at: Option<Timestamp>,
    /// When to look again at something that the last poll left for its webhook, or could not decide.
    pub revisit_at: Option<Timestamp>,
    /// Set while Bitbucket says that it is not there, or may not be seen; the next delivery lifts it.
    #[serde(default)]
    pub unreachable: bool,
    /// When to read the pull request itself, because a listing showed more of it than any webhook.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refresh_at: Option<Timestamp>,
    /// The `updated_on` that a listing showed when it had the pull request read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub noticed: Option<Timestamp>,
    /// Since when Bitbucket shows something that no event tells, by our clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub untold_since: Option<Timestamp>,
    /// What was told of what a lost webhook leaves untold.
    pub told: Told,
    /// The head of its source branch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub head: Option<Head>,
    /// The counters that were published last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counters: Option<Counters>,
}

impl PullRequestState {
    /// A pull request that was never heard of.
    pub(crate) fn first_seen(at: Timestamp, told: Told) -> Self {
        Self {
            first_seen_at: at,
            snapshot: Value::Null,
            repository: Value::Null,
            snapshot_updated_on: None,
            comments: BTreeMap::new(),
            tasks: BTreeMap::new(),
            tasks_read: false,
            tasks_read_at: None,
            polled_at: None,
            touched_at: None,
            revisit_at: None,
            unreachable: false,
            refresh_at: None,
            noticed: None,
            untold_since: None,
            told,
            head: None,
            counters: None,
        }
    }

    /// Whether a refresh has to read the pull request itself, and not only its comments and tasks.
    pub(crate) fn must_be_read(&self) -> bool {
        self.noticed.is_some() || self.untold_since.is_some() || self.snapshot.is_null()
    }

    /// Whether every window has surely ended at `at`.
    pub(crate) fn is_quiet(&self, at: Timestamp, settings: &Settings) -> bool {
        self.comments.values().all(|comment| settings.window_closes(comment.changed_at) <= at)
    }

    /// Has it read at `at`, or before.
    pub(crate) fn refresh(&mut self, at: Timestamp) {
        self.refresh_at = Some(self.refresh_at.map_or(at, |other| other.min(at)));
    }

    /// Whether it can still be merged, as far as is known.
    pub fn is_open(&self) -> bool {
        self.snapshot.get("state").and_then(Value::as_str).is_none_or(|state| state == "OPEN")
    }
}

/// What is known of a comment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CommentState {
    /// The version of the subject's state in which this last changed. An observation made on top of that version or a
    /// later one is surely newer, whatever the clocks say.
    pub version: u64,
    /// The revisions seen, oldest first; the last one stands.
    pub revisions: VecDeque<Revision>,
    /// What a window is measured from: creation or last change, by Bitbucket's clock where it moves, else ours.
    pub changed_at: Timestamp,
    /// When the standing resolution was made; the outer `None` is an open thread.
    pub resolution: Option<Resolved>,
    /// The last resolution that was lifted.
    pub lifted: Option<Resolved>,
    /// When that was learned, by our clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lifted_at: Option<Timestamp>,
    /// Whether it was deleted. That is final.
    pub deleted: bool,
    /// Whether its creation is news that no webhook has told yet, though another one told of the comment.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub creation_owed: bool,
    /// Whether it begins a thread that can be resolved: an inline comment that is no reply.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub thread: bool,
}

impl CommentState {
    /// The revision that stands.
    pub fn standing(&self) -> Option<&Revision> {
        self.revisions.back()
    }

    /// Notes that the standing text was seen with a later time, so that a late report of what was between does not
    /// replace it. Says whether it was later.
    pub(crate) fn stands_at(&mut self, updated_on: Option<Timestamp>) -> bool {
        let Some(standing) = self.standing().filter(|standing| updated_on > standing.updated_on) else {
            return false;
        };
        let again = Revision { hash: standing.hash.clone(), updated_on, ordinal: 0 };
        self.push(again);
        self.changed_at = self.changed_at.max(updated_on.unwrap_or(self.changed_at));
        true
    }

    pub(crate) fn push(&mut self, revision: Revision) {
        self.revisions.push_back(revision);
        while self.revisions.len() > MAX_REVISIONS {
            self.revisions.pop_front();
        }
    }
}

/// One version of a comment or task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revision {
    /// The hash of its text; `None` where the payload had no text.
    pub hash: Option<String>,
    /// Bitbucket's `updated_on` at that time.
    pub updated_on: Option<Timestamp>,
    /// Counts revisions that have the same `updated_on`, in case an edit does not move it.
    pub ordinal: u32,
}

/// A resolution and its time, where Bitbucket gave one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resolved {
    /// When.
    pub at: Option<Timestamp>,
    /// How often it was taken for lifted and turned out to stand: a report of a reopening does not say which
    /// resolution it ended, and may come late.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub again: u32,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "the signature that serde asks for")]
const fn is_zero(number: &u32) -> bool {
    *number == 0
}

impl Resolved {
    /// A resolution as Bitbucket shows it.
    pub(crate) const fn new(at: Option<Timestamp>) -> Self {
        Self { at, again: 0 }
    }
}

/// What is known of a task.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TaskState {
    /// As in [`CommentState::version`].
    pub version: u64,
    /// The revision that stands.
    pub revision: Revision,
    /// The standing resolution; `None` is an open task.
    pub resolution: Option<Resolved>,
    /// The last resolution that was lifted.
    pub lifted: Option<Resolved>,
    /// Whether it was deleted. That is final.
    pub deleted: bool,
}
