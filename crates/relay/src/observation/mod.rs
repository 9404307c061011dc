//! Observations: verified deliveries and the answers to polls, by the kind of subject that they are about.

mod commit;
mod delivery;
mod link;
mod listing;
mod pull_request;
mod repository;
mod subject;

pub use commit::{CommitObservation, CommitPoll};
pub use delivery::Report;
pub use link::LinkObservation;
pub use listing::{Listing, LookedUp};
pub use pull_request::{FirstListing, HeadDetails, Notice, PullRequestObservation, PullRequestPoll};
pub(crate) use repository::MAX_OPEN;
pub use repository::{RepositoryObservation, Sweep};
pub use subject::Observation;
