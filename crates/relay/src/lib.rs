//! What bitrelay concludes from what Bitbucket says: which facts are new, what is known now, and when to look again.
//!
//! Everything here is pure: no I/O, no clock, no randomness. The webhook function and the poller differ only in where
//! an [`Observation`] comes from; both hand it to [`fold`] and store what comes back in one transaction.
//!
//! | module | holds |
//! | --- | --- |
//! | [`subject`] | what an event is about, and the link it came through |
//! | [`event`] | the immutable facts of the log |
//! | [`envelope`] | what they are published in |
//! | [`commit`] | what is known of a commit that people comment on |
//! | [`contract`] | what is promised of every key |
//! | `schema` | the same as JSON Schema and `AsyncAPI` (feature `schema`) |
//! | `account` | whose API calls are counted together |
//! | [`budget`] | the API calls that a credential may still make |
//! | `named_limit` | what Bitbucket says of them itself |
//! | [`changes`] | what changed about a pull request between two snapshots |
//! | [`counters`] | how many comments, tasks, approvals... a pull request has |
//! | [`head`] | the commit at the head of a pull request: its builds, its size |
//! | [`told`] | what the log has told of what a lost webhook leaves untold |
//! | [`places`] | the repositories and workspaces that are named to be swept |
//! | [`sweep`] | what moved of a repository's open pull requests |
//! | [`state`] | what is known of a subject |
//! | [`observation`] | what was learned: a verified delivery, or an answer to a poll |
//! | [`fold`] | `(state, observation, now) -> (state', events, watch')` |
//! | [`watch`] | when a pull request or a commit has to be polled again |
//! | [`settings`] | windows, margins and intervals, with their defaults |

mod account;
pub mod budget;
pub mod changes;
pub mod commit;
pub mod contract;
pub mod counters;
pub mod envelope;
mod error;
pub mod event;
mod fact;
mod fold;
pub mod head;
mod named_limit;
pub mod observation;
pub mod places;
#[cfg(feature = "schema")]
pub mod schema;
pub mod settings;
pub mod state;
pub mod subject;
pub mod sweep;
pub mod told;
pub mod watch;

pub use account::{Account, AccountKind};
pub use changes::Change;
pub use counters::Counters;
pub use envelope::{Envelope, PayloadReference};
pub use error::Error;
pub use event::{Event, EventId, Source};
pub use fold::{Folded, MAX_EVENTS_PER_FOLD, fold, suspects};
pub use named_limit::NamedLimit;
pub use observation::{Observation, Poll, Suspects};
pub use places::{LinkState, Place, Places};
pub use settings::Settings;
pub use state::SubjectState;
pub use subject::{LinkId, Subject};
pub use watch::Watch;
