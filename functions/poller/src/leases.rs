//! One invocation at a time for a shard, and with it for each of its links.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use store::{Shard, Table};

/// The leases of one run. The run takes a shard's lease when the first of its watches is ready, so that a quiet shard
/// costs no write. Leases are for *economy*: two runs at once would find the same and spend twice the calls.
#[derive(Debug)]
pub(crate) struct Leases<'r, T> {
    table: &'r T,
    holder: &'r str,
    deadline: Timestamp,
    /// The shards of the run, with their leases.
    shards: Mutex<BTreeMap<Shard, Lease>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lease {
    NotAsked,
    Ours,
    HeldElsewhere,
}

impl<'r, T: Table> Leases<'r, T> {
    pub(crate) fn new(table: &'r T, holder: &'r str, shards: Vec<Shard>, deadline: Timestamp) -> Self {
        let shards = Mutex::new(shards.into_iter().map(|shard| (shard, Lease::NotAsked)).collect());
        Self { table, holder, deadline, shards }
    }

    /// The shards that no other run holds, as far as this run asked.
    pub(crate) fn shards(&self) -> Vec<Shard> {
        self.with(|lease| lease != Lease::HeldElsewhere)
    }

    /// True if this run has the shard's lease, or gets it now.
    pub(crate) async fn take(&self, shard: Shard, now: Timestamp) -> Result<bool, store::Error> {
        if self.lock().get(&shard) == Some(&Lease::Ours) {
            return Ok(true);
        }
        let seconds = seconds_until(now, self.deadline);
        let ours = self.table.lease(&name(shard), self.holder, now, seconds).await?;
        self.lock().insert(shard, if ours { Lease::Ours } else { Lease::HeldElsewhere });
        Ok(ours)
    }

    /// True if other runs held every lease that this run asked for.
    pub(crate) fn all_held_elsewhere(&self) -> bool {
        self.with(|lease| lease == Lease::Ours).is_empty()
            && !self.with(|lease| lease == Lease::HeldElsewhere).is_empty()
    }

    /// Releases the leases at the end of the run.
    pub(crate) async fn release(&self) {
        for shard in self.with(|lease| lease == Lease::Ours) {
            if let Err(error) = self.table.release(&name(shard), self.holder).await {
                tracing::warn!(%shard, %error, "lease could not be released; it expires with the run");
            }
        }
    }

    fn with(&self, wanted: impl Fn(Lease) -> bool) -> Vec<Shard> {
        let shards = self.lock();
        shards.iter().filter(|(_, lease)| wanted(**lease)).map(|(shard, _)| *shard).collect()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<Shard, Lease>> {
        self.shards.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn name(shard: Shard) -> String {
    format!("poller/{shard}")
}

fn seconds_until(now: Timestamp, deadline: Timestamp) -> u32 {
    u32::try_from(deadline.duration_since(now).as_secs().max(1)).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lease_lasts_until_the_deadline_and_at_least_a_second() {
        let at = |second: i64| Timestamp::from_second(second).unwrap();
        let lengths =
            [(0, 55), (54, 55), (55, 55), (60, 55)].map(|(now, end)| seconds_until(at(now), at(end)));
        assert_eq!(lengths, [55, 1, 1, 1]);
    }
}
