//! The decisions of bitrelay: new facts, the state of each subject, the next poll, and the calls it may use.
//!
//! Everything here is pure: no I/O, no clock, no randomness. The webhook function and the poller make [`Observation`]s;
//! both hand them to [`fold`] and store the result in one transaction.
//!
//! Imports run in one direction: a module of this table imports only modules above it.
//!
//! | module | holds |
//! | --- | --- |
//! | [`subject`] | the subject of an event, and the link it came through |
//! | [`event`] | the immutable facts of the log, and the envelope that publishes them |
//! | [`state`] | the stored state of a pull request, a commit, a repository and a link |
//! | [`observation`] | verified deliveries and the answers to polls |
//! | [`schedule`] | settings, windows and the time of the next poll |
//! | [`polling`] | what a poll reads, and the order of polls when calls run short |
//! | [`fold`] | `(state, observation, now) -> (state', events, watch')` |
//! | [`budget`] | the API calls that a credential may still make; no other module imports it |

pub mod budget;
mod error;
pub mod event;
mod fold;
pub mod observation;
pub mod polling;
pub mod schedule;
pub mod state;
pub mod subject;

pub use budget::{Account, AccountKind, NamedLimit};
pub use error::Error;
pub use event::{Change, Counters, Envelope, Event, EventId, PayloadReference, Replay, Source};
pub use fold::{Folded, HeadMoved, LetGoCounts, MAX_EVENTS_PER_FOLD, fold};
pub use observation::{CommitPoll, Listing, Observation, PullRequestPoll, Report};
pub use schedule::Settings;
pub use state::{Known, LinkState, Reason, ShortHash, SubjectState, SweepTarget, SweepTargets, Watch};
pub use subject::{LinkId, Subject};

#[cfg(test)]
mod testing;
