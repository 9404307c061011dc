//! The hosts of the tables.

pub(crate) mod dynoxide;
pub(crate) mod ministack;
pub(crate) mod schema;
