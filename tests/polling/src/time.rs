//! Virtual time for a poller that sleeps. Its timers and Bitbucket's clock advance together, and only while every task
//! waits for a timer. Calls go over real sockets and take no virtual time.

use std::sync::mpsc::{Sender, channel};
use std::time::Duration;

use simulator::Simulator;
use tokio::task::{spawn_blocking, yield_now};
use tokio::time::advance;

/// Step of the virtual time. A timer that ends inside a step fires at the end of the step.
pub const TICK: Duration = Duration::from_millis(500);

/// Yields in a row without a call after which every task counts as asleep. A call passes from a task to a socket to a
/// task and back, and each yield lets every one of them take a step.
const QUIET_YIELDS: usize = 32;

/// Control over the timers of a runtime that was started with its time paused.
#[derive(Debug)]
pub struct VirtualTime {
    /// Keeps a blocking task alive. A paused runtime without one advances its time to the next timer whenever it is
    /// idle, and it counts a call over a socket as idle.
    _blocking_task: Sender<()>,
}

impl VirtualTime {
    /// Takes control of the runtime's time.
    pub fn take() -> Self {
        let (sender, receiver) = channel::<()>();
        spawn_blocking(move || receiver.recv().is_ok());
        Self { _blocking_task: sender }
    }

    /// Waits until every task waits for a timer, and advances the time by [`TICK`].
    pub async fn tick(&self, simulator: &Simulator, is_poller_running: bool) {
        if is_poller_running {
            until_idle(simulator).await;
        }
        simulator.clock().advance(TICK);
        advance(TICK).await;
    }
}

/// Waits until no call is under way and no task is about to make one.
async fn until_idle(simulator: &Simulator) {
    let mut quiet = 0;
    let mut before = simulator.calls_begun_and_ended();
    while quiet < QUIET_YIELDS {
        yield_now().await;
        let now = simulator.calls_begun_and_ended();
        quiet = if now == before && now.0 == now.1 { quiet + 1 } else { 0 };
        before = now;
    }
}
