//! Spends an account's budget of API calls, across all processes (G8).

use bitbucket::RateLimit;
use jiff::{SignedDuration, Timestamp};
use relay::Account;
use relay::budget::{Budget, Reservation};

use crate::Error;
use crate::codec::keys;
use crate::document::{self, Document, Documents, Stored};

/// Number of attempts while other spenders are faster.
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

/// Reserves up to `most` calls of a `limit` per hour. The returned calls may be made; they are already counted.
///
/// # Errors
///
/// The table's errors; [`Error::Contended`] if other spenders were faster. After an error no call may be made.
pub async fn reserve<T: Documents>(
    table: &T,
    account: &Account,
    now: Timestamp,
    limit: u32,
    most: u32,
) -> Result<Reservation, Error> {
    change(table, account, |budget| budget.reserve(now, limit, most)).await
}

/// As [`reserve`], for a link without signatures.
///
/// # Errors
///
/// As for [`reserve`].
pub async fn reserve_unsigned<T: Documents>(
    table: &T,
    account: &Account,
    now: Timestamp,
    limit: u32,
    most: u32,
) -> Result<Reservation, Error> {
    change(table, account, |budget| budget.reserve_unsigned(now, limit, most)).await
}

/// Returns unused calls to the budget, and stores the limit that Bitbucket reported meanwhile. Both take one write.
///
/// # Errors
///
/// As for [`reserve`]. After an error the unused calls stay counted, which only wastes them.
pub async fn settle<T: Documents>(
    table: &T,
    account: &Account,
    now: Timestamp,
    unused: Reservation,
    reported: Option<RateLimit>,
) -> Result<(), Error> {
    change(table, account, |budget| budget.settle(now, unused, reported)).await
}

/// Stores that Bitbucket refuses calls of this account until `until`, for all spenders.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn budget_is_kept_longer_than_it_counts() {
        let mut budget = Budget::default();
        let now = Timestamp::from_second(1_793_610_000).unwrap();
        budget.reserve(now, 1_000, 1);
        assert_eq!(budget.expires_at(), budget.forgotten_at() + KEPT);
        assert!(budget.forgotten_at() > now);
    }
}
