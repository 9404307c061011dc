//! The rounds of calls that put entries on the bus.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use store::Clock;

use crate::Error;
use crate::bus::{self, Bus};
use crate::entry::{Entry, MAX_REQUEST_BYTES};
use crate::plan::pack;

/// How long to wait before each round but the first. What is still refused after the last one is left to the stream.
const WAITS: [Duration; 3] =
    [Duration::from_millis(100), Duration::from_millis(400), Duration::from_millis(1600)];

/// Puts entries on the bus, in order, and says of each what became of it, in the order given.
///
/// Entries that are refused for now are tried again in up to three more rounds, as long as `deadline` allows. A request
/// that is refused as a whole for what one entry in it says is taken apart, so that this entry does not keep the others.
pub async fn publish(
    bus: &impl Bus,
    clock: &impl Clock,
    entries: &[&Entry],
    deadline: Timestamp,
) -> Vec<Result<(), Error>> {
    let mut outcomes: Vec<Result<(), Error>> = vec![Err(Error::OutOfTime); entries.len()];
    let mut pending: Vec<(usize, &Entry)> = entries.iter().copied().enumerate().collect();
    let mut waits = WAITS.iter();
    loop {
        for (index, outcome) in round(bus, clock, &pending, deadline).await {
            if let Some(slot) = outcomes.get_mut(index) {
                *slot = outcome;
            }
        }
        let again = |index: usize| matches!(outcomes.get(index), Some(Err(error)) if error.retryable());
        pending.retain(|(index, _)| again(*index));
        let Some(wait) = waits.next() else { break };
        if pending.is_empty() || !time_for_a_call(clock, *wait, deadline) {
            break;
        }
        tracing::warn!(
            entries = pending.len(),
            wait_ms = wait.as_millis(),
            "entries were refused, trying again"
        );
        tokio::time::sleep(*wait).await;
    }
    outcomes
}

/// One call for every ten pending entries.
async fn round(
    bus: &impl Bus,
    clock: &impl Clock,
    pending: &[(usize, &Entry)],
    deadline: Timestamp,
) -> Vec<(usize, Result<(), Error>)> {
    let sizes: Vec<usize> = pending.iter().map(|(_, entry)| entry.size_bytes()).collect();
    let mut outcomes = Vec::with_capacity(pending.len());
    for run in pack(&sizes, MAX_REQUEST_BYTES) {
        let run = pending.get(run).unwrap_or_default();
        let results = put(bus, clock, run, deadline).await;
        let spoiled =
            run.len() > 1 && results.iter().all(|result| result.as_ref().is_err_and(|e| !e.retryable()));
        if !spoiled {
            outcomes.extend(run.iter().map(|(index, _)| *index).zip(results));
            continue;
        }
        for alone in run.chunks(1) {
            let results = put(bus, clock, alone, deadline).await;
            outcomes.extend(alone.iter().map(|(index, _)| *index).zip(results));
        }
    }
    outcomes
}

/// One call; one result an entry, whatever happens.
async fn put(
    bus: &impl Bus,
    clock: &impl Clock,
    run: &[(usize, &Entry)],
    deadline: Timestamp,
) -> Vec<Result<(), Error>> {
    if !time_for_a_call(clock, Duration::ZERO, deadline) {
        return vec![Err(Error::OutOfTime); run.len()];
    }
    let entries: Vec<&Entry> = run.iter().map(|(_, entry)| *entry).collect();
    match bus.put_events(&entries).await {
        Ok(results) => results.into_inner(),
        Err(error) => vec![Err(error); run.len()],
    }
}

/// Whether a call that begins after `wait` ends before the deadline, even if it takes as long as it may.
fn time_for_a_call(clock: &impl Clock, wait: Duration, deadline: Timestamp) -> bool {
    let longest = wait.saturating_add(Duration::from_secs(bus::CALL_SECONDS));
    let longest = SignedDuration::try_from(longest).unwrap_or(SignedDuration::MAX);
    clock.now().saturating_add(longest).is_ok_and(|end| end <= deadline)
}
