//! Virtual time for a poller that sleeps: its timers and Bitbucket's clock move together, and only when nobody has anything
//! left to do. Calls go over real sockets and take no virtual time.

use std::sync::mpsc::{Sender, channel};
use std::time::Duration;

use simulator::Simulator;
use tokio::task::{spawn_blocking, yield_now};
use tokio::time::advance;

/// By how much time moves. A wait that ends in between ends late by less than that.
pub const TICK: Duration = Duration::from_millis(500);

/// How often in a row nothing must have happened until everybody is taken to be asleep. A call passes from a task to a socket
/// to a task and back, and each yield lets every one of them take a step.
const QUIET_YIELDS: usize = 32;

/// Stops the timers of a runtime that was started with its time paused.
#[derive(Debug)]
pub struct VirtualTime {
    /// A paused runtime moves its time to the next timer whenever it has nothing to do, and it takes a call over a socket for
    /// nothing. While a blocking task is there it leaves that to us.
    _held: Sender<()>,
}

impl VirtualTime {
    /// Takes over the runtime's time.
    pub fn take() -> Self {
        let (held, released) = channel::<()>();
        spawn_blocking(move || released.recv().is_ok());
        Self { _held: held }
    }

    /// Lets everybody go on until all of them wait for the time, and moves it.
    pub async fn tick(&self, simulator: &Simulator, is_anybody_awake: bool) {
        if is_anybody_awake {
            rest(simulator).await;
        }
        simulator.clock().advance(TICK);
        advance(TICK).await;
    }
}

/// Waits until nobody calls and nobody is about to.
async fn rest(simulator: &Simulator) {
    let mut quiet = 0;
    let mut seen = simulator.calls_begun_and_ended();
    while quiet < QUIET_YIELDS {
        yield_now().await;
        let now = simulator.calls_begun_and_ended();
        quiet = if now == seen && now.0 == now.1 { quiet + 1 } else { 0 };
        seen = now;
    }
}
