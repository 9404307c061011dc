//! The table of keys in `docs/EVENTS.md` matches the code.

use std::collections::BTreeSet;

use bitbucket::EventKey;
use relay::event::contract::promise;

/// Returns the rows of the table of keys, cell by cell.
fn rows() -> Vec<Vec<String>> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/EVENTS.md");
    let text = std::fs::read_to_string(path).unwrap();
    let table =
        text.split("## Every key").nth(1).expect("the section").split("\n## ").next().unwrap().to_owned();
    let rows = table.lines().filter(|line| line.starts_with("| `"));
    rows.map(|line| line.trim_matches('|').split(" | ").map(|cell| cell.trim().to_owned()).collect())
        .collect()
}

/// Returns the words in backticks.
fn named(cell: &str) -> Vec<&str> {
    cell.split('`').skip(1).step_by(2).collect()
}

#[test]
fn table_of_keys_has_every_key_once() {
    let rows = rows();
    let listed: Vec<&str> = rows.iter().map(|row| named(&row[0])[0]).collect();
    let known: BTreeSet<_> = EventKey::KNOWN.iter().map(EventKey::as_str).collect();
    assert_eq!(listed.iter().copied().collect::<BTreeSet<_>>(), known);
    assert_eq!(listed.len(), known.len(), "a key is there twice");
}

#[test]
fn table_of_keys_names_source_and_content() {
    for row in rows() {
        let [key, reported, found, payload, changes, counters] = row.as_slice() else { panic!("{row:?}") };
        let key = EventKey::parse(named(key)[0]).unwrap();
        let promise = promise(&key);
        assert_eq!(reported != "never", promise.reported, "{key}: {reported}");
        assert_eq!(found != "no", promise.found, "{key}: {found}");
        assert_eq!(named(payload), promise.payload, "{key}");
        let has_counters = key.is_pull_request() || key.is_commit_status();
        assert_eq!(counters != "null", has_counters, "{key}: {counters}");
        assert!(key.is_pull_request() || changes == "null", "{key}: {changes}");
    }
}
