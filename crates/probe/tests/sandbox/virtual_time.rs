//! The simulator's time: a wait lets it pass at once.

use std::time::Duration;

use jiff::Timestamp;
use probe::{Time, Wait};
use simulator::Simulator;

/// Longest real time for webhooks that are on their way.
const ON_THE_WAY: Duration = Duration::from_secs(20);

/// The simulator's time.
pub(crate) struct Virtual<'s>(pub(crate) &'s Simulator);

impl Time for Virtual<'_> {
    fn now(&self) -> Timestamp {
        self.0.clock().now()
    }

    fn wait(&self, time: Duration) -> Wait<'_> {
        Box::pin(async move {
            self.0.settle(ON_THE_WAY).await.unwrap();
            self.0.clock().advance(time);
        })
    }
}
