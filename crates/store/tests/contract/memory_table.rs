//! The table in memory: its stream, and the format of its items.

use std::collections::BTreeSet;

use serde_dynamo::{AttributeValue, Item};
use store::memory::MemoryTable;
use store::{Leases, Recorded, Retention, budget, open_authorization};

use crate::world::{Delivery, World, noise, time};

fn text(item: &Item, name: &str) -> String {
    match item.get(name) {
        Some(AttributeValue::S(text)) => text.clone(),
        other => panic!("{name}: {other:?}"),
    }
}

#[tokio::test]
async fn every_item_carries_its_format() {
    let world = World::of(MemoryTable::default());
    world.deliver(&Delivery::comment(1)).await.unwrap();
    let (table, now) = (&*world.table, world.now());
    assert!(table.lease("poller/0", "one", now, 60).await.unwrap());
    open_authorization(table, &world.link, now).await.unwrap();
    let account = relay::Account::new(relay::AccountKind::User, "alice@example.com");
    budget::reserve(table, &account, now, 900, 1).await.unwrap();
    let items = table.items();
    for item in &items {
        let format = if ["event", "state"].contains(&&*text(item, "kind")) { "2" } else { "1" };
        assert_eq!(item.get("format"), Some(&AttributeValue::N(format.to_owned())), "{item:?}");
    }
    // Only watches are in the index of due items here.
    let due = items.iter().filter(|item| item.contains_key("due_partition"));
    assert_eq!(due.map(|item| text(item, "kind")).collect::<Vec<_>>(), ["state"]);
    let kinds: BTreeSet<_> = items.iter().map(|item| text(item, "kind")).collect();
    let expected = ["authorization", "budget", "delivery", "event", "lease", "state"];
    assert_eq!(kinds, expected.map(str::to_owned).into());
}

#[tokio::test]
async fn stream_has_the_items_in_order_of_their_commits() {
    let world = World::of(MemoryTable::with_stream());
    world.deliver(&Delivery::comment(1)).await.unwrap();
    let first = world.table.stream_records(0);
    let kinds: Vec<_> = first.iter().map(|record| (text(&record.image, "kind"), record.inserted)).collect();
    let kinds: Vec<_> = kinds.iter().map(|(kind, inserted)| (kind.as_str(), *inserted)).collect();
    assert_eq!(kinds, ["delivery", "state", "event"].map(|kind| (kind, true)));

    world.deliver(&Delivery::comment(2)).await.unwrap();
    let second = world.table.stream_records(first.len());
    let state = second.iter().find(|record| record.sk == "state").unwrap();
    assert!(
        !state.inserted && second.iter().any(|record| record.sk == "event#000000000002" && record.inserted)
    );
}

#[tokio::test]
async fn events_expire_with_parts_and_facts_and_nothing_else_does() {
    let retention = Retention::from_environment(|_| Some("30".to_owned())).unwrap();
    let world = World::of(MemoryTable::default().with_retention(retention));
    let state = relay::SubjectState { version: 1, sequence: 2, ..relay::SubjectState::default() };
    let events = [world.event(1, b"{}"), world.event(2, &noise(800_000))];
    world.commit(&state, &events, None).await.unwrap();

    let month = AttributeValue::N(time(30 * 86_400).as_second().to_string());
    for item in world.table.items() {
        let expected = (text(&item, "kind") != "state").then_some(&month);
        assert_eq!(item.get("expires_at"), expected, "{} {}", text(&item, "pk"), text(&item, "sk"));
    }
}

#[tokio::test]
async fn expired_fact_is_refused_by_the_state() {
    let retention = Retention::from_environment(|_| Some("30".to_owned())).unwrap();
    let world = World::of(MemoryTable::default().with_retention(retention));
    world.deliver(&Delivery::comment(1)).await.unwrap();
    world.table.delete_expired(time(31 * 86_400));
    assert!(world.log().await.is_empty());

    world.clock.advance_seconds(31 * 86_400);
    let resent = world.deliver(&Delivery::comment(1)).await.unwrap();
    assert!(resent.events().is_empty(), "{resent:?}");
    let next = world.deliver(&Delivery::comment(2)).await.unwrap();
    assert_eq!(next.events()[0].sequence, 2);
}

#[tokio::test]
async fn events_do_not_expire_by_default() {
    let world = World::of(MemoryTable::default());
    world.deliver(&Delivery::comment(1)).await.unwrap();
    let lasting = ["event", "state"];
    let items = world.table.items().into_iter().filter(|item| lasting.contains(&&*text(item, "kind")));
    assert!(items.clone().count() == 2 && items.into_iter().all(|item| !item.contains_key("expires_at")));
}

#[tokio::test]
async fn record_says_what_a_full_state_let_go_of() {
    let mut world = World::of(MemoryTable::default());
    let stored = |recorded| match recorded {
        Recorded::Stored { let_go, .. } => let_go,
        Recorded::Known => panic!("known"),
    };
    assert_eq!(stored(world.deliver(&Delivery::comment(1)).await.unwrap()), 0);
    world.settings.max_state_weight = 1;
    assert_eq!(stored(world.deliver(&Delivery::comment(2)).await.unwrap()), 2);
}
