//! A link's client, with the calls that were reserved for it.

use bitbucket::client::Client;
use relay::budget::Reservation;
use relay::polling::Allowance;
use relay::{Account, LinkId};
use store::links::LinkSource;
use store::{Clock, Table, budget};

use crate::credential;
use crate::error::Error;
use crate::poller::Poller;
use crate::settings::PollerSettings;
use crate::targets::configure;

/// A link's client, and the calls that were reserved for it in the budget of its account.
#[derive(Debug, Clone)]
pub(crate) struct Spender {
    pub(crate) client: Client,
    pub(crate) account: Account,
    pub(crate) reserved: Reservation,
}

impl Spender {
    /// Loads a link's credential, stores its sweep targets, and reserves this run's calls in the account's budget,
    /// before the first is made (G8).
    pub(crate) async fn new<T: Table, L: LinkSource, C: Clock>(
        poller: &Poller<T, L, C>,
        link: &LinkId,
    ) -> Result<Self, Error> {
        let (credential, account) = credential::load(poller, link).await?;
        configure(poller, link).await?;
        let PollerSettings { calls_per_hour, max_calls_per_run, .. } = poller.limits;
        let (table, now) = (&poller.table, poller.clock.now());
        let is_unsigned = poller.links.get(link, now).await?.is_some_and(|link| link.unsigned);
        let reserved = if is_unsigned {
            budget::reserve_unsigned(table, &account, now, calls_per_hour, max_calls_per_run).await?
        } else {
            budget::reserve(table, &account, now, calls_per_hour, max_calls_per_run).await?
        };
        Ok(Self { client: poller.api.client(credential, reserved.calls), account, reserved })
    }

    /// Calls that were made.
    pub(crate) fn calls_made(&self) -> u32 {
        self.reserved.calls.saturating_sub(self.client.calls_left())
    }

    /// The calls of the run for this link.
    pub(crate) fn allowance(&self, limits: &PollerSettings) -> Allowance {
        let max_per_run = limits.max_calls_per_run;
        Allowance {
            granted: self.reserved.calls,
            left: self.client.calls_left(),
            max_per_run,
            is_short: self.reserved.is_short_of(max_per_run),
        }
    }
}
