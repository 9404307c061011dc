//! Calls that DynamoDB or Secrets Manager refuses, or that get no answer: they are errors, not answers.

use std::collections::BTreeSet;

use aws_config::SdkConfig;
use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;
use relay::{AccountKind, LinkId};
use store::links::LinkAdmin;
use store::links::tokens::{GrantStore, SecretsManagerGrants};
use store::{
    Clock, CommitError, DynamoTable, Leases, LinkSource, Retention, SecretsManagerLinks, Shard, SubjectLog,
    SystemClock, budget,
};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::hosts::{dynoxide, schema};
use crate::world::{Delivery, World, noise};

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

#[tokio::test]
async fn watch_that_cannot_be_read_hides_no_other() {
    let config = dynoxide::start_config().await;
    let world = World::of(DynamoTable::connect(&config, "bitrelay"));
    world.deliver(&Delivery::comment(1)).await.unwrap();
    let client = aws_sdk_dynamodb::Client::new(&config);
    let scanned = client.scan().table_name("bitrelay").send().await.unwrap();
    let state = scanned.items().iter().find(|item| item.contains_key("due_partition")).unwrap();
    let mut damaged = state.clone();
    damaged.insert("pk".to_owned(), AttributeValue::S("damaged".to_owned()));
    damaged.insert("due_at_ms".to_owned(), AttributeValue::N("0".to_owned()));
    client.put_item().table_name("bitrelay").set_item(Some(damaged)).send().await.unwrap();
    let due = world.table.due_in(Shard::of(&world.link), Timestamp::MAX, 1).await.unwrap();
    assert_eq!(due.iter().map(|due| &due.subject).collect::<Vec<_>>(), [&world.subject]);
}

/// Starts an AWS that answers calls of these operations with this error, and all others with these fields.
async fn refusing(
    operations: &'static [&'static str],
    code: &'static str,
    fields: &'static str,
) -> SdkConfig {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let config = schema::config(listener.local_addr().unwrap().port()).await;
    tokio::spawn(async move {
        while let Ok((mut connection, _)) = listener.accept().await {
            let head = read_request(&mut connection).await;
            let (status, body) =
                if operations.iter().any(|operation| head.contains(&format!(".{operation}\r"))) {
                    ("400 Bad Request", format!(r#"{{"__type":"com.amazonaws#{code}","message":"no"}}"#))
                } else {
                    ("200 OK", fields.to_owned())
                };
            let answer = format!(
                "HTTP/1.1 {status}\r\ncontent-type: application/x-amz-json-1.0\r\ncontent-length: {}\r\n\
                 connection: close\r\n\r\n{body}",
                body.len()
            );
            connection.write_all(answer.as_bytes()).await.unwrap();
        }
    });
    config
}

/// Reads a request to its end, because an earlier answer would break the connection. Returns its headers.
async fn read_request(connection: &mut TcpStream) -> String {
    let mut request = Vec::new();
    loop {
        connection.read_buf(&mut request).await.unwrap();
        let text = String::from_utf8_lossy(&request);
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
        if body.len() >= length.parse().unwrap() {
            return format!("{head}\r\n");
        }
    }
}

/// A table of which every write is refused.
async fn refusing_table(code: &'static str) -> World<DynamoTable> {
    let config = refusing(&["PutItem", "TransactWriteItems"], code, "{}").await;
    World::of(DynamoTable::connect(&config, "bitrelay"))
}

#[tokio::test]
async fn passing_refusal_of_a_write_is_a_conflict() {
    let state = relay::SubjectState { version: 2, sequence: 1, ..relay::SubjectState::default() };
    let (transaction, alone) = (true, false);
    let refusals = [
        (transaction, "TransactionInProgressException"),
        (transaction, "ProvisionedThroughputExceededException"),
        (transaction, "RequestLimitExceeded"),
        (transaction, "ThrottlingException"),
        (alone, "ConditionalCheckFailedException"),
        (alone, "TransactionConflictException"),
        (alone, "ProvisionedThroughputExceededException"),
        (alone, "RequestLimitExceeded"),
        (alone, "ThrottlingException"),
    ];
    let commits = refusals.map(async |(in_transaction, code)| {
        let world = refusing_table(code).await;
        let events = if in_transaction { vec![world.event(1, b"{}")] } else { Vec::new() };
        assert_eq!(world.commit(&state, &events, None).await, Err(CommitError::Conflict), "{code}");
    });
    futures::future::join_all(commits).await;
}

#[tokio::test]
async fn lasting_refusal_of_a_write_is_an_error() {
    let state = relay::SubjectState { version: 2, sequence: 1, ..relay::SubjectState::default() };
    let world = refusing_table("AccessDeniedException").await;
    for events in [vec![world.event(1, b"{}")], Vec::new()] {
        let refused = world.commit(&state, &events, None).await;
        let Err(CommitError::Failed(error)) = refused else { panic!("{refused:?}") };
        assert!(!error.retryable(), "{error}");
    }
}

#[tokio::test]
async fn refused_replacement_of_a_link_is_an_error_unless_somebody_was_faster() {
    let promote: &[&str] = &["UpdateSecretVersionStage"];
    for (code, expected) in [
        ("InvalidParameterException", Some(false)),
        ("ResourceNotFoundException", Some(false)),
        ("AccessDeniedException", None),
    ] {
        let config = refusing(promote, code, r#"{"VersionId":"second"}"#).await;
        let admin = LinkAdmin::connect(&config, "bitrelay/link/");
        let replaced = admin.replace(&"acme".parse().unwrap(), "first", &"{}".into()).await;
        assert_eq!(replaced.ok(), expected, "{code}");
    }
}
