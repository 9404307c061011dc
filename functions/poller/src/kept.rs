//! Folds the deliveries that the webhook function kept: it accepted them and could not fold them at once.

use store::links::LinkSource;
use store::{Clock, KeptOutcome, Recorder, Shard, Table};

use crate::run::Run;

/// The most kept deliveries that one query reads.
const MAX_READ: usize = 100;

/// Folds the kept deliveries of the run's shards, one after the other: at once, they would contend again. A failure
/// ends no run; what is left stays kept.
pub(crate) async fn fold_kept<T: Table, L: LinkSource, C: Clock>(run: &Run<'_, T, L, C>) {
    for shard in run.leases.shards() {
        if let Err(error) = fold_shard(run, shard).await {
            run.tally().kept.failed += 1;
            tracing::warn!(
                %shard, category = error.category().as_str(), %error,
                "kept deliveries could not be read or stored; the next run tries again"
            );
        }
    }
}

async fn fold_shard<T: Table, L: LinkSource, C: Clock>(
    run: &Run<'_, T, L, C>,
    shard: Shard,
) -> Result<(), store::Error> {
    let poller = run.poller;
    let recorder = Recorder { table: &poller.table, clock: &poller.clock, settings: &poller.settings };
    // The index lags behind by a moment, so only deliveries that were due before this are read: none comes twice.
    let due_at = poller.clock.now();
    loop {
        let due = poller.table.kept_in(shard, due_at, MAX_READ).await?;
        if due.is_empty() || !run.leases.take(shard, poller.clock.now()).await? {
            return Ok(());
        }
        let mut folded = 0;
        for key in &due {
            if run.is_late() {
                return Ok(());
            }
            match recorder.fold_kept(key).await? {
                KeptOutcome::Folded(events) => {
                    folded += 1;
                    tracing::info!(%key, events, "folded a kept delivery");
                }
                KeptOutcome::Gone => {}
                KeptOutcome::Postponed(error) => {
                    run.tally().kept.failed += 1;
                    tracing::error!(
                        alarm = "delivery_unfolded", %key, category = error.category().as_str(), %error,
                        "a kept delivery still cannot be folded; it stays kept and is tried again within the hour"
                    );
                }
            }
        }
        run.tally().kept.folded += folded;
        if folded == 0 {
            return Ok(());
        }
    }
}
