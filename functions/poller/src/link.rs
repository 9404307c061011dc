//! One link in one pass: its due watches one after the other, until a failure concerns all of them.

use std::panic::AssertUnwindSafe;

use bitbucket::client::Client;
use futures::FutureExt as _;
use jiff::SignedDuration;
use relay::polling::{Allowance, Consequence, Failure};
use relay::{LinkId, Subject};
use store::links::LinkSource;
use store::{Clock, DueWatch, Table};

use crate::credential;
use crate::error::Error;
use crate::outcome::PollOutcome;
use crate::poll::poll;
use crate::poller::Poller;
use crate::run::Run;
use crate::spender::Spender;

/// Polls the due watches of one link, the most urgent first; returns the link.
pub(crate) async fn poll_link<T: Table, L: LinkSource, C: Clock>(
    run: &Run<'_, T, L, C>,
    link: LinkId,
    due: Vec<DueWatch>,
) -> LinkId {
    let pass = LinkPass { run, link };
    match pass.spender().await {
        Ok(spender) if spender.reserved.calls > 0 => pass.poll_all(spender, due).await,
        Ok(_) => {
            // No failure: polls come later, and no watch is dropped.
            tracing::warn!(link = %pass.link, "no API calls: the hour's budget is spent, or Bitbucket asked for a pause");
            run.tally().out_of_calls.insert(pass.link.clone());
        }
        Err(error) if error.failure().consequence() == Consequence::PostponesWatch => {
            for due in due {
                pass.postpone(&due, &error).await;
            }
        }
        Err(error) => {
            run.tally().stats(&pass.link).failed += 1;
            tracing::warn!(
                link = %pass.link, category = error.category().as_str(), %error,
                "link cannot be polled now; it will be retried"
            );
            pass.pause(&pass.link, None, SignedDuration::ZERO);
        }
    }
    pass.link
}

/// Polls. A panic is an error of this subject: one defect must not end the polls of every other subject.
async fn poll_or_defect<T: Table, L: LinkSource, C: Clock>(
    poller: &Poller<T, L, C>,
    client: &Client,
    due: &DueWatch,
    allowance: &Allowance,
) -> Result<PollOutcome, Error> {
    let outcome = AssertUnwindSafe(poll(poller, client, due, allowance)).catch_unwind().await;
    outcome.unwrap_or(Err(Error::Store(store::Error::Defect)))
}

/// One link in one pass of a run.
#[derive(Debug)]
struct LinkPass<'r, T, L, C> {
    run: &'r Run<'r, T, L, C>,
    link: LinkId,
}

impl<T: Table, L: LinkSource, C: Clock> LinkPass<'_, T, L, C> {
    /// The link's spender in this run; reserves its calls if the run has not done so.
    async fn spender(&self) -> Result<Spender, Error> {
        if let Some(spender) = self.run.tally().spenders.get(&self.link) {
            return Ok(spender.clone());
        }
        let spender = Spender::new(self.run.poller, &self.link).await?;
        self.run.tally().spenders.insert(self.link.clone(), spender.clone());
        Ok(spender)
    }

    async fn poll_all(&self, mut spender: Spender, mut due: Vec<DueWatch>) {
        let Self { run, link } = self;
        let now = run.poller.clock.now();
        due.sort_by_key(|due| due.watch.urgency(now));
        for due in due {
            if run.is_late() || !run.has_pace(&spender) {
                break;
            }
            let is_short = spender.allowance(&run.poller.limits).is_short;
            if is_short && due.watch.may_wait(run.poller.clock.now()) {
                continue;
            }
            match self.poll_renewing(&mut spender, &due).await {
                Ok(PollOutcome::Stored(added)) => {
                    let mut tally = run.tally();
                    let stats = tally.stats(link);
                    stats.polled += 1;
                    stats.events += added.events;
                    stats.let_go += added.let_go;
                    drop(tally);
                    let mut pauses = run.poller.pauses();
                    pauses.record_success(&(due.link.clone(), Some(due.subject)));
                    pauses.record_success(&(due.link, None));
                }
                Ok(PollOutcome::NotDue) => {}
                Ok(PollOutcome::Postponed) => {
                    // No failure: the next run polls this first.
                    let calls_left = spender.client.calls_left();
                    tracing::info!(%link, calls_left, "too few calls for the next poll; it waits for another run");
                    run.tally().out_of_calls.insert(link.clone());
                    break;
                }
                Err(error) if error.failure().consequence() == Consequence::PostponesWatch => {
                    self.postpone(&due, &error).await;
                }
                Err(error) => {
                    self.record_failure(&due, &error);
                    if error.failure().is_rate_limit() {
                        self.block(&spender, error.failure().least_pause()).await;
                    }
                    if error.failure().consequence() == Consequence::PausesLink {
                        break;
                    }
                }
            }
        }
    }

    /// Polls; and once more with a new token if the API refuses the old one.
    async fn poll_renewing(&self, spender: &mut Spender, due: &DueWatch) -> Result<PollOutcome, Error> {
        let Self { run: Run { poller, .. }, link } = self;
        let allowance = spender.allowance(&poller.limits);
        let outcome = poll_or_defect(poller, &spender.client, due, &allowance).await;
        if !outcome.as_ref().is_err_and(|error| error.failure().is_credential_refused()) {
            return outcome;
        }
        let renewed = credential::renew(poller, link, &spender.client, &spender.account).await?;
        let Some(credential) = renewed else { return outcome };
        spender.client = spender.client.with_credential(credential);
        self.run.tally().spenders.insert(link.clone(), spender.clone());
        poll_or_defect(poller, &spender.client, due, &spender.allowance(&poller.limits)).await
    }

    /// Stores a watch for later, because its subject does not exist or may not be read.
    async fn postpone(&self, due: &DueWatch, error: &Error) {
        let poller = self.run.poller;
        if error.failure() == Failure::NotNamed {
            log_not_named(poller, due, error);
        } else {
            self.run.tally().stats(&due.link).refused += 1;
            tracing::warn!(
                link = %due.link, subject = %due.subject, category = error.category().as_str(), %error,
                "poll refused; it is made again in a minute, later in an hour, after a month once a day"
            );
        }
        let observation = error.failure().observation();
        if let Err(error) = poller.record(&due.link, &due.subject, &observation, None).await {
            self.record_failure(due, &error);
        }
    }

    fn record_failure(&self, due: &DueWatch, error: &Error) {
        self.run.tally().stats(&due.link).failed += 1;
        tracing::warn!(
            link = %due.link, subject = %due.subject, category = error.category().as_str(), %error,
            "poll failed; the watch stays due"
        );
        let is_of_link = error.failure().consequence() == Consequence::PausesLink;
        let subject = (!is_of_link).then(|| due.subject.clone());
        self.pause(&due.link, subject, error.failure().least_pause());
    }

    /// Stores the pause that Bitbucket asked for, so that every instance keeps it; pauses the links of this run that
    /// share the account.
    async fn block(&self, spender: &Spender, length: SignedDuration) {
        let (poller, link) = (self.run.poller, &self.link);
        let now = poller.clock.now();
        let until = now.saturating_add(length).unwrap_or(now);
        for sharing in self.run.links_of(&spender.account).iter().filter(|sharing| *sharing != link) {
            self.pause(sharing, None, length);
        }
        if let Err(error) = store::budget::block(&poller.table, &spender.account, until).await {
            tracing::warn!(%link, %error, "pause could not be stored; only this instance keeps it");
        }
    }

    fn pause(&self, link: &LinkId, subject: Option<Subject>, least: SignedDuration) {
        let poller = self.run.poller;
        poller.pauses().record_failure((link.clone(), subject), poller.clock.now(), least);
    }
}

/// Logs that a repository is not read: once for each instance, because anybody can send any number of deliveries.
fn log_not_named<T: Table, L: LinkSource, C: Clock>(poller: &Poller<T, L, C>, due: &DueWatch, error: &Error) {
    let Some(repository) = due.subject.repository() else { return };
    let key = (due.link.clone(), repository.clone());
    if poller.not_named.get(&key).is_none() {
        poller.not_named.insert(key, ());
        tracing::warn!(link = %due.link, %repository, %error, "repository not polled; its polls wait for a name");
    }
}

#[cfg(test)]
mod tests {
    use relay::Reason;

    use super::*;
    use crate::leases::Leases;
    use crate::testing::{START, client, due, poller, spender};

    #[tokio::test]
    async fn no_poll_begins_after_the_end_of_the_run_or_ahead_of_its_pace() {
        let poller = poller(r#""sweep":[]"#);
        let leases = Leases::new(&poller.table, "one", Vec::new(), START);
        let unspent = spender(&poller, "alice");
        let spent = Spender { client: client(&poller, "alice", 0), ..unspent.clone() };
        let later = START + SignedDuration::from_secs(300);
        // So long overdue, the watch does not wait although calls are short.
        poller.clock.advance_seconds(200);
        for (ends, spender, reads) in [(START, &unspent, 0), (later, &spent, 0), (later, &unspent, 1)] {
            let run = Run::new(&poller, &leases, START, ends);
            let pass = LinkPass { run: &run, link: "acme".parse().unwrap() };
            let before = poller.table.calls().reads;
            pass.poll_all(spender.clone(), vec![due("pullrequest/0a1b/7", Reason::Refused)]).await;
            assert_eq!(poller.table.calls().reads - before, reads);
        }
    }

    #[tokio::test]
    async fn pause_of_an_account_pauses_its_other_links_too() {
        let poller = poller(r#""sweep":[]"#);
        let leases = Leases::new(&poller.table, "one", Vec::new(), START);
        let run = Run::new(&poller, &leases, START, START + SignedDuration::from_secs(50));
        for (link, account) in [("a", "alice"), ("b", "bob"), ("c", "alice")] {
            run.tally().spenders.insert(link.parse().unwrap(), spender(&poller, account));
        }
        let pass = LinkPass { run: &run, link: "a".parse().unwrap() };
        pass.block(&spender(&poller, "alice"), SignedDuration::from_secs(300)).await;
        let until = |link: &str| poller.pauses().until(&(link.parse().unwrap(), None));
        // The failure itself pauses the first link.
        assert_eq!(["a", "b"].map(until), [None, None]);
        assert!(until("c") >= Some(START + SignedDuration::from_secs(300)));
    }
}
