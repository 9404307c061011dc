//! The stories, by topic.

pub(crate) mod authorizations;
pub(crate) mod budgets;
pub(crate) mod deliveries;
pub(crate) mod heads;
pub(crate) mod kept;
pub(crate) mod leases;
pub(crate) mod limits;
pub(crate) mod log;
pub(crate) mod polls;
pub(crate) mod states;
pub(crate) mod watches;
