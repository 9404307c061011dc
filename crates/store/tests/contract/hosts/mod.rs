//! Where tables live.

pub mod dynoxide;
pub mod ministack;
pub mod schema;
