//! The subject of a payload, and its use as a key of the table.

use bitbucket::Payload;
use proptest::prelude::*;
use relay::{LinkId, Subject};
use serde_json::{Value, json};

use crate::webhooks::{self, Webhook};

/// A DynamoDB key holds 1,024 bytes in the sort key and 2,048 in the partition key
/// (<https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html>).
const MAX_SUBJECT_BYTES: usize = 512;

fn subject(body: &[u8]) -> Subject {
    Subject::from_payload(&Payload::parse(body).unwrap())
}

fn assert_is_a_key(subject: &Subject) {
    let text = subject.to_string();
    assert_eq!(text.parse::<Subject>().unwrap(), *subject, "{text:?} reads back");
    assert!(text.len() <= MAX_SUBJECT_BYTES, "{} bytes", text.len());
    assert!(text.chars().all(|c| c.is_ascii_graphic()), "{text:?}");
}

#[test]
fn every_fixture_has_its_subject() {
    for Webhook { name, body, .. } in webhooks::fixtures() {
        let subject = subject(&body);
        assert_is_a_key(&subject);
        let kind = match name.as_str() {
            name if name.starts_with("pullrequest.") => "pullrequest",
            name if name.starts_with("repo.commit") => "commit",
            name if name.starts_with("issue.") => "issue",
            "repo.push" | "repo.updated" => "repository",
            _ => "link",
        };
        assert_eq!(subject.kind(), kind, "{name}");
    }
}

#[test]
fn every_corpus_webhook_has_its_subject() {
    for Webhook { name, key, body } in webhooks::corpus_webhooks() {
        let subject = subject(&body);
        assert_is_a_key(&subject);
        assert_eq!(
            subject.kind() == "pullrequest",
            key.starts_with("pullrequest:"),
            "{name} is about {subject}"
        );
    }
}

fn odd_text() -> impl Strategy<Value = Value> {
    prop_oneof![
        any::<String>().prop_map(Value::from),
        "[a-z:/{} ]{0,8}".prop_map(Value::from),
        "a{300}".prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        Just(Value::Null),
    ]
}

proptest! {
    #[test]
    fn every_subject_is_a_valid_key(
        (uuid, name, hash, number) in (odd_text(), odd_text(), odd_text(), odd_text())
    ) {
        let repository = json!({ "uuid": uuid, "full_name": name });
        for body in [
            json!({ "repository": repository, "pullrequest": { "id": number } }),
            json!({ "repository": repository, "commit": { "hash": hash } }),
            json!({ "repository": repository, "issue": { "id": number } }),
            json!({ "repository": repository, "commit_status": { "links": { "commit": { "href": hash } } } }),
        ] {
            assert_is_a_key(&subject(body.to_string().as_bytes()));
        }
    }
}

#[test]
fn subject_is_read_back_from_its_key() {
    for body in [
        r#"{"repository":{"uuid":"{AB}"},"pullrequest":{"id":7}}"#,
        r#"{"repository":{"full_name":"acme/widgets"},"pullrequest":{"id":7}}"#,
        r#"{"repository":{"uuid":"{ab}"},"commit":{"hash":"c0ffee"}}"#,
        r#"{"repository":{"uuid":"{ab}"},"issue":{"id":"3"}}"#,
        r#"{"repository":{"uuid":"{ab}"}}"#,
        r"{}",
    ] {
        assert_is_a_key(&subject(body.as_bytes()));
    }
}

#[test]
fn payload_without_repository_uses_its_destination() {
    let body = br#"{"pullrequest":{"id":1,"destination":{"repository":{"full_name":"acme/widgets"}}}}"#;
    assert_eq!(subject(body).to_string(), "pullrequest/acme:widgets/1");
}

#[test]
fn old_build_names_its_commit_in_a_link() {
    let body = br#"{"repository":{"uuid":"{ab}"},
        "commit_status":{"links":{"commit":{"href":"http://x/commit/c0ffee"}}}}"#;
    assert_eq!(subject(body).to_string(), "commit/ab/c0ffee");
}

#[test]
fn link_id_is_safe_in_urls_and_secret_names() {
    assert!("acme-1".parse::<LinkId>().is_ok());
    for bad in ["", "a/b", "A", "a b", "../x", &"a".repeat(65)] {
        assert!(bad.parse::<LinkId>().is_err(), "{bad:?}");
    }
    let longest: LinkId = "a".repeat(64).parse().unwrap();
    assert_eq!(longest.as_str(), "a".repeat(64));
}

#[test]
fn commit_needs_a_plausible_hash() {
    let named = |hash: &str| {
        let body = json!({ "repository": { "uuid": "{ab}" }, "commit": { "hash": hash } });
        subject(body.to_string().as_bytes()).to_string()
    };
    let longest = "0".repeat(64);
    assert_eq!(named(&longest), format!("commit/ab/{longest}"));
    for odd in ["", "../x", &"0".repeat(65)] {
        assert_eq!(named(odd), "repository/ab", "{odd:?}");
    }
}
