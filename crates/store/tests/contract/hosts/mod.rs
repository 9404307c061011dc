//! The hosts of the tables.

pub(crate) mod dynamodb_local;
pub(crate) mod dynoxide;
pub(crate) mod ministack;
pub(crate) mod process;
pub(crate) mod schema;
