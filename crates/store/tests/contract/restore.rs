//! Restoring a table from a copy, against dynoxide.

use aws_sdk_dynamodb::Client;
use relay::{AccountKind, EventId};
use store::restore::{Restore, Restored, SEQUENCE_JUMP};
use store::{DynamoTable, Error, Leases, budget};

use crate::hosts::{dynoxide, schema};
use crate::world::{Delivery, World, noise};

/// A table, and a copy of it that point-in-time recovery made.
struct Tables {
    config: aws_config::SdkConfig,
    table: World<DynamoTable>,
    copy: World<DynamoTable>,
}

impl Tables {
    async fn empty() -> Self {
        let config = dynoxide::start_config().await;
        schema::create(&Client::new(&config), "copy").await;
        let world = |name: &str| World::of(DynamoTable::connect(&config, name));
        let (table, copy) = (world("bitrelay"), world("copy"));
        Self { config, table, copy }
    }

    async fn restore(&self) -> Restored {
        let mut restore = Restore::new(&self.config, "copy", "bitrelay");
        let mut sum = Restored::default();
        while let Some(page) = restore.next().await.unwrap() {
            sum += page;
        }
        assert_eq!(restore.next().await, Ok(None));
        sum
    }
}

#[tokio::test]
async fn lost_items_are_put_back_once_and_passing_ones_are_not() {
    let tables = Tables::empty().await;
    let copy = &tables.copy;
    for id in 1..=3 {
        copy.deliver(&Delivery::comment(id)).await.unwrap();
    }
    assert!(copy.table.lease("poller/0", "one", copy.now(), 60).await.unwrap());
    let account = relay::Account::new(AccountKind::User, "alice@example.com");
    budget::reserve(&*copy.table, &account, copy.now(), 900, 1).await.unwrap();

    // Three events, three marks of deliveries, and a state.
    assert_eq!(tables.restore().await, Restored { put: 7, present: 0, passing: 2 });
    assert_eq!(tables.table.log().await, copy.log().await);
    assert_eq!(tables.table.state().await.sequence, 3 + SEQUENCE_JUMP);
    assert!(tables.table.table.lease("poller/0", "two", copy.now(), 60).await.unwrap());

    assert_eq!(tables.restore().await, Restored { put: 0, present: 7, passing: 2 });
    assert_eq!(tables.table.state().await.sequence, 3 + SEQUENCE_JUMP);
}

#[tokio::test]
async fn restored_state_knows_the_facts_that_the_table_has_since() {
    let tables = Tables::empty().await;
    let (table, copy) = (&tables.table, &tables.copy);
    for world in [table, copy] {
        world.deliver(&Delivery::comment(1)).await.unwrap();
    }
    table.deliver(&Delivery::comment(2)).await.unwrap();
    let ids = |log: Vec<relay::Event>| log.into_iter().map(|event| event.id).collect::<Vec<EventId>>();
    let before = ids(table.log().await);
    let client = Client::new(&tables.config);
    let pk = format!("{}#{}", table.link, table.subject);
    let delete = client.delete_item().table_name("bitrelay");
    let text = |text: &str| aws_sdk_dynamodb::types::AttributeValue::S(text.to_owned());
    delete.key("pk", text(&pk)).key("sk", text("state")).send().await.unwrap();
    assert_eq!(table.state().await.version, 0);

    let restored = tables.restore().await;
    assert_eq!((restored.put, restored.present), (1, 2), "only the state is missing");
    // Bitbucket sends both again, by other hooks.
    for id in [1, 2] {
        let again = table.deliver(&Delivery::comment(id).by_hook("another")).await.unwrap();
        assert!(again.events().is_empty(), "{again:?}");
    }
    assert_eq!(ids(table.log().await), before);
}

#[tokio::test]
async fn copy_of_many_pages_is_restored() {
    let tables = Tables::empty().await;
    let copy = &tables.copy;
    let state = relay::SubjectState { version: 1, sequence: 3, ..relay::SubjectState::default() };
    let events = [1, 2, 3].map(|sequence| copy.event(sequence, &noise(800_000)));
    copy.commit(&state, &events, None).await.unwrap();

    let mut restore = Restore::new(&tables.config, "copy", "bitrelay");
    let first = restore.next().await.unwrap().unwrap();
    assert!(first.put < 10, "a page has 1 MB, not {first:?}");
    tables.restore().await;
    assert_eq!(tables.table.log().await, events);
}

#[tokio::test]
async fn restore_without_its_copy_says_so() {
    let tables = Tables::empty().await;
    let error = Restore::new(&tables.config, "elsewhere", "bitrelay").next().await.unwrap_err();
    assert!(matches!(error, Error::Refused { operation: "Scan", .. }), "{error}");
    tables.copy.deliver(&Delivery::comment(1)).await.unwrap();
    let error = Restore::new(&tables.config, "copy", "elsewhere").next().await.unwrap_err();
    assert!(matches!(error, Error::Refused { .. }), "{error}");
}
