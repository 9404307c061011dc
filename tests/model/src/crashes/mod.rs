//! The crash table: each I/O call of each function goes wrong in each way, one at a time. Then it is healed, and the
//! log and the state are compared with those of an undisturbed run.

mod cell;
mod content;
mod document;
mod scenario;
mod site;

pub use cell::{Cell, Row, in_memory, table};
pub use document::{document, path};
pub use scenario::{Scenario, scenarios};
pub use site::{Site, Streamed};
