//! Calls that DynamoDB or Secrets Manager refuses, or that get no answer: they are errors, not answers.

use std::collections::BTreeSet;

use jiff::Timestamp;
use relay::{AccountKind, LinkId};
use store::links::LinkAdmin;
use store::links::tokens::{GrantStore, SecretsManagerGrants};
use store::{
    Clock, DynamoTable, Leases, LinkSource, Retention, SecretsManagerLinks, SubjectLog, SystemClock,
};
use store::{Shard, budget};

use crate::hosts::{dynoxide, schema};
use crate::world::{World, noise};

#[tokio::test]
async fn missing_table_is_an_error_of_every_call() {
    let table = dynoxide::start_without_table().await;
    let (now, shard): (Timestamp, Shard) = (SystemClock.now(), Shard::of(&"acme".parse().unwrap()));
    assert!(table.lease("poller/0", "one", now, 60).await.is_err());
    assert!(table.release("poller/0", "one").await.is_err());
    assert!(table.due_in(shard, now, 10).await.is_err());
    assert!(table.kept_in(shard, now, 10).await.is_err());
    let account = relay::Account::new(AccountKind::User, "alice@example.com");
    assert!(budget::reserve(&table, &account, now, 900, 1).await.is_err());
    let world = World::of(table);
    let state = relay::SubjectState { version: 1, sequence: 1, ..relay::SubjectState::default() };
    assert!(world.commit(&state, &[world.event(1, b"{}")], None).await.is_err());
    assert!(world.commit(&state, &[], None).await.is_err(), "a state alone is put without a transaction");
}

#[tokio::test]
async fn unreachable_secrets_manager_is_an_error_of_every_call() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let config = schema::config(listener.local_addr().unwrap().port()).await;
    drop(listener);
    let link: LinkId = "acme".parse().unwrap();
    let admin = LinkAdmin::connect(&config, "bitrelay/link/");
    let (links, grants) = (
        SecretsManagerLinks::connect(&config, "bitrelay/link/"),
        SecretsManagerGrants::connect(&config, "bitrelay/link/"),
    );
    let document = "{}".into();
    let (create, delete) = tokio::join!(admin.create(&link, &document), admin.delete(&link, true));
    let (list, load) = tokio::join!(admin.list(), admin.load(&link));
    let (read, granted) = tokio::join!(links.load(&link), grants.load(&link));
    let replaced = admin.replace(&link, "version", &document).await;
    assert!(create.is_err() && delete.is_err() && list.is_err() && load.is_err());
    assert!(read.is_err() && granted.is_err() && replaced.is_err());
}

#[tokio::test]
async fn dynamodb_keeps_events_for_their_retention() {
    let config = dynoxide::start_config().await;
    let retention = Retention::from_environment(|_| Some("30".to_owned())).unwrap();
    let world = World::of(DynamoTable::connect(&config, "bitrelay").with_retention(retention));
    let state = relay::SubjectState { version: 1, sequence: 1, ..relay::SubjectState::default() };
    world.commit(&state, &[world.event(1, &noise(10))], None).await.unwrap();
    let scanned = aws_sdk_dynamodb::Client::new(&config).scan().table_name("bitrelay").send().await.unwrap();
    let expiring = scanned.items().iter().filter(|item| item.contains_key("expires_at"));
    let kinds: BTreeSet<_> = expiring.map(|item| item["kind"].as_s().unwrap().as_str()).collect();
    assert_eq!(kinds, BTreeSet::from(["event", "fact"]));
}
