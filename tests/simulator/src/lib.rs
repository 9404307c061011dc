//! wip
pub mod clock;
pub mod settings;
pub mod signature;
mod view;
pub mod world;
