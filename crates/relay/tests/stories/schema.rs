//! The published contract: every event conforms to the schema, and the checked-in documents match the types.

use std::path::PathBuf;
use std::sync::LazyLock;

use bitbucket::{EventKey, Payload};
use jsonschema::Validator;
use relay::event::schema;
use relay::{Event, LinkId, Observation, Settings, Subject, SubjectState, fold};
use serde_json::{Value, json};

use crate::webhooks::{self, Webhook};
use crate::world::{a_pull_request, link, report};

static VALIDATOR: LazyLock<Validator> =
    LazyLock::new(|| jsonschema::draft202012::new(&schema::event_schema()).unwrap());

/// Checks one envelope against the schema. Every event of every story is checked.
pub(crate) fn assert_conforms(event: &Event) {
    let envelope = event.envelope(None).to_json();
    let errors: Vec<String> =
        VALIDATOR.iter_errors(&envelope).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert!(errors.is_empty(), "{}: {errors:#?}\n{envelope:#}", event.key);
}

fn conforms(envelope: &Value) -> bool {
    VALIDATOR.is_valid(envelope)
}

/// Returns the events that a webhook causes in an empty table.
fn published(key: &str, body: &[u8]) -> Vec<Event> {
    let payload = Payload::parse(body).unwrap();
    let subject = Subject::from_payload(&payload);
    let mut told = report(EventKey::parse(key).unwrap(), &json!({}));
    (told.payload, told.body) = (payload, body.to_vec());
    let (link, now): (LinkId, _) = (link(), a_pull_request().now);
    let settings = Settings::default();
    fold(SubjectState::default(), &link, &subject, &Observation::Delivery(told), now, &settings).events
}

#[test]
fn every_webhook_becomes_one_conforming_event() {
    for Webhook { name, key, body } in webhooks::fixtures().into_iter().chain(webhooks::corpus_webhooks()) {
        let events = published(&key, &body);
        assert_eq!(events.len(), 1, "{name}");
        assert_conforms(&events[0]);
        assert_eq!(events[0].payload, body, "{name} is passed on byte for byte");
    }
}

#[test]
fn sample_events_conform() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/events");
    for file in std::fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        let entry: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        let errors: Vec<String> = VALIDATOR
            .iter_errors(&entry["detail"])
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert!(errors.is_empty(), "{}: {errors:#?}", path.display());
        assert_eq!(entry["detail-type"], entry["detail"]["key"]);
    }
}

#[test]
fn missing_payload_field_is_null() {
    let event =
        &published("pullrequest:updated", br#"{"repository":{"uuid":"{r}"},"pullrequest":{"id":1}}"#)[0];
    let envelope = event.envelope(None).to_json();
    for field in ["occurred_at", "actor", "changes"] {
        assert_eq!(envelope[field], Value::Null, "{field}");
    }
    assert_eq!(envelope["subject"]["repository"], json!({ "id": "r", "full_name": null }));
    let counters = envelope["counters"].as_object().unwrap();
    assert!(counters.values().all(Value::is_null), "{counters:?}");
    assert_conforms(event);
}

#[test]
fn schema_is_strict() {
    let mut world = a_pull_request();
    world.reports(EventKey::PullRequestCreated);
    let good = world.last().envelope(None).to_json();
    assert!(conforms(&good));
    let spoiled = |pointer: &str, value: Value| {
        let mut envelope = good.clone();
        let (parent, field) = pointer.rsplit_once('/').unwrap();
        envelope.pointer_mut(parent).unwrap()[field] = value;
        envelope
    };
    for (pointer, value) in [
        ("/version", json!(2)),
        ("/id", json!("no hex")),
        ("/source", json!("rumour")),
        ("/sequence", json!(0)),
        ("/link", json!("A")),
        ("/more", json!(1)),
        ("/replay", json!({ "name": "backfill" })),
        ("/subject/type", json!("snippet")),
        ("/subject/hash", json!("c0ffee")),
        ("/counters", Value::Null),
        ("/counters/likes", json!(1)),
        ("/changes", json!([{ "type": "colour", "from": "red", "to": "blue" }])),
        ("/payload", Value::Null),
        ("/payload", json!("text")),
        ("/key", json!("pullrequest:task_created")),
    ] {
        assert!(!conforms(&spoiled(pointer, value.clone())), "{pointer} = {value}");
    }
}

/// Checks that a checked-in document matches the types. `UPDATE_SCHEMAS=1 cargo test -p relay schema` writes it.
fn assert_current(name: &str, document: &Value) {
    let path = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../schemas")).join(name);
    let text = format!("{document:#}\n");
    if std::env::var_os("UPDATE_SCHEMAS").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, &text).unwrap();
    }
    let checked_in = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(checked_in == text, "schemas/{name} is not what the types say; UPDATE_SCHEMAS=1 writes it");
}

#[test]
fn checked_in_json_schema_is_current() {
    assert_current("event.schema.json", &schema::event_schema());
}

#[test]
fn checked_in_asyncapi_document_is_current() {
    assert_current("asyncapi.json", &schema::asyncapi());
}
