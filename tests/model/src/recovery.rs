//! Everything that runs dies, and from then on nothing fails: the poller runs, and the publisher reads the stream. What
//! holds in the end must hold then, wherever the world stood.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::SignedDuration;

use crate::checks;
use crate::drive::block_on;
use crate::functions::{Deployment, Ended, Input, Reach, Records, SetClock};
use crate::gate::Gate;
use crate::outside::Subscriber;
use crate::plan::Plan;
use crate::state::{Broken, Durable};

/// Seconds after which the poller runs: at once, when leases and pauses have ended, when windows have closed, and when
/// the full read is due.
const RUNS: [i64; 4] = [0, 61, 700, 5_000];

/// Records of one batch, as in the template.
const BATCH: usize = 100;

/// Lets everything run once more, and checks what holds in the end.
pub(crate) fn check(
    deployment: &Deployment,
    durable: &Durable,
    acknowledged: &BTreeSet<usize>,
) -> Result<(), Broken> {
    let end = recover(deployment, durable);
    checks::always(deployment, &end, acknowledged)?;
    checks::in_the_end(deployment, &end)
}

/// Lets everything run once more.
pub(crate) fn recover(deployment: &Deployment, durable: &Durable) -> Durable {
    let mut end = Durable { table: durable.table.copy(), ..durable.clone() };
    for seconds in RUNS {
        end.now = durable.now.saturating_add(SignedDuration::from_secs(seconds)).unwrap();
        let poll = Input::Poll { holder: format!("recovery-{seconds}") };
        invoke(deployment, &mut end, &poll);
        publish(deployment, &mut end);
    }
    end
}

/// Publishes everything that the stream has not handed over for good.
pub(crate) fn publish(deployment: &Deployment, durable: &mut Durable) {
    let unread: Vec<_> = durable.unread().into_iter().take(BATCH).collect();
    if unread.is_empty() {
        return;
    }
    let records = Records::new(&unread, durable.now);
    if let Ended::Published(outcomes) = invoke(deployment, durable, &Input::Publish(records.clone())) {
        durable.position = records.goes_on_at(&outcomes);
    }
}

/// One invocation in which everything works.
pub(crate) fn invoke(deployment: &Deployment, durable: &mut Durable, input: &Input) -> Ended {
    let subscriber = Subscriber::with(durable.received.clone());
    let reach = Reach {
        table: durable.table.clone(),
        subscriber: subscriber.clone(),
        clock: SetClock::at(durable.now),
        acts: durable.acts,
        gate: Gate::Planned(Arc::new(Plan::works())),
        bug: None,
    };
    let ended = block_on(Box::pin(reach.invoke(deployment, input)));
    durable.received = subscriber.received();
    ended
}
