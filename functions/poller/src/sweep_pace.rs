//! The number of repositories that a link sweeps. It sets the pace of their sweeps.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use relay::LinkId;
use relay::polling::SweepLoad;
use relay::state::SweepPace;
use store::links::LinkSource;
use store::{Clock, Error, Shard, Table};

use crate::poller::{Poller, SweepCount};
use crate::settings::MAX_WATCHES_READ;

/// Time for which an instance uses a count. It reads every watch of a shard, so it is made seldom, for *economy*.
const COUNT_HOLDS: SignedDuration = SignedDuration::from_mins(10);

/// The pace at which the sweeps of a link fit into its calls.
pub(crate) async fn sweep_pace<T: Table, L: LinkSource, C: Clock>(
    poller: &Poller<T, L, C>,
    link: &LinkId,
) -> Result<SweepPace, Error> {
    let (shard, now) = (Shard::of(link), poller.clock.now());
    let is_valid = |(at, _): &SweepCount| now.duration_since(*at) < COUNT_HOLDS;
    let loads = if let Some((_, loads)) = poller.sweep_counts.get(&shard).filter(is_valid) {
        loads
    } else {
        let loads = Arc::new(count(&poller.table, shard).await?);
        poller.sweep_counts.insert(shard, (now, Arc::clone(&loads)));
        loads
    };
    let load = loads.get(link).copied().unwrap_or_default();
    Ok(load.pace(poller.limits.calls_per_hour, &poller.settings))
}

async fn count<T: Table>(table: &T, shard: Shard) -> Result<BTreeMap<LinkId, SweepLoad>, Error> {
    let mut loads: BTreeMap<_, SweepLoad> = BTreeMap::new();
    for due in table.due_in(shard, Timestamp::MAX, MAX_WATCHES_READ).await? {
        loads.entry(due.link).or_default().count(&due.watch);
    }
    Ok(loads)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{START, names_repository, poller};

    #[tokio::test]
    async fn repositories_of_the_link_are_counted_again_after_ten_minutes() {
        let mut poller = poller(r#""sweep":[]"#);
        poller.limits.calls_per_hour = 10;
        let link = "acme".parse().unwrap();
        names_repository(&poller, &link, 0, START).await;
        let few = sweep_pace(&poller, &link).await.unwrap();
        for number in 1..=200 {
            names_repository(&poller, &link, number, START).await;
        }
        poller.clock.advance_seconds(599);
        assert_eq!(sweep_pace(&poller, &link).await.unwrap(), few);
        poller.clock.advance_seconds(1);
        assert_ne!(sweep_pace(&poller, &link).await.unwrap(), few);
    }
}
