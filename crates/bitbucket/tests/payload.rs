//! Payloads are read tolerantly, so that no field fails a delivery.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "test code")]

mod support;

use bitbucket::payload::{Comment, Document};
use bitbucket::{Error, EventKey, Payload};
use proptest::prelude::*;
use serde_json::{Value, json};
use support::Webhook;

/// Reads every field that any crate reads.
fn read_all(payload: &Payload) -> String {
    let pull_request = payload.pull_request();
    let comment = payload.comment();
    format!(
        "{:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?}",
        pull_request.as_ref().map(|pull_request| (pull_request.id(), pull_request.updated_on)),
        pull_request.as_ref().and_then(|it| it.source.as_ref()?.branch_name().map(str::to_owned)),
        payload.repository().and_then(|repository| repository.id()),
        comment.as_ref().map(|comment| (comment.id(), comment.text(), comment.pending, comment.deleted)),
        payload.review(),
        payload.commit_status(),
        payload.commit_hash(),
        payload.issue_id(),
        payload.issue_updated_on(),
        payload.raw("actor"),
    )
}

fn read(body: &Value) -> String {
    read_all(&Payload::parse(body.to_string().as_bytes()).expect("an object is a payload"))
}

/// The pointers of every value inside.
fn pointers(value: &Value, at: &str, found: &mut Vec<String>) {
    let mut visit = |name: &str, value: &Value| {
        let pointer = format!("{at}/{}", name.replace('~', "~0").replace('/', "~1"));
        pointers(value, &pointer, found);
        found.push(pointer);
    };
    match value {
        Value::Object(fields) => fields.iter().for_each(|(name, value)| visit(name, value)),
        Value::Array(items) => items.iter().enumerate().for_each(|(n, value)| visit(&n.to_string(), value)),
        _ => {}
    }
}

fn without(body: &Value, pointer: &str) -> Value {
    let mut body = body.clone();
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    match body.pointer_mut(parent).unwrap() {
        Value::Object(fields) => drop(fields.remove(&name.replace("~1", "/").replace("~0", "~"))),
        Value::Array(items) => drop(items.remove(name.parse().unwrap())),
        _ => unreachable!("only objects and arrays hold something"),
    }
    body
}

#[test]
fn every_fixture_names_its_subject() {
    let fixtures = support::fixtures();
    assert!(fixtures.len() > 25, "{} fixtures", fixtures.len());
    for Webhook { name, key, body } in fixtures {
        let payload = Payload::parse(&body).unwrap();
        let key = EventKey::parse(&key).unwrap();
        if key.is_pull_request() {
            assert_eq!(payload.pull_request().and_then(|it| it.id()).map(|id| id.0), Some(7), "{name}");
        }
        if !matches!(key, EventKey::ProjectUpdated) {
            assert!(payload.repository().and_then(|repository| repository.id()).is_some(), "{name}");
        }
        assert_eq!(payload.comment().is_some(), key.as_str().contains("comment"), "{name}");
    }
}

#[test]
fn every_webhook_of_the_corpus_is_read_if_present() {
    for Webhook { name, key, body } in support::corpus_webhooks() {
        EventKey::parse(&key).unwrap_or_else(|error| panic!("{name}: {error}"));
        let payload = Payload::parse(&body).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(!read_all(&payload).is_empty());
    }
}

/// Depth of the deepest field that is read: `/pullrequest/destination/repository/uuid`.
const DEPTH_READ: usize = 4;

#[test]
fn any_field_may_be_missing_null_or_of_another_type() {
    let others = [json!("text"), json!(-1), json!(1.5), json!(true), json!([]), json!({}), json!([{}])];
    let mut tried = 0;
    for Webhook { body, .. } in support::fixtures() {
        let body: Value = serde_json::from_slice(&body).unwrap();
        let mut fields = Vec::new();
        pointers(&body, "", &mut fields);
        let is_read = |pointer: &str| !pointer.contains("/links/") || pointer.contains("/commit_status/");
        fields.retain(|pointer| pointer.matches('/').count() <= DEPTH_READ && is_read(pointer));
        for (pointer, other) in fields.iter().zip(others.iter().cycle()) {
            read(&without(&body, pointer));
            for other in [&Value::Null, other] {
                let mut changed = body.clone();
                *changed.pointer_mut(pointer).unwrap() = other.clone();
                read(&changed);
                tried += 1;
            }
        }
    }
    assert!(tried > 3_000, "{tried} changes were tried");
}

#[test]
fn invalid_field_does_not_hide_others() {
    let body = json!({ "repository": { "uuid": "{ab}", "full_name": 7, "workspace": "acme" },
        "pullrequest": { "id": "7", "updated_on": 12, "source": [] },
        "comment": { "id": 4, "content": "text", "created_on": "2026-11-02T09:00:00+00:00", "deleted": "yes" } });
    let payload = Payload::parse(body.to_string().as_bytes()).unwrap();
    assert_eq!(payload.repository().unwrap().id().unwrap().as_str(), "ab");
    assert_eq!(payload.pull_request().unwrap().id().unwrap().0, 7);
    let comment = payload.comment().unwrap();
    assert_eq!((comment.id().unwrap().0, comment.text(), comment.deleted), (4, None, false));
    assert_eq!(comment.created_on.unwrap().to_string(), "2026-11-02T09:00:00Z");
}

#[test]
fn list_item_that_is_no_object_has_no_fields() {
    for odd in [json!(7), json!("text"), json!(null), json!([]), json!([4001, {}])] {
        let comment = Document::<Comment>::new(odd.clone());
        assert_eq!((comment.view, comment.raw), (Comment::default(), odd));
    }
}

#[test]
fn error_for_an_invalid_body_does_not_repeat_it() {
    for body in ["[]", "null", "\"secret text\"", "7"] {
        assert!(matches!(Payload::parse(body.as_bytes()), Err(Error::NotAnObject)), "{body}");
    }
    for body in [&b""[..], b"{", b"secret text", b"{\"a\":1}x", b"\xff\xfe{}", b"\xef\xbb\xbf{}"] {
        let error = Payload::parse(body).unwrap_err();
        assert_eq!(error.status(), 400);
        assert!(!error.to_string().contains("secret"), "{error}");
    }
}

#[test]
fn deeply_nested_json_is_refused() {
    let body = format!("{{\"a\":{}", "[".repeat(1_000_000));
    assert!(matches!(Payload::parse(body.as_bytes()), Err(Error::NotJson { .. })));
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,20}".prop_map(Value::from),
    ];
    // Names of fields that are read, so that odd values matter.
    let name = prop::sample::select(vec![
        "actor",
        "repository",
        "pullrequest",
        "comment",
        "approval",
        "changes_request",
        "commit_status",
        "commit",
        "issue",
        "id",
        "uuid",
        "full_name",
        "workspace",
        "source",
        "destination",
        "branch",
        "name",
        "content",
        "raw",
        "created_on",
        "updated_on",
        "resolution",
        "user",
        "date",
        "state",
        "key",
        "links",
        "href",
        "hash",
        "deleted",
        "pending",
        "x",
    ]);
    leaf.prop_recursive(4, 64, 8, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((name.clone(), inner), 0..8).prop_map(|fields| fields
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value))
                .collect()),
        ]
    })
}

proptest! {
    #[test]
    fn any_json_object_is_a_payload(body in any_json()) {
        if body.is_object() {
            read(&body);
        }
    }

    #[test]
    fn any_bytes_are_read_or_refused(body in prop::collection::vec(any::<u8>(), 0..300)) {
        if let Ok(payload) = Payload::parse(&body) {
            read_all(&payload);
        }
    }
}
