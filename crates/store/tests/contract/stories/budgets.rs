//! Budgets: the calls that a credential has spent outlive the process.

use std::sync::atomic::{AtomicBool, Ordering};

use bitbucket::RateLimit;
use relay::budget::{Budget, Reservation};
use relay::{Account, AccountKind};
use store::{Document, Documents, Error, Table, budget};

use crate::world::{World, time};

fn alice() -> Account {
    Account::new(AccountKind::User, "alice@example.com")
}

pub(crate) async fn reserved_calls_are_visible_to_the_next_spender<T: Table>(world: World<T>) {
    let (table, account) = (&*world.table, &alice());
    let reserved = budget::reserve(table, account, time(0), 1_000, 40).await.unwrap();
    assert_eq!(reserved.calls, 40);
    assert_eq!(table.read_document::<Budget>(account).await.unwrap().spent(time(1)), 40);
    let unused = Reservation { calls: 30, ..reserved };
    budget::settle(table, account, time(1), unused, None).await.unwrap();
    assert_eq!(table.read_document::<Budget>(account).await.unwrap().spent(time(1)), 10);
}

pub(crate) async fn budget_is_stored_only_on_the_one_that_was_read<T: Table>(world: World<T>) {
    let (table, account) = (&*world.table, &alice());
    let mut stale = table.read_document::<Budget>(account).await.unwrap();
    budget::reserve(table, account, time(0), 1_000, 40).await.unwrap();
    stale.reserve(time(0), 1_000, 40);
    assert!(!table.store_document(account, &stale).await.unwrap());
    assert_eq!(table.read_document::<Budget>(account).await.unwrap().spent(time(1)), 40);
}

pub(crate) async fn two_spenders_never_exceed_the_limit<T: Table>(world: World<T>) {
    let (table, account) = (&*world.table, &alice());
    let mut granted = 0;
    for _ in 0..10 {
        let spend = || budget::reserve(table, account, time(0), 50, 50);
        let (one, other) = tokio::join!(spend(), spend());
        granted += [one, other].into_iter().flatten().map(|reserved| reserved.calls).sum::<u32>();
    }
    assert!((1..=50).contains(&granted), "{granted}");
    assert!(table.read_document::<Budget>(account).await.unwrap().spent(time(1)) >= granted);
}

/// A table on which another spender is faster: it reserves calls between the first read and the write after it.
struct Contended<'t, T> {
    table: &'t T,
    has_spent: AtomicBool,
}

impl<T: Table> Documents for Contended<'_, T> {
    async fn read_document<D: Document>(&self, key: &D::Key) -> Result<D, Error> {
        let document = self.table.read_document(key).await?;
        if !self.has_spent.swap(true, Ordering::Relaxed) {
            budget::reserve(self.table, &alice(), time(0), 1_000, 100).await?;
        }
        Ok(document)
    }

    async fn store_document<D: Document>(&self, key: &D::Key, document: &D) -> Result<bool, Error> {
        self.table.store_document(key, document).await
    }
}

pub(crate) async fn slower_spender_gets_what_is_left<T: Table>(world: World<T>) {
    let (table, account) = (&*world.table, &alice());
    let contended = Contended { table, has_spent: AtomicBool::new(false) };
    // 120 calls of the hour are guaranteed to no minute.
    assert_eq!(budget::reserve(&contended, account, time(0), 1_000, 50).await.unwrap().calls, 20);
    assert_eq!(table.read_document::<Budget>(account).await.unwrap().spent(time(1)), 120);
}

pub(crate) async fn reported_limit_holds_for_the_next_spender<T: Table>(world: World<T>) {
    let (table, account) = (&*world.table, &alice());
    let reserved = budget::reserve(table, account, time(0), 1_000, 40).await.unwrap();
    let said = RateLimit { calls_per_hour: Some(30), near_limit: Some(true) };
    budget::settle(table, account, time(1), Reservation { calls: 20, ..reserved }, Some(said)).await.unwrap();
    let known = table.read_document::<Budget>(account).await.unwrap();
    assert_eq!((known.spent(time(2)), known.allowed(time(2), 1_000)), (20, 30));
    let next = budget::reserve(table, account, time(60), 1_000, 40).await.unwrap();
    assert!(next.is_near_limit && next.calls < 10, "{next:?}");
}

pub(crate) async fn block_holds_for_the_next_spender<T: Table>(world: World<T>) {
    let (table, account) = (&*world.table, &alice());
    budget::block(table, account, time(120)).await.unwrap();
    assert_eq!(budget::reserve(table, account, time(60), 1_000, 40).await.unwrap().calls, 0);
    let other = Account::new(AccountKind::User, "bob@example.com");
    assert_eq!(budget::reserve(table, &other, time(60), 1_000, 40).await.unwrap().calls, 40);
}
