//! Planning of the next poll: settings, windows, and one planner for each kind of subject.

mod commit;
mod link;
mod pull_request;
mod refusal;
mod repository;
mod settings;
mod subject;
mod windows;

pub use link::due_targets;
pub use repository::is_quiet;
pub use settings::{Settings, TAIL_CHECKS};
pub(crate) use subject::plan;
pub(crate) use windows::all_windows_closed;
