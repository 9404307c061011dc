//! Puts entries on the bus, in up to four rounds of calls.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use store::Clock;

use crate::Error;
use crate::entry::{Entry, EntryLimit};
use crate::event_bridge::{Bus, CALL_SECONDS};
use crate::plan::pack;

/// Delays before the second, third and fourth round. After the last round, the stream has to retry.
const WAITS: [Duration; 3] =
    [Duration::from_millis(100), Duration::from_millis(400), Duration::from_millis(1600)];

/// Puts entries on the bus and returns one result per entry, both in the order given.
///
/// Entries with a retryable error are retried in up to three more rounds, as long as `deadline` allows. If a whole
/// request is refused permanently, each of its entries is sent alone, so that one invalid entry does not block the
/// rest.
pub async fn publish(
    bus: &impl Bus,
    clock: &impl Clock,
    entries: &[&Entry],
    limit: EntryLimit,
    deadline: Timestamp,
) -> Vec<Result<(), Error>> {
    let mut outcomes: Vec<Result<(), Error>> = vec![Err(Error::OutOfTime); entries.len()];
    let mut pending: Vec<(usize, &Entry)> = entries.iter().copied().enumerate().collect();
    let mut waits = WAITS.iter();
    loop {
        for (index, outcome) in round(bus, clock, &pending, limit, deadline).await {
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
        tracing::warn!(entries = pending.len(), wait_ms = wait.as_millis(), "entries refused, retrying");
        tokio::time::sleep(*wait).await;
    }
    outcomes
}

/// Makes one call for every ten pending entries.
async fn round(
    bus: &impl Bus,
    clock: &impl Clock,
    pending: &[(usize, &Entry)],
    limit: EntryLimit,
    deadline: Timestamp,
) -> Vec<(usize, Result<(), Error>)> {
    let sizes: Vec<usize> = pending.iter().map(|(_, entry)| entry.size_bytes()).collect();
    let mut outcomes = Vec::with_capacity(pending.len());
    for run in pack(&sizes, limit.request_bytes()) {
        let run = pending.get(run).unwrap_or_default();
        let results = put(bus, clock, run, deadline).await;
        let all_permanent = results.iter().all(|result| result.as_ref().is_err_and(|e| !e.retryable()));
        if run.len() == 1 || !all_permanent {
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

/// Makes one call and returns one result per entry, also after a failure.
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

/// True if a call that starts after `wait` ends before the deadline, even if it takes its longest time.
fn time_for_a_call(clock: &impl Clock, wait: Duration, deadline: Timestamp) -> bool {
    let longest = wait.saturating_add(Duration::from_secs(CALL_SECONDS));
    let longest = SignedDuration::try_from(longest).unwrap_or(SignedDuration::MAX);
    clock.now().saturating_add(longest).is_ok_and(|end| end <= deadline)
}
