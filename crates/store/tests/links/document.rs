//! Reading a link's document.

use jiff::Timestamp;
use secrecy::SecretString;
use store::Error;
use store::links::{Flow, LinkCredential, LinkDocument};

fn parse(json: &str) -> Result<LinkDocument, Error> {
    LinkDocument::parse(&"acme".parse().unwrap(), &SecretString::from(json))
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

const ROTATING: &str = r#"{
    "version": 1,
    "template": "bitbucket-user-token",
    "webhook_secrets": [
        { "value": "old-secret", "created_at": "2026-01-01T00:00:00Z", "expires_at": "2026-02-01T00:00:00Z" },
        { "value": "new-secret", "created_at": "2026-01-31T00:00:00Z", "expires_at": null }
    ],
    "credential": { "type": "basic", "username": "alice", "password": "hunter2" }
}"#;

#[test]
fn both_secrets_are_valid_during_rotation() {
    let document = parse(ROTATING).unwrap();
    assert_eq!(document.at(at("2026-01-31T12:00:00Z")).unwrap().webhook_secrets.len(), 2);
    assert_eq!(document.at(at("2026-02-01T00:00:00Z")).unwrap().webhook_secrets.len(), 1);
}

#[test]
fn printed_link_shows_no_secret() {
    let document = parse(ROTATING).unwrap();
    assert!(format!("{document:?}").contains("acme"));
    let printed = format!("{document:?} {:?}", document.at(at("2026-01-31T12:00:00Z")).unwrap());
    for secret in ["old-secret", "new-secret", "hunter2"] {
        assert!(!printed.contains(secret), "{printed}");
    }
}

#[test]
fn link_may_have_an_oauth_consumer() {
    for (kind, flow) in [("client-credentials", Flow::ClientCredentials), ("app-oauth", Flow::AppOauth)] {
        let json = format!(
            r#"{{"version":1,"template":"bitbucket-{kind}","unsigned":true,
            "credential":{{"type":"{kind}","client_id":"key","client_secret":"hunter2"}}}}"#
        );
        let link = parse(&json).unwrap().at(at("2026-01-01T00:00:00Z")).unwrap();
        assert!(!format!("{link:?}").contains("hunter2"));
        let Some(LinkCredential::OAuth(credential)) = link.credential else { panic!("{kind}") };
        assert_eq!((credential.flow, credential.client_id.as_str()), (flow, "key"));
    }
}

#[test]
fn credential_is_read_without_a_valid_secret() {
    let document = parse(ROTATING).unwrap();
    assert!(matches!(document.credential(), Some(LinkCredential::Fixed(_))));
    assert!(parse(r#"{"version":1,"template":"t"}"#).unwrap().credential().is_none());
}

#[test]
fn link_names_the_places_of_its_hooks() {
    let json = r#"{"version":1,"template":"t","unsigned":true,"hooks":["Acme/Widgets","acme",7,"../user"]}"#;
    let link = parse(json).unwrap().at(at("2026-01-01T00:00:00Z")).unwrap();
    assert_eq!(link.hooks.iter().map(ToString::to_string).collect::<Vec<_>>(), ["acme", "acme/widgets"]);
}

#[test]
fn link_may_have_ten_secrets() {
    let json = secrets(&[r#"{"value":"hunter2"}"#; 10].join(","));
    assert_eq!(parse(&json).unwrap().at(at("2026-01-01T00:00:00Z")).unwrap().webhook_secrets.len(), 10);
}

#[test]
fn link_may_name_sweep_targets() {
    let document = |sweep: &str| parse(&format!(r#"{{"version":1,"template":"t","unsigned":true{sweep}}}"#));
    let swept = document(r#","sweep":["acme","Acme/Widgets"]"#).unwrap();
    let names: Vec<_> = swept.sweep().iter().map(ToString::to_string).collect();
    assert_eq!(names, ["acme", "acme/widgets"]);
    assert_eq!(&swept.at(at("2026-01-01T00:00:00Z")).unwrap().sweep, swept.sweep());
    assert!(document("").unwrap().sweep().is_empty());
    let error = document(r#","sweep":["../user"]"#).unwrap_err().to_string();
    assert!(error.contains("a sweep target is `workspace/slug` or `workspace`"), "{error}");
}

#[test]
fn link_with_expired_secrets_accepts_nothing() {
    let json = r#"{"version":1,"template":"t","webhook_secrets":[{"value":"s","expires_at":"2026-01-01T00:00:00Z"}]}"#;
    let error = parse(json).unwrap().at(at("2026-01-02T00:00:00Z")).unwrap_err();
    assert!(matches!(error, Error::LinkWithoutSecret(_)));
    assert!(error.to_string().contains("add one to `webhook_secrets`"), "{error}");
}

#[test]
fn link_without_secrets_must_be_explicitly_unsigned() {
    let now = at("2026-01-01T00:00:00Z");
    for json in [
        r#"{"version":1,"template":"t"}"#,
        r#"{"version":1,"template":"t","webhook_secrets":[]}"#,
        r#"{"version":1,"template":"t","unsigned":false}"#,
    ] {
        assert!(parse(json).unwrap().at(now).is_err(), "{json}");
    }
    let link = parse(r#"{"version":1,"template":"t","unsigned":true}"#).unwrap().at(now).unwrap();
    assert!(link.unsigned && link.webhook_secrets.is_empty());
}

#[test]
fn invalid_document_error_repeats_no_secret() {
    let long = "s".repeat(129);
    let many = [r#"{"value":"hunter2"}"#; 11].join(",");
    for (json, words) in [
        ("hunter2".to_owned(), "is not JSON, at line 1"),
        (r#"{"version":"hunter2"}"#.to_owned(), "wrong type"),
        (r#"{"version":1}"#.to_owned(), "missing"),
        (r#"{"version":2,"template":"t"}"#.to_owned(), "its version is 2"),
        (secrets(r#"{"value":""}"#), "must not be empty"),
        (secrets(r#"{"value":"  "}"#), "must not be empty"),
        (secrets(&format!(r#"{{"value":"{long}"}}"#)), "at most 128 characters"),
        (secrets(r#"{"value":"hunter2","expires_at":"hunter2"}"#), "wrong type"),
        (secrets(&many), "more than 10"),
        (
            r#"{"version":1,"template":"t","unsigned":true,"webhook_secrets":[{"value":"hunter2"}]}"#
                .to_owned(),
            "remove one",
        ),
        (r#"{"version":1,"template":"t","credential":{"type":"hunter2"}}"#.to_owned(), "wrong type"),
        (
            r#"{"version":1,"template":"t","credential":{"type":"app-oauth","client_id":"k","client_secret":""}}"#
                .to_owned(),
            "client_secret",
        ),
        (
            r#"{"version":1,"template":"t","credential":{"type":"bearer","token":""}}"#.to_owned(),
            "password, token",
        ),
        (basic(" ", "hunter2"), "an empty username"),
        (basic("alice", " "), "an empty username"),
    ] {
        let error = parse(&json).unwrap_err().to_string();
        assert!(error.contains(words), "{json}: {error}");
        assert!(!error.contains("hunter2"), "{error}");
    }
}

fn basic(username: &str, password: &str) -> String {
    let credential = format!(r#"{{"type":"basic","username":"{username}","password":"{password}"}}"#);
    format!(r#"{{"version":1,"template":"t","credential":{credential}}}"#)
}

fn secrets(list: &str) -> String {
    format!(r#"{{"version":1,"template":"t","webhook_secrets":[{list}]}}"#)
}
