//! The repositories that the polls of a link may read.

use bitbucket::RepositoryId;
use bitbucket::payload::Document;
use relay::SubjectState;
use relay::polling::{Access, AfterRefusal, ClaimedRepository, NamedRepositories};
use relay::state::{Known, Refusal, RepositoryState};
use serde_json::{Value, json};

/// A link that names a repository, a workspace, and a repository by its UUIDs.
fn named(signed: bool) -> NamedRepositories {
    let targets = ["acme/gadgets", "globex", "{0a}/{0b}"].map(|target| target.parse().unwrap());
    NamedRepositories { signed, targets: targets.into() }
}

/// The decision about an object that an unsigned body claims, in words.
fn decided(named: &NamedRepositories, object: &Value, registered: Option<&RepositoryState>) -> String {
    match named.access(ClaimedRepository { object, signed: false }, registered) {
        Access::Read(object) => format!("read {}", object["full_name"].as_str().unwrap()),
        Access::Confirm(target) => format!("confirm {target}"),
        Access::NotNamed => "none".to_owned(),
    }
}

fn registered(object: &Value, is_confirmed: bool) -> RepositoryState {
    RepositoryState { repository: object.clone(), is_confirmed, ..RepositoryState::default() }
}

#[test]
fn unsigned_claim_reads_nothing_without_a_name() {
    for (claimed, expected) in [
        (json!({ "full_name": "acme/gadgets" }), "confirm acme/gadgets"),
        (json!({ "full_name": "Acme/Gadgets" }), "confirm acme/gadgets"),
        (json!({ "full_name": "acme/gadgets", "uuid": "{c1}" }), "confirm acme/gadgets"),
        (json!({ "full_name": "globex/anything" }), "confirm globex/anything"),
        (
            json!({ "full_name": "old/name", "uuid": "{0b}", "workspace": { "uuid": "{0a}" } }),
            "confirm {0a}/{0b}",
        ),
        (json!({ "full_name": "acme/widgets" }), "none"),
        (json!({ "full_name": "acme/widgets", "uuid": "{0b}" }), "none"),
        (json!({ "full_name": "acme/gadgets/../widgets" }), "none"),
        (json!({ "full_name": "globex/.." }), "none"),
        (json!({ "full_name": "globex/a?b" }), "none"),
        (json!({ "full_name": "globex/%2e%2e" }), "none"),
        (json!({ "full_name": "globex" }), "none"),
        (json!({ "full_name": 7, "uuid": [] }), "none"),
        (Value::Null, "none"),
    ] {
        for signed in [false, true] {
            assert_eq!(decided(&named(signed), &claimed, None), expected, "{claimed}");
        }
    }
}

#[test]
fn refused_subject_waits_for_its_repository_or_follows_it() {
    let (here, there) = (json!({ "full_name": "acme/gadgets" }), json!({ "full_name": "globex/gadgets" }));
    let swept = |object: &Value, refused_seconds: Option<i64>| {
        let since = jiff::Timestamp::UNIX_EPOCH;
        let at = |seconds| since + jiff::SignedDuration::from_secs(seconds);
        SubjectState {
            known: Some(Known::Repository(registered(object, true))),
            refusal: refused_seconds.map(|seconds| Refusal { since, at: at(seconds) }),
            ..SubjectState::default()
        }
    };
    for (object, refused_seconds, expected) in [
        (&here, None, AfterRefusal::Again),
        (&there, None, AfterRefusal::Moved(&there)),
        (&here, Some(3_599), AfterRefusal::Again),
        (&here, Some(3_600), AfterRefusal::Waits),
        (&there, Some(60), AfterRefusal::Again),
    ] {
        assert_eq!(AfterRefusal::decide(&here, &swept(object, refused_seconds)), expected);
    }
    assert_eq!(AfterRefusal::decide(&here, &SubjectState::default()), AfterRefusal::Again);
}

#[test]
fn polls_follow_a_repository_within_what_the_link_names() {
    let id = RepositoryId::new("{c1}");
    let answer = |uuid: &str, name: &str| Document::new(json!({ "uuid": uuid, "full_name": name }));
    for (signed, uuid, name, follows) in [
        (true, "{c1}", "anybody/gadgets", true),
        (true, "{c2}", "acme/gadgets", false),
        (false, "{c1}", "anybody/gadgets", false),
        (false, "{c1}", "acme/gadgets", true),
        (false, "{c2}", "acme/gadgets", false),
    ] {
        let may_follow = named(signed).may_follow(&id, &answer(uuid, name));
        assert_eq!(may_follow, follows, "{signed} {uuid} {name}");
    }
}

#[test]
fn confirmed_repository_is_read_as_bitbucket_names_it() {
    let claimed = json!({ "full_name": "acme/widgets" });
    let gadgets = json!({ "full_name": "acme/gadgets" });
    let other = json!({ "full_name": "acme/other" });
    for (signed, object, is_confirmed, expected) in [
        (false, &gadgets, true, "read acme/gadgets"),
        (false, &gadgets, false, "none"),
        (false, &other, true, "none"),
        // The owner of a signed link may have named it before.
        (true, &other, true, "read acme/other"),
        (true, &other, false, "none"),
    ] {
        let registered = registered(object, is_confirmed);
        assert_eq!(decided(&named(signed), &claimed, Some(&registered)), expected, "{signed} {object}");
    }
}

#[test]
fn signed_claim_is_read() {
    let widgets = json!({ "full_name": "acme/widgets" });
    let claimed = ClaimedRepository { object: &widgets, signed: true };
    assert_eq!(named(true).access(claimed, None), Access::Read(&widgets));
    assert_eq!(named(false).access(claimed, None), Access::NotNamed, "the link has become unsigned");
}

#[test]
fn answer_confirms_only_the_named_repository_of_the_watch() {
    let id = RepositoryId::new("{c1}");
    for (answer, confirms) in [
        (json!({ "uuid": "{C1}", "full_name": "acme/gadgets" }), true),
        (json!({ "uuid": "{c2}", "full_name": "acme/gadgets" }), false),
        (json!({ "uuid": "{c1}", "full_name": "acme/renamed" }), false),
        (json!({ "full_name": "acme/gadgets" }), false),
        (json!([]), false),
    ] {
        assert_eq!(named(false).confirms(&id, &Document::new(answer.clone())), confirms, "{answer}");
    }
}
