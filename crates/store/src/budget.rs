//! Spending an account's budget of API calls, whoever spends (G8).

use bitbucket::RateLimit;
use jiff::{SignedDuration, Timestamp};
use relay::Account;
use relay::budget::{Budget, Reservation};

use crate::Error;
use crate::codec::keys;
use crate::document::{self, Document, Documents, Stored};

/// How often in a row another spender may be faster.
const MAX_ATTEMPTS: u32 = 8;

/// Time that a budget is kept after nothing of it counts any more.
const KEPT: SignedDuration = SignedDuration::from_hours(24);

impl Document for Budget {
    type Key = Account;
}

impl Stored for Budget {
    const KIND: &'static str = "budget";

    fn pk(account: &Account) -> String {
        keys::budget(account)
    }

    fn version(&self) -> u64 {
        self.version
    }

    fn expires_at(&self) -> Timestamp {
        self.forgotten_at().saturating_add(KEPT).unwrap_or(Timestamp::MAX)
    }
}

/// Reserves up to `most` calls of a `limit` an hour. What comes back may be used; it is counted already.
///
/// # Errors
///
/// The table's; [`Error::Contended`] where others kept spending. After an error no call may be made.
pub async fn reserve<T: Documents>(
    table: &T,
    account: &Account,
    now: Timestamp,
    limit: u32,
    most: u32,
) -> Result<Reservation, Error> {
    change(table, account, |budget| budget.reserve(now, limit, most)).await
}

/// Gives back what was reserved and not used, and notes what Bitbucket has `said` of the account's limit meanwhile. One write for both.
///
/// # Errors
///
/// As for [`reserve`]. Then the calls stay counted, which only wastes them.
pub async fn settle<T: Documents>(
    table: &T,
    account: &Account,
    now: Timestamp,
    unused: Reservation,
    said: Option<RateLimit>,
) -> Result<(), Error> {
    change(table, account, |budget| budget.settle(now, unused, said)).await
}

/// Notes that Bitbucket wants to be left alone until `until`, for whoever spends next.
///
/// # Errors
///
/// As for [`reserve`].
pub async fn block<T: Documents>(table: &T, account: &Account, until: Timestamp) -> Result<(), Error> {
    change(table, account, |budget| budget.block(until)).await
}

async fn change<T: Documents, R>(
    table: &T,
    account: &Account,
    mut step: impl FnMut(&mut Budget) -> R,
) -> Result<R, Error> {
    document::update(table, account, MAX_ATTEMPTS, |budget| Ok(step(budget))).await
}
