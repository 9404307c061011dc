//! The one clock of a test: the simulator's.

use std::sync::Arc;

use jiff::Timestamp;
use simulator::Simulator;
use store::Clock;

/// The simulator's clock, in the form that the functions read.
#[derive(Debug, Clone)]
pub struct SimulatedClock(pub Arc<Simulator>);

impl Clock for SimulatedClock {
    fn now(&self) -> Timestamp {
        self.0.clock().now()
    }
}
