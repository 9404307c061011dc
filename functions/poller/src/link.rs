//! One link in one pass: its due watches one after the other, until a failure concerns all of them.

use jiff::SignedDuration;
use relay::polling::Consequence;
use relay::{LinkId, Observation, Subject};
use store::links::LinkSource;
use store::{Clock, DueWatch, Table};

use crate::credential;
use crate::error::Error;
use crate::outcome::PollOutcome;
use crate::poll::poll;
use crate::run::Run;
use crate::spender::Spender;

/// Polls the due watches of one link, the most urgent first; returns the link.
pub(crate) async fn poll_link<T: Table, L: LinkSource, C: Clock>(
    run: &Run<'_, T, L, C>,
    link: LinkId,
    due: Vec<DueWatch>,
) -> LinkId {
    match spender(run, &link).await {
        Ok(spender) if spender.reserved.calls > 0 => poll_all(run, spender, due).await,
        Ok(_) => {
            // No failure: polls come later, and no watch is dropped.
            tracing::warn!(%link, "no API calls: the hour's budget is spent, or Bitbucket asked for a pause");
            run.tally().out_of_calls.insert(link.clone());
        }
        Err(error) if error.failure().consequence() == Consequence::EndsWatch => {
            end_all(run, &error, due).await;
        }
        Err(error) => {
            run.tally().stats(&link).failed += 1;
            tracing::warn!(
                %link, category = error.category().as_str(), %error, "link cannot be polled now; it will be retried"
            );
            pause(run, &link, None, SignedDuration::ZERO);
        }
    }
    link
}

/// The link's spender in this run; reserves its calls if the run has not done so.
async fn spender<T: Table, L: LinkSource, C: Clock>(
    run: &Run<'_, T, L, C>,
    link: &LinkId,
) -> Result<Spender, Error> {
    if let Some(spender) = run.tally().spenders.get(link) {
        return Ok(spender.clone());
    }
    let spender = Spender::new(run.poller, link).await?;
    run.tally().spenders.insert(link.clone(), spender.clone());
    Ok(spender)
}

async fn poll_all<T: Table, L: LinkSource, C: Clock>(
    run: &Run<'_, T, L, C>,
    mut spender: Spender,
    mut due: Vec<DueWatch>,
) {
    let now = run.poller.clock.now();
    due.sort_by_key(|due| due.watch.urgency(now));
    for due in due {
        if run.is_late() || !run.has_pace(&spender) {
            break;
        }
        let allowance = spender.allowance(&run.poller.limits);
        if allowance.is_short && due.watch.may_wait(run.poller.clock.now()) {
            continue;
        }
        match poll_renewing(run, &mut spender, &due).await {
            Ok(PollOutcome::Stored { events }) => {
                let mut tally = run.tally();
                let stats = tally.stats(&due.link);
                stats.polled += 1;
                stats.events += events;
                drop(tally);
                let mut pauses = run.poller.pauses();
                pauses.record_success(&(due.link.clone(), Some(due.subject)));
                pauses.record_success(&(due.link, None));
            }
            Ok(PollOutcome::NotDue) => {}
            Ok(PollOutcome::Postponed) => {
                // No failure: the next run polls this first.
                let calls_left = spender.client.calls_left();
                tracing::info!(link = %due.link, calls_left, "too few calls for the next poll; it waits for another run");
                run.tally().out_of_calls.insert(due.link);
                break;
            }
            Err(error) => {
                record_failure(run, &due, &error);
                if error.failure().is_rate_limit() {
                    block(run, &spender, &due.link, error.failure().least_pause()).await;
                }
                if error.failure().consequence() == Consequence::PausesLink {
                    break;
                }
            }
        }
    }
}

/// Polls; and once more with a new token if the API refuses the old one.
async fn poll_renewing<T: Table, L: LinkSource, C: Clock>(
    run: &Run<'_, T, L, C>,
    spender: &mut Spender,
    due: &DueWatch,
) -> Result<PollOutcome, Error> {
    let limits = &run.poller.limits;
    let outcome = poll(run.poller, &spender.client, due, &spender.allowance(limits)).await;
    if !outcome.as_ref().is_err_and(|error| error.failure().is_credential_refused()) {
        return outcome;
    }
    let renewed = credential::renew(run.poller, &due.link, &spender.client, &spender.account).await?;
    let Some(credential) = renewed else { return outcome };
    spender.client = spender.client.with_credential(credential);
    run.tally().spenders.insert(due.link.clone(), spender.clone());
    poll(run.poller, &spender.client, due, &spender.allowance(limits)).await
}

/// Ends the watches of a link that cannot be polled until somebody changes it.
async fn end_all<T: Table, L: LinkSource, C: Clock>(
    run: &Run<'_, T, L, C>,
    error: &Error,
    due: Vec<DueWatch>,
) {
    for due in due {
        tracing::warn!(link = %due.link, subject = %due.subject, %error, "watch ended until the next delivery");
        let Some(unreachable) = Observation::unreachable(&due.subject) else { continue };
        if let Err(error) = run.poller.record(&due.link, &due.subject, &unreachable, None).await {
            record_failure(run, &due, &error);
        }
    }
}

fn record_failure<T: Table, L: LinkSource, C: Clock>(run: &Run<'_, T, L, C>, due: &DueWatch, error: &Error) {
    run.tally().stats(&due.link).failed += 1;
    tracing::warn!(
        link = %due.link, subject = %due.subject, category = error.category().as_str(), %error,
        "poll failed; the watch stays due"
    );
    let failure = error.failure();
    let is_of_link = failure.consequence() == Consequence::PausesLink;
    let subject = (!is_of_link).then(|| due.subject.clone());
    pause(run, &due.link, subject, failure.least_pause());
}

/// Stores the pause that Bitbucket asked for, so that every instance keeps it; pauses the links of this run that share the
/// account.
async fn block<T: Table, L: LinkSource, C: Clock>(
    run: &Run<'_, T, L, C>,
    spender: &Spender,
    link: &LinkId,
    length: SignedDuration,
) {
    let now = run.poller.clock.now();
    let until = now.saturating_add(length).unwrap_or(now);
    for sharing in run.links_of(&spender.account).iter().filter(|sharing| *sharing != link) {
        pause(run, sharing, None, length);
    }
    if let Err(error) = store::budget::block(&run.poller.table, &spender.account, until).await {
        tracing::warn!(%link, %error, "pause could not be stored; only this instance keeps it");
    }
}

fn pause<T: Table, L: LinkSource, C: Clock>(
    run: &Run<'_, T, L, C>,
    link: &LinkId,
    subject: Option<Subject>,
    least: SignedDuration,
) {
    run.poller.pauses().record_failure((link.clone(), subject), run.poller.clock.now(), least);
}
