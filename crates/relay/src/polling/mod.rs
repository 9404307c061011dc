//! Decisions about polls: what to read, and in which order when calls run short.

mod lookups;
mod needs;
mod order;
mod sweep;

pub use lookups::{MAX_TARGET_LOOKUPS, unlisted_comments, unlisted_tasks};
pub use needs::Needs;
pub use sweep::{is_unexplained, moved, notice};
