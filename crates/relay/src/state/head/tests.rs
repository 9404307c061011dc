use serde_json::json;

use super::*;

fn a_head() -> Head {
    Head { hash: ShortHash::new("c0ffee000000").unwrap(), builds: BTreeMap::new(), size: None }
}

fn status(key: &str, state: &str, minute: u32) -> CommitStatus {
    serde_json::from_value(json!({
        "key": key, "state": state, "updated_on": format!("2026-11-02T09:{minute:02}:00Z"),
        "commit": { "hash": "c0ffee000000" },
    }))
    .unwrap()
}

#[test]
fn newest_state_of_a_build_stands() {
    let mut head = a_head();
    for (state, minute, stands) in [
        ("INPROGRESS", 5, "INPROGRESS"),
        ("FAILED", 5, "FAILED"),
        ("STOPPED", 4, "FAILED"),
        ("SUCCESSFUL", 6, "SUCCESSFUL"),
    ] {
        assert!(head.note(&status("ci", state, minute)));
        assert_eq!(head.builds["ci"].state, stands);
    }
}

#[test]
fn build_of_another_commit_is_not_recorded() {
    let mut other = a_head();
    other.hash = ShortHash::new("000000000000").unwrap();
    assert!(!other.note(&status("ci", "FAILED", 5)));
    assert!(other.builds.is_empty());
}

#[test]
fn long_states_and_keys_are_not_kept_whole() {
    let mut head = a_head();
    head.note(&status("long", &"S".repeat(MAX_STATE_BYTES + 1), 5));
    assert!(head.builds.is_empty());
    head.note(&status("long", &"S".repeat(MAX_STATE_BYTES), 5));
    assert_eq!(head.builds.len(), 1);
    let (longest, too_long) = ("k".repeat(MAX_KEY_BYTES), "k".repeat(MAX_KEY_BYTES + 1));
    head.note(&status(&longest, "FAILED", 5));
    head.note(&status(&too_long, "FAILED", 5));
    assert!(head.builds.contains_key(&longest) && head.builds.contains_key(&content_hash(&too_long)));
}

#[test]
fn number_of_builds_is_limited() {
    let mut head = a_head();
    for number in 0..=MAX_BUILDS {
        head.note(&status(&number.to_string(), "FAILED", 5));
    }
    assert_eq!(head.builds.len(), MAX_BUILDS);
    head.note(&status("0", "SUCCESSFUL", 6));
    assert_eq!(head.builds["0"].state, "SUCCESSFUL", "a known build goes on to change");
}
