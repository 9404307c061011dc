//! Where tables live.

pub(crate) mod dynoxide;
pub(crate) mod ministack;
pub(crate) mod schema;
