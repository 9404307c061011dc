//! The repositories that the polls of a link may read.

use bitbucket::RepositoryId;
use bitbucket::payload::Document;
use relay::polling::{Access, ClaimedRepository, NamedRepositories};
use relay::state::RepositoryState;
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
