//! The immutable facts of the log, and the form in which they are published.

mod changes;
pub mod contract;
mod counters;
mod envelope;
pub(crate) mod fact;
mod id;
mod record;
#[cfg(feature = "schema")]
pub mod schema;

pub use changes::Change;
pub(crate) use changes::{between as changes_between, is_queued};
pub use counters::{Builds, Counted, Counters};
pub use envelope::{About, ENVELOPE_VERSION, Envelope, InRepository, PayloadReference, Replay};
pub use id::{EventId, Source};
pub use record::Event;
