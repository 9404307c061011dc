//! What was learned: a verified delivery, or an answer to a poll.

use std::collections::BTreeMap;

use bitbucket::payload::{Comment, CommitStatus, Document, PullRequest, Task};
use bitbucket::{CommentId, EventKey, Payload, TaskId};
use jiff::Timestamp;
use serde_json::Value;

use crate::head::ShortHash;
use crate::places::{Look, Place, Places};
use crate::state::SubjectState;
use crate::sweep::{Notice, Sweep};

/// Anything learned about one subject.
#[derive(Debug, Clone)]
#[allow(clippy::large_enum_variant, reason = "there is one at a time")]
pub enum Observation {
    /// Bitbucket reported something, and the report is verified.
    Delivery(Report),
    /// Bitbucket reported a build of the commit at the head of a pull request, as a fact of the pull request's.
    HeadBuild(Report),
    /// A poll read a pull request's comments and tasks, or a commit's comments.
    Poll(Poll),
    /// A sweep shows that more happened to a pull request than is known.
    Noticed(Notice),
    /// Something happened in a repository, so it is to be swept; its `repository` object.
    Repository(Value),
    /// A repository is to be swept because it was named; its `repository` object.
    NamedRepository(Value),
    /// What a link's owner names to be swept.
    Configured(Places),
    /// What looking at some of these places gave, after their repositories were noted to be swept.
    LookedUp(BTreeMap<Place, Look>),
    /// A sweep of a repository, after what it shows was noted with each pull request.
    Sweep(Sweep),
    /// A poll was told that the pull request, the commit or the repository is not there, or may not be seen.
    Unreachable,
}

impl Observation {
    /// Whether it tells anything on top of this state: what was asked about something that nothing is known of (any more) does
    /// not.
    pub fn concerns(&self, state: &SubjectState) -> bool {
        match self {
            Self::Delivery(_) | Self::Noticed(_) | Self::Repository(_) | Self::NamedRepository(_) => true,
            Self::Configured(places) => match &state.link {
                Some(known) => known.places != *places,
                None => !places.is_empty(),
            },
            Self::LookedUp(_) => state.link.is_some(),
            Self::HeadBuild(_) => state.pull_request.is_some(),
            Self::Poll(_) => state.pull_request.is_some() || state.commit.is_some(),
            Self::Sweep(_) => state.repository.is_some(),
            Self::Unreachable => {
                let is_polled = state.pull_request.is_some() || state.commit.is_some();
                is_polled || state.repository.is_some() || state.link.is_some()
            }
        }
    }
}

/// A verified delivery, parsed.
#[derive(Debug, Clone)]
pub struct Report {
    /// From the header.
    pub key: EventKey,
    /// The body, parsed.
    pub payload: Payload,
    /// The body, byte for byte.
    pub body: Vec<u8>,
    /// The hook that sent it; empty where the header was missing.
    pub hook: String,
    /// What names the delivery: the request's id, or the body's hash where there is none.
    pub delivery: String,
}

/// What a poll of one pull request, or of one commit, read.
#[derive(Debug, Clone)]
pub struct Poll {
    /// The version of the state that was read *before* the first request was sent. What the state learned later is not
    /// contradicted by this poll.
    pub base_version: u64,
    /// When the first request was sent, by our clock.
    pub started_at: Timestamp,
    /// The pull request itself, where it was read.
    pub pull_request: Option<Document<PullRequest>>,
    /// Its head, where that was read.
    pub head: Option<HeadReading>,
    /// Whether the comments, and the tasks where they were read, are all that there are. What is missing from a part tells
    /// nothing.
    pub is_complete: bool,
    /// Every comment that was listed.
    pub comments: Vec<Document<Comment>>,
    /// Every task that was listed; `None` where tasks were not read.
    pub tasks: Option<Vec<Document<Task>>>,
    /// What asking for single comments gave, for those that were known and not listed: `None` is "not there".
    pub comment_lookups: BTreeMap<CommentId, Option<Document<Comment>>>,
    /// The same for tasks.
    pub task_lookups: BTreeMap<TaskId, Option<Document<Task>>>,
}

impl Poll {
    /// What a poll of one commit read, on top of version `base_version` of what is known: it has comments and nothing else
    /// that is read.
    pub const fn of_commit(
        base_version: u64,
        started_at: Timestamp,
        comments: Vec<Document<Comment>>,
        is_complete: bool,
    ) -> Self {
        Self {
            base_version,
            started_at,
            pull_request: None,
            head: None,
            is_complete,
            comments,
            tasks: None,
            comment_lookups: BTreeMap::new(),
            task_lookups: BTreeMap::new(),
        }
    }
}

/// What a poll read of the commit at a pull request's head.
#[derive(Debug, Clone)]
pub struct HeadReading {
    /// Which commit that was.
    pub hash: ShortHash,
    /// How many commits the pull request has; `None` where there are more than are read.
    pub commits: Option<u64>,
    /// How many files it changes; likewise.
    pub files_changed: Option<u64>,
    /// The builds of the commit.
    pub builds: Vec<Document<CommitStatus>>,
}

/// What is known and was not listed. A listing is read in pages while people write, so what is missing from it is only
/// suspected to be deleted until it was asked for by id.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Suspects {
    /// Comments to ask for.
    pub comments: Vec<CommentId>,
    /// Tasks to ask for.
    pub tasks: Vec<TaskId>,
}
