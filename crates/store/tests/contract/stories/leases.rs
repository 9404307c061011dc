//! Leases.

use store::Table;

use crate::world::{World, time};

pub(crate) async fn lease_has_one_holder_who_may_extend_it<T: Table>(world: World<T>) {
    let table = &world.table;
    assert!(table.lease("poller", "a", time(0), 60).await.unwrap());
    assert!(!table.lease("poller", "b", time(59), 60).await.unwrap());
    assert!(table.lease("another", "b", time(59), 60).await.unwrap());
    assert!(table.lease("poller", "a", time(59), 60).await.unwrap());
    assert!(!table.lease("poller", "b", time(100), 60).await.unwrap());
}

pub(crate) async fn expired_lease_goes_to_the_next_holder<T: Table>(world: World<T>) {
    let table = &world.table;
    assert!(table.lease("poller", "a", time(0), 60).await.unwrap());
    assert!(table.lease("poller", "b", time(60), 60).await.unwrap());
    assert!(!table.lease("poller", "a", time(61), 60).await.unwrap());
}

pub(crate) async fn only_its_holder_releases_a_lease<T: Table>(world: World<T>) {
    let table = &world.table;
    assert!(!table.release("poller", "a").await.unwrap());
    assert!(table.lease("poller", "a", time(0), 60).await.unwrap());
    assert!(!table.release("poller", "b").await.unwrap());
    assert!(!table.lease("poller", "b", time(1), 60).await.unwrap());
    assert!(table.release("poller", "a").await.unwrap());
    assert!(table.lease("poller", "b", time(2), 60).await.unwrap());
}
