//! The targets: what each does with an input, and what must hold.

pub mod api;
pub mod fold;
pub mod gateway;
pub mod items;
pub mod next;
pub mod oauth;
pub mod signature;
pub mod stream;
mod support;
