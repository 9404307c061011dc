//! The stories, by what they are about.

pub mod deliveries;
pub mod leases;
pub mod log;
pub mod polls;
pub mod states;
pub mod watches;
