//! The parts that handle a delivery.

use relay::Settings;
use store::Recorder;
use store::links::CachedLinks;

/// The table, links, clock and settings of the function.
#[derive(Debug)]
pub struct App<T, L, C> {
    /// Storage of events and states.
    pub table: T,
    /// The links with their secrets.
    pub links: CachedLinks<L>,
    /// Source of the current time.
    pub clock: C,
    /// Settings for the planning of polls.
    pub settings: Settings,
}

impl<T, L, C> App<T, L, C> {
    /// Returns a recorder that stores observations in the table.
    pub(crate) const fn recorder(&self) -> Recorder<'_, T, C> {
        Recorder { table: &self.table, clock: &self.clock, settings: &self.settings }
    }
}
