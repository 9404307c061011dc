//! One link in one pass: its pull requests one after the other, until one failure concerns them all.

use bitbucket::client::Client;
use jiff::SignedDuration;
use relay::budget::Reservation;
use relay::{Account, LinkId, Observation};
use store::links::LinkSource;
use store::{Clock, DueWatch, Table};

use crate::credential;
use crate::error::Error;
use crate::passes::{Run, Spender};
use crate::poll::Polled;
use crate::settings::PollerSettings;

/// A 429 says nothing of when to come back; a rolling window frees calls minute by minute.
const PAUSE_AFTER_RATE_LIMIT: SignedDuration = SignedDuration::from_secs(120);

/// The most that `Retry-After` is obeyed for.
const LONGEST_RETRY_AFTER_SECONDS: u64 = 3_600;

impl<T: Table, L: LinkSource, C: Clock> Run<'_, T, L, C> {
    /// Polls what is due of one link, the most urgent first, and gives the link back.
    pub(crate) async fn poll_link(&self, link: LinkId, due: Vec<DueWatch>) -> LinkId {
        match self.client(&link).await {
            Ok(client) if self.granted(&link) > 0 => self.poll_all(client, due).await,
            Ok(_) => {
                // No failure: latency gives way, and no watch is dropped.
                tracing::warn!(%link, "the hour's API calls are spent, or Bitbucket asked to be left alone");
                self.tally().spent.insert(link.clone());
            }
            Err(error) if error.disables_watch() => self.end_all(&error, due).await,
            Err(error) => {
                self.tally().of(&link).failed += 1;
                tracing::warn!(%link, category = error.category().as_str(), %error, "the link cannot be polled now");
                self.pause(&link, None, SignedDuration::ZERO);
            }
        }
        link
    }

    async fn client(&self, link: &LinkId) -> Result<Client, Error> {
        if let Some(spender) = self.tally().spenders.get(link) {
            return Ok(spender.client.clone());
        }
        let (credential, account) = credential::of(self.poller, link).await?;
        self.configure(link).await?;
        let reserved = self.reserve(&account).await?;
        let client = self.poller.api.client(credential, reserved.calls);
        self.tally().spenders.insert(link.clone(), Spender { client: client.clone(), account, reserved });
        Ok(client)
    }

    /// Reserves this run's calls in the account's budget, before the first is made (G8).
    async fn reserve(&self, account: &Account) -> Result<Reservation, store::Error> {
        let PollerSettings { calls_per_hour, max_calls_per_run, .. } = self.poller.limits;
        let now = self.poller.clock.now();
        store::budget::reserve(&self.poller.table, account, now, calls_per_hour, max_calls_per_run).await
    }

    /// Polls; and once more with a new token where the API refuses the one it has.
    async fn poll_renewing(&self, client: &mut Client, due: &DueWatch) -> Result<Polled, Error> {
        let outcome = self.poll(client, due).await;
        if !matches!(outcome, Err(Error::Bitbucket(bitbucket::Error::Api { status: 401, .. }))) {
            return outcome;
        }
        let Some(account) = self.account(&due.link) else { return outcome };
        let Some(credential) = credential::renewed(self.poller, &due.link, client, &account).await? else {
            return outcome;
        };
        *client = client.with_credential(credential);
        if let Some(spender) = self.tally().spenders.get_mut(&due.link) {
            spender.client = client.clone();
        }
        self.poll(client, due).await
    }

    async fn poll_all(&self, mut client: Client, mut due: Vec<DueWatch>) {
        let now = self.poller.clock.now();
        due.sort_by_key(|due| due.watch.urgency(now));
        for due in due {
            let link = &due.link;
            if self.is_late() || !self.has_pace(link) {
                break;
            }
            if self.is_short_of_calls(link) && due.watch.may_wait(self.poller.clock.now()) {
                continue;
            }
            match self.poll_renewing(&mut client, &due).await {
                Ok(Polled::Stored { events }) => {
                    let mut tally = self.tally();
                    let done = tally.of(&due.link);
                    done.polled += 1;
                    done.events += events;
                    drop(tally);
                    let mut pauses = self.poller.pauses();
                    pauses.worked(&(due.link.clone(), Some(due.subject)));
                    pauses.worked(&(due.link, None));
                }
                Ok(Polled::NotDue) => {}
                Ok(Polled::Postponed) => {
                    // No failure: a run may spend so much, and the next one begins with what is due longest.
                    tracing::info!(link = %due.link, calls_left = client.calls_left(), "the run's calls are spent");
                    self.tally().spent.insert(due.link);
                    break;
                }
                Err(error) => {
                    self.failed(&due, &error);
                    self.block(&due.link, &error).await;
                    if error.concerns_link() {
                        break;
                    }
                }
            }
        }
    }

    /// Ends the watches of a link that cannot be polled with until somebody changes it.
    async fn end_all(&self, error: &Error, due: Vec<DueWatch>) {
        for due in due {
            tracing::warn!(
                link = %due.link, subject = %due.subject, %error, "watch ended until the next delivery"
            );
            let Some(unreachable) = Observation::unreachable(&due.subject) else { continue };
            if let Err(error) = self.record(&due, &unreachable, None).await {
                self.failed(&due, &error);
            }
        }
    }

    fn failed(&self, due: &DueWatch, error: &Error) {
        self.tally().of(&due.link).failed += 1;
        tracing::warn!(
            link = %due.link, subject = %due.subject, category = error.category().as_str(), %error,
            "poll failed; the watch stays due"
        );
        let subject = (!error.concerns_link()).then(|| due.subject.clone());
        self.pause(&due.link, subject, least_pause(error));
    }

    /// Tells every instance, and those that start later, that Bitbucket wants to be left alone.
    async fn block(&self, link: &LinkId, error: &Error) {
        if !matches!(error, Error::Bitbucket(bitbucket::Error::Api { status: 429, .. })) {
            return;
        }
        let now = self.poller.clock.now();
        let until = now.saturating_add(least_pause(error)).unwrap_or(now);
        let Some(account) = self.account(link) else { return };
        for sharing in self.links_of(&account).iter().filter(|sharing| *sharing != link) {
            self.pause(sharing, None, least_pause(error));
        }
        if let Err(error) = store::budget::block(&self.poller.table, &account, until).await {
            tracing::warn!(%link, %error, "the pause that Bitbucket asked for is known to this instance only");
        }
    }

    fn pause(&self, link: &LinkId, subject: Option<relay::Subject>, least: SignedDuration) {
        self.poller.pauses().failed((link.clone(), subject), self.poller.clock.now(), least);
    }
}

/// How long at least Bitbucket is to be left alone after an error.
fn least_pause(error: &Error) -> SignedDuration {
    match error {
        Error::Bitbucket(bitbucket::Error::Api { retry_after_seconds: Some(seconds), .. }) => {
            SignedDuration::from_secs((*seconds).min(LONGEST_RETRY_AFTER_SECONDS).cast_signed())
        }
        Error::Bitbucket(bitbucket::Error::Api { status: 429, .. }) => PAUSE_AFTER_RATE_LIMIT,
        _ => SignedDuration::ZERO,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn api(status: u16, retry_after_seconds: Option<u64>) -> Error {
        bitbucket::Error::Api { operation: "list tasks", status, message: String::new(), retry_after_seconds }
            .into()
    }

    #[test]
    fn a_pause_is_as_long_as_bitbucket_asks_for_within_reason() {
        for (error, seconds) in [
            (api(429, Some(7)), 7),
            (api(503, Some(30)), 30),
            (api(429, None), 120),
            (api(429, Some(u64::MAX)), 3_600),
            (api(503, None), 0),
            (Error::NoLink, 0),
        ] {
            assert_eq!(least_pause(&error), SignedDuration::from_secs(seconds), "{error}");
        }
    }
}
