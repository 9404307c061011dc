//! The actions of people on Bitbucket and the fate of the webhooks: the same for every policy.

/// One comment or task of a workload, by its number there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Item(pub u32);

/// One pull request of a workload, by its number there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Pr(pub usize);

/// Seconds since the beginning.
pub type Second = u32;

/// One action of one person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Act {
    /// Time of the action.
    pub at: Second,
    /// The pull request.
    pub pr: Pr,
    /// Number of the person; only its author can edit or delete a comment.
    pub person: usize,
    /// The comment or task.
    pub item: Item,
    /// The change of the comment or task.
    pub action: Action,
    /// Fate of the webhook, if Bitbucket sends one.
    pub webhook: Arrival,
}

/// A change of a comment or task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// A comment is written.
    Comment,
    /// A comment gets its n-th text. Each text occurs only once, so a report of it names one edit.
    Edit(u32),
    /// A task is added.
    AddTask,
    /// A task gets its n-th text.
    EditTask(u32),
    /// A task is resolved.
    ResolveTask,
    /// A task is reopened.
    ReopenTask,
    /// A task is deleted.
    DeleteTask,
}

/// The fate of a webhook.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arrival {
    /// It arrives at once.
    OnTime,
    /// It never arrives.
    Lost,
    /// It arrives twice.
    Twice,
    /// It arrives so many seconds late.
    Late(Second),
}

/// API calls in an hour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Calls {
    /// Bitbucket answers every call. The figures then show what a policy would like to have.
    Ample,
    /// Both sides have a limit.
    Limited {
        /// Calls that Bitbucket answers; it refuses the others.
        bitbucket: u32,
        /// Limit that bitrelay is configured with.
        bitrelay: u32,
    },
}

impl Calls {
    /// The largest limit that the poller accepts.
    const MOST: u32 = 10_000;

    /// Calls that Bitbucket answers in an hour; `None` is all of them.
    pub const fn of_bitbucket(self) -> Option<u32> {
        match self {
            Self::Ample => None,
            Self::Limited { bitbucket, .. } => Some(bitbucket),
        }
    }

    /// Limit that bitrelay is configured with.
    pub const fn of_bitrelay(self) -> u32 {
        match self {
            Self::Ample => Self::MOST,
            Self::Limited { bitrelay, .. } => bitrelay,
        }
    }
}

/// A workload.
#[derive(Debug, Clone)]
pub struct Workload {
    /// Name in the tables and on the command line.
    pub name: &'static str,
    /// One line that describes it.
    pub title: &'static str,
    /// Number of repositories.
    pub repositories: usize,
    /// The repository of each pull request.
    pub prs: Vec<usize>,
    /// Number of people.
    pub people: usize,
    /// The actions, in order.
    pub acts: Vec<Act>,
    /// Length of the measurement.
    pub seconds: Second,
    /// Limits of the API calls.
    pub calls: Calls,
}

/// The text of a comment or task after its n-th edit; 0 is the first text.
pub fn text(item: Item, version: u32) -> String {
    format!("item {} in version {version}", item.0)
}
