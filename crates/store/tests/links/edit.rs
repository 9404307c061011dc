//! Changing a link's document.

use jiff::{SignedDuration, Timestamp};
use relay::LinkId;
use secrecy::{ExposeSecret, SecretString};
use store::links::{Given, LinkDocument, LinkEdit, Template};

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn given(parts: &[(&str, &str)]) -> Given {
    parts.iter().map(|(name, value)| ((*name).to_owned(), SecretString::from(*value))).collect()
}

fn created() -> LinkEdit {
    let id = "acme".parse().unwrap();
    let given = given(&[("username", "alice@example.com"), ("password", "hunter2")]);
    LinkEdit::create(&id, Template::UserToken, &given, Some(&"first".into()), at("2026-01-01T00:00:00Z"))
        .unwrap()
}

fn valid(edit: &LinkEdit, now: &str) -> usize {
    let document = LinkDocument::parse(&"acme".parse().unwrap(), &edit.to_secret().unwrap()).unwrap();
    document.at(at(now)).unwrap().webhook_secrets.len()
}

#[test]
fn created_document_is_readable_by_functions() {
    let edit = created();
    assert_eq!(valid(&edit, "2026-01-01T00:00:00Z"), 1);
    let summary = edit.summary();
    assert_eq!(
        (summary.template.as_str(), summary.name.as_deref()),
        ("bitbucket-user-token", Some("alice@example.com"))
    );
    assert!(format!("{edit:?}").contains("acme"));
    let printed = format!("{edit:?} {summary:?}");
    assert!(!printed.contains("hunter2") && !printed.contains("first"), "{printed}");
}

#[test]
fn rotation_keeps_both_secrets_during_overlap() {
    let mut edit = created();
    edit.rotate(&"second".into(), at("2026-01-10T00:00:00Z"), SignedDuration::from_hours(24));
    assert_eq!(valid(&edit, "2026-01-10T23:59:59Z"), 2);
    assert_eq!(valid(&edit, "2026-01-11T00:00:00Z"), 1);
    assert_eq!(edit.hook_secret().unwrap().expose_secret(), "second");

    // A later rotation does not prolong a secret's end, and drops secrets that have ended.
    edit.rotate(&"third".into(), at("2026-01-10T12:00:00Z"), SignedDuration::from_hours(24));
    let ends: Vec<_> = edit.summary().webhook_secrets.iter().map(|times| times.expires_at).collect();
    assert_eq!(ends, [Some(at("2026-01-11T00:00:00Z")), Some(at("2026-01-11T12:00:00Z")), None]);
    edit.rotate(&"fourth".into(), at("2026-02-01T00:00:00Z"), SignedDuration::from_hours(1));
    assert_eq!(edit.summary().webhook_secrets.len(), 2);
    // The third one ends at this time.
    edit.rotate(&"fifth".into(), at("2026-02-01T01:00:00Z"), SignedDuration::from_hours(1));
    let ends: Vec<_> = edit.summary().webhook_secrets.iter().map(|times| times.expires_at).collect();
    assert_eq!(ends, [Some(at("2026-02-01T02:00:00Z")), None]);
}

#[test]
fn every_template_makes_a_link_and_names_missing_parts() {
    let id: LinkId = "acme".parse().unwrap();
    for template in Template::ALL {
        let given: Given =
            template.parts().iter().map(|part| (part.name.to_owned(), "value".into())).collect();
        let make = |given: &Given| LinkEdit::create(&id, template, given, None, at("2026-01-01T00:00:00Z"));
        let edit = make(&given).unwrap();
        assert_eq!(edit.template(), Some(template));
        assert!(edit.to_secret().is_ok() && edit.summary().unsigned, "{template}");
        if let Some(part) = template.parts().first() {
            let error = make(&Given::new()).unwrap_err().to_string();
            assert!(error.contains(&format!("{template} needs {}", part.name)), "{error}");
            assert!(error.contains("bitbucket-"), "{error}");
        }
        let strange = Given::from([("pin".to_owned(), "value".into())]);
        assert!(make(&strange).unwrap_err().to_string().contains("has no pin"));
    }
}

#[test]
fn sweep_targets_are_added_and_removed() {
    let mut edit = created();
    let places = |texts: &[&str]| texts.iter().map(|text| text.parse().unwrap()).collect::<Vec<_>>();
    edit.change_sweep(&places(&["acme/widgets", "acme", "acme/gears"]), &[]);
    edit.change_sweep(&places(&["acme"]), &places(&["acme/gears", "acme/unknown"]));
    assert_eq!(edit.summary().sweep, ["acme", "acme/widgets"]);
    let read = LinkDocument::parse(&"acme".parse().unwrap(), &edit.to_secret().unwrap()).unwrap();
    assert_eq!(read.sweep().iter().count(), 2);
}

#[test]
fn unknown_fields_of_a_document_stay() {
    let json = r#"{"version":1,"template":"bitbucket-webhook","unsigned":true,"note":"kept"}"#;
    let mut edit = LinkEdit::parse(&"acme".parse().unwrap(), &json.into()).unwrap();
    edit.note_hook("acme/widgets");
    edit.note_hook("acme/widgets");
    edit.rotate(&"secret".into(), at("2026-01-01T00:00:00Z"), SignedDuration::ZERO);
    let stored = edit.to_secret().unwrap();
    assert!(stored.expose_secret().contains(r#""note":"kept""#));
    let summary = edit.summary();
    assert_eq!((summary.hooks.as_slice(), summary.unsigned), (["acme/widgets".to_owned()].as_slice(), false));
    edit.forget_hook("acme/widgets");
    assert!(edit.summary().hooks.is_empty());
}
