//! One clock for all: the simulator's.

use std::sync::Arc;

use jiff::Timestamp;
use simulator::Simulator;
use store::Clock;

/// The simulator's clock, as the functions ask for the time.
#[derive(Debug, Clone)]
pub struct SimulatedClock(pub Arc<Simulator>);

impl Clock for SimulatedClock {
    fn now(&self) -> Timestamp {
        self.0.clock().now()
    }
}
