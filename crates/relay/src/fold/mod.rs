//! `fold(state, observation, now) -> (state', events, watch')`: the one place where observations become events.

mod bounds;
mod builds;
mod comment_events;
mod comments;
mod commit;
mod context;
mod counters;
mod delivery;
mod dispatch;
mod first_sight;
mod folded;
mod link;
mod missing;
mod poll;
mod prune;
mod pull_request;
mod reconcile;
mod repository;
mod resolutions;
mod revisions;
mod revived;
mod snapshots;
mod synthetic;
mod tasks;
mod trust;

pub use context::MAX_EVENTS_PER_FOLD;
pub use dispatch::fold;
pub use folded::{Folded, HeadMoved, LetGoCounts};
