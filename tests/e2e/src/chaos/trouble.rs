//! Troubles, one after another: killed functions, a stopped table, a stopped bus, entries that the bus never accepts.

use std::fmt;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::Stage;
use crate::aws::BusBehaviour;

/// Bounds of the time between two troubles, and of the length of an outage, in milliseconds.
const PAUSE_MS: (u64, u64) = (300, 2_000);
const OUTAGE_MS: (u64, u64) = (200, 3_000);

/// The troubles that were made.
#[derive(Debug, Clone, Copy, Default)]
pub struct Troubles {
    killed: usize,
    table_stops: usize,
    bus_stops: usize,
    refused_for_ever: usize,
}

impl fmt::Display for Troubles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { killed, table_stops, bus_stops, refused_for_ever } = self;
        write!(
            f,
            "{killed} processes killed, the table stopped {table_stops} times and the bus {bus_stops} times, \
             {refused_for_ever} entries refused for ever"
        )
    }
}

/// Makes troubles until `end`, and leaves everything running.
pub(super) async fn make(stage: &Stage, end: Instant) -> Troubles {
    let mut troubles = Troubles::default();
    let dice = &stage.dice;
    let some = |(least, most)| Duration::from_millis(dice.between(least, most));
    while Instant::now() < end {
        sleep(some(PAUSE_MS)).await;
        match dice.below(10) {
            0..=2 => {
                stage.lambda.kill("webhook", place(dice.below(3))).await;
                troubles.killed += 1;
            }
            3 | 4 => {
                stage.lambda.kill("poller", place(dice.below(2))).await;
                troubles.killed += 1;
            }
            5 | 6 => {
                stage.lambda.kill("publisher", 0).await;
                troubles.killed += 1;
            }
            7 => {
                let mut dynamo = stage.dynamo.lock().await;
                dynamo.stop().await;
                sleep(some(OUTAGE_MS)).await;
                dynamo.start_again().await;
                troubles.table_stops += 1;
            }
            8 => {
                stage.aws.set_bus(BusBehaviour::Down);
                sleep(some(OUTAGE_MS)).await;
                stage.aws.set_bus(BusBehaviour::Up);
                troubles.bus_stops += 1;
            }
            _ => {
                // The next entry that names a pull request, so any.
                stage.aws.refuse("pullrequest", "MalformedDetail");
                troubles.refused_for_ever += 1;
            }
        }
    }
    troubles
}

fn place(number: u64) -> usize {
    usize::try_from(number).unwrap_or_default()
}
