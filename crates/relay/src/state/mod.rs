//! The stored state of each subject: facts only, without plans or comparisons.

mod comment;
mod commit;
mod counting;
mod doubt;
mod head;
mod link;
mod published;
mod pull_request;
mod refusal;
mod repository;
mod revision;
mod subject;
mod targets;
mod task;
mod watch;

pub(crate) use comment::Discussion;
pub use comment::{CommentState, Comments};
pub use commit::CommitState;
pub use doubt::{Doubt, Finding};
pub use head::{Build, Head, ShortHash, Size};
pub use link::{LinkState, LookupResult, TargetLookup};
pub use published::{FoundUpdate, PublishedFacts, Review, ReviewState};
pub(crate) use published::{end_key, has_ended, participants, review_state, state_of};
pub use pull_request::PullRequestState;
pub use refusal::Refusal;
pub(crate) use repository::digest;
pub use repository::{Listed, RepositoryState, SweepPace, UnfinishedListing};
pub use revision::{Resolved, Revision};
pub use subject::{Known, Repeats, SubjectState};
pub use targets::{MAX_REPOSITORIES, MAX_WORKSPACES, SweepTarget, SweepTargets};
pub use task::{TaskState, Tasks};
pub use watch::{Reason, Watch};
