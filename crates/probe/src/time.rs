//! The time of the probe, which tests advance.

use std::pin::Pin;
use std::time::Duration;

use jiff::Timestamp;

/// Future of a wait.
pub type Wait<'a> = Pin<Box<dyn Future<Output = ()> + 'a>>;

/// A clock that can wait.
pub trait Time {
    /// The time now.
    fn now(&self) -> Timestamp;

    /// Waits.
    fn wait(&self, time: Duration) -> Wait<'_>;
}

/// The time of the machine.
#[derive(Debug, Clone, Copy, Default)]
pub struct RealTime;

impl Time for RealTime {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    fn wait(&self, time: Duration) -> Wait<'_> {
        Box::pin(tokio::time::sleep(time))
    }
}
