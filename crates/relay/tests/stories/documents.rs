//! What `docs/EVENTS.md` says is what the code does.

use std::collections::BTreeSet;

use bitbucket::EventKey;

#[test]
fn the_table_of_keys_has_every_key_once_and_no_other() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/EVENTS.md");
    let text = std::fs::read_to_string(path).unwrap();
    let table = text.split("## Every key").nth(1).expect("the section").split("\n## ").next().unwrap();
    let listed: Vec<&str> = table
        .lines()
        .filter_map(|line| line.strip_prefix("| `"))
        .map(|line| line.split('`').next().unwrap())
        .collect();
    let known: BTreeSet<_> = EventKey::KNOWN.iter().map(EventKey::as_str).collect();
    assert_eq!(listed.iter().copied().collect::<BTreeSet<_>>(), known);
    assert_eq!(listed.len(), known.len(), "a key is there twice");
}
