//! Tasks and approvals.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::Error;
use crate::bench::{ARRIVAL_SECONDS, Bench, LOOK, has_moved};
use crate::findings::Answer;
use crate::question::Question;

pub(super) async fn tasks(bench: &Bench<'_>) -> Result<(), Error> {
    bench.settle().await;
    let (before, arrived) = (bench.pr.read().await?, bench.listener.deliveries().len());
    let task = bench.pr.add_task("A task").await?;
    bench.time.wait(LOOK).await;
    bench.pr.resolve_task(task).await?;
    bench.time.wait(ARRIVAL_SECONDS * LOOK).await;
    let since = bench.listener.deliveries().into_iter().skip(arrived);
    let keys: BTreeSet<String> = since.map(|delivery| delivery.key).collect();
    let keys: Vec<String> = keys.into_iter().collect();
    let text = if keys.is_empty() { "none".to_owned() } else { keys.join(", ") };
    bench.add(Question::TaskWebhooks, Answer::seen(keys.into(), text));
    bench.settle().await;
    bench.add(Question::TaskMoves, Answer::yes(has_moved(&before, &bench.pr.read().await?)?));
    Ok(())
}

pub(super) async fn approvals(bench: &Bench<'_>) -> Result<(), Error> {
    let Some(reviewer) = bench.reviewer.clone() else {
        return Err(Error::Inconclusive("another person has to approve; name a link of theirs"));
    };
    bench.pr.seen_by(reviewer).approve().await?;
    bench.arrival("pullrequest:approved", |_| true).await?;
    bench.pr.push().await?;
    bench.time.wait(ARRIVAL_SECONDS * LOOK).await;
    bench.settle().await;
    let shown = bench.pr.read().await?;
    let participants =
        shown.get("participants").and_then(Value::as_array).ok_or(Error::Missing("participants"))?;
    let is_approved = participants.iter().any(approves);
    bench.add(Question::ApprovalsWithdrawn, Answer::yes(!is_approved));
    Ok(())
}

fn approves(participant: &Value) -> bool {
    participant.get("approved").and_then(Value::as_bool) == Some(true)
}
