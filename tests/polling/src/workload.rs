//! What people do on Bitbucket, and what becomes of the webhooks: independent of who watches.

/// One comment or task of a workload, by its place in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Item(pub u32);

/// One pull request of a workload, by its place in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Pr(pub usize);

/// Seconds since the beginning.
pub type Second = u32;

/// Something that somebody does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Act {
    /// When.
    pub at: Second,
    /// On which pull request.
    pub pr: Pr,
    /// Who, by number; only the author can edit or delete a comment.
    pub who: usize,
    /// The comment or task.
    pub item: Item,
    /// What happens to it.
    pub what: What,
    /// What becomes of the webhook, if Bitbucket sends one.
    pub post: Post,
}

/// What happens to a comment or task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// A comment is written.
    Comment,
    /// A comment gets its n-th text. Every text is there once only, so that it can be found again.
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
pub enum Post {
    /// It arrives at once.
    OnTime,
    /// It never arrives.
    Lost,
    /// It arrives twice.
    Twice,
    /// It arrives so many seconds late.
    Late(Second),
}

/// A workload.
#[derive(Debug, Clone)]
pub struct Workload {
    /// How it is called in tables.
    pub name: &'static str,
    /// What it is, in words.
    pub title: &'static str,
    /// How many repositories there are.
    pub repositories: usize,
    /// The repository of each pull request.
    pub prs: Vec<usize>,
    /// How many people there are.
    pub people: usize,
    /// The acts, in order.
    pub acts: Vec<Act>,
    /// How long both policies are watched.
    pub seconds: Second,
    /// How many calls an hour Bitbucket answers; `None` is all.
    pub limit: Option<u32>,
}

/// The most that the poller can be told.
const MOST_CALLS: u32 = 10_000;

impl Workload {
    /// The calls an hour that the poller is told to keep to: the limit, as nobody else uses the credential.
    pub fn calls_per_hour(&self) -> u32 {
        self.limit.unwrap_or(MOST_CALLS)
    }
}

/// The text of a comment or task after its n-th edit; 0 is the first text.
pub fn text(item: Item, version: u32) -> String {
    format!("item {} in version {version}", item.0)
}
