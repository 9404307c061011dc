//! Bounds of Bitbucket's objects: what a state keeps of them, and what the payload of a synthetic event repeats.
//!
//! Bitbucket's own objects are far below these bounds, except for descriptions and long lists of people.

use serde_json::{Map, Value};

use crate::state::json_bytes;

/// A larger snapshot is cut. Bitbucket repeats a description up to five times in one payload, a state has to fit one
/// item of the table, and each event of a poll repeats the snapshot.
const MAX_SNAPSHOT_BYTES: usize = 64 * 1024;

/// A larger `repository` object is cut.
const MAX_REPOSITORY_BYTES: usize = 16 * 1024;

/// A larger account is cut.
const MAX_ACCOUNT_BYTES: usize = 16 * 1024;

/// The part of an item that its text may take in any case: a quarter.
const LEAST_TEXT: usize = 4;

/// Longest link to an item that a payload repeats.
const MAX_LINK_BYTES: usize = 2048;

/// The most names of cut fields that a note has, and the longest of them.
const MAX_FIELDS: usize = 16;
const MAX_FIELD_BYTES: usize = 64;

/// The lists of accounts in a `pullrequest` object.
const PEOPLE: [&str; 2] = ["participants", "reviewers"];

const ACCOUNT_FIELDS: [&str; 5] = ["type", "uuid", "account_id", "display_name", "nickname"];

/// Returns a `pullrequest` or `commit` object in a form that is not too large: without long texts, then with short
/// accounts, then without accounts.
pub(super) fn snapshot(mut raw: Value) -> Value {
    if json_bytes(&raw) <= MAX_SNAPSHOT_BYTES {
        return raw;
    }
    for long_text in ["rendered", "summary", "description", "message"] {
        if json_bytes(&raw) > MAX_SNAPSHOT_BYTES {
            remove(&mut raw, long_text);
        }
    }
    for accounts in PEOPLE {
        if json_bytes(&raw) > MAX_SNAPSHOT_BYTES {
            raw.get_mut(accounts).into_iter().for_each(shorten);
        }
    }
    for accounts in PEOPLE {
        if json_bytes(&raw) > MAX_SNAPSHOT_BYTES {
            remove(&mut raw, accounts);
        }
    }
    without_largest(&mut raw, MAX_SNAPSHOT_BYTES);
    raw
}

/// Leaves fields of a `repository` object out until it is not too large.
pub(super) fn repository(raw: &mut Value) {
    without_largest(raw, MAX_REPOSITORY_BYTES);
}

/// Returns an account without fields that make it too large.
pub(super) fn account(mut raw: Value) -> Value {
    without_largest(&mut raw, MAX_ACCOUNT_BYTES);
    raw
}

/// Cuts a comment, a task or a review to `max_bytes`: first the rendered text, then the end of the typed text, then the
/// largest other fields. Returns a note of what was cut, for the payload that has the item as `name`; `None` if it
/// fits.
pub(super) fn item(raw: &mut Value, name: &str, max_bytes: usize) -> Option<Value> {
    let bytes = json_bytes(raw);
    if bytes <= max_bytes {
        return None;
    }
    let link = raw.pointer("/links/self/href").and_then(Value::as_str);
    let whole = link.filter(|link| link.len() <= MAX_LINK_BYTES).map(str::to_owned);
    let mut cut = Vec::new();
    if let Some(content) = raw.get_mut("content").filter(|content| content.get("html").is_some()) {
        remove(content, "html");
        cut.push(format!("{name}.content.html"));
    }
    let others = json_bytes(raw).saturating_sub(raw.pointer("/content/raw").map_or(0, json_bytes));
    let room = max_bytes.saturating_sub(others).max(max_bytes / LEAST_TEXT);
    if let Some(Value::String(text)) = raw.pointer_mut("/content/raw")
        && let Some(end) = end_within(text, room)
    {
        text.truncate(end);
        cut.push(format!("{name}.content.raw"));
    }
    cut.extend(without_largest(raw, max_bytes).into_iter().map(|field| format!("{name}.{field}")));
    cut.retain(|field| field.len() <= MAX_FIELD_BYTES);
    cut.truncate(MAX_FIELDS);
    let note = [("fields", Value::from(cut)), ("bytes", bytes.into()), ("whole", whole.into())];
    Some(Value::Object(note.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()))
}

/// The end of the longest start of a text that takes `max_bytes` as JSON, with its quotes; `None` if the text fits.
fn end_within(text: &str, max_bytes: usize) -> Option<usize> {
    let mut bytes = 2;
    let place = text.char_indices().find(|(_, character)| {
        bytes += match character {
            '"' | '\\' | '\n' | '\r' | '\t' | '\u{8}' | '\u{c}' => 2,
            '\0'..='\u{1f}' => 6,
            character => character.len_utf8(),
        };
        bytes > max_bytes
    });
    place.map(|(place, _)| place)
}

/// Removes the largest fields of an object until it has at most `max_bytes`; returns their names. Anything else that is
/// too large becomes null.
fn without_largest(raw: &mut Value, max_bytes: usize) -> Vec<String> {
    let mut bytes = json_bytes(raw);
    if bytes <= max_bytes {
        return Vec::new();
    }
    let Value::Object(fields) = raw else {
        *raw = Value::Null;
        return Vec::new();
    };
    let mut sizes: Vec<(usize, String)> =
        fields.iter().map(|(name, value)| (json_bytes(name) + json_bytes(value), name.clone())).collect();
    sizes.sort();
    let mut removed = Vec::new();
    while bytes > max_bytes
        && let Some((size, name)) = sizes.pop()
    {
        fields.remove(&name);
        // The colon and the comma.
        bytes = bytes.saturating_sub(size + 2);
        removed.push(name);
    }
    removed
}

fn remove(raw: &mut Value, name: &str) {
    if let Some(fields) = raw.as_object_mut() {
        fields.remove(name);
    }
}

/// Leaves the fields that make an account and its review recognisable.
fn shorten(people: &mut Value) {
    let keep = |fields: &mut Map<String, Value>, kept: &[&str]| {
        fields.retain(|name, _| kept.contains(&name.as_str()));
    };
    for person in people.as_array_mut().into_iter().flatten().filter_map(Value::as_object_mut) {
        if let Some(user) = person.get_mut("user") {
            user.as_object_mut().into_iter().for_each(|user| keep(user, &ACCOUNT_FIELDS));
            keep(person, &["type", "user", "role", "approved", "state", "participated_on"]);
        } else {
            keep(person, &ACCOUNT_FIELDS);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn cut_text_fits_and_is_a_start_of_the_whole() {
        let whole = "\u{1}\"ü\u{1F980}\n".repeat(100);
        for max_bytes in 300..420 {
            let mut comment = json!({ "id": 1, "content": { "raw": whole, "html": "<p>" }, "links": {} });
            let cut = item(&mut comment, "comment", max_bytes).unwrap();
            let text = comment["content"]["raw"].as_str().unwrap();
            assert!(whole.starts_with(text) && text.len() > 100);
            assert!((max_bytes - 7..=max_bytes).contains(&json_bytes(&comment)), "{max_bytes}");
            assert_eq!(cut["fields"], json!(["comment.content.html", "comment.content.raw"]));
        }
    }

    #[test]
    fn item_without_a_long_text_loses_its_largest_fields() {
        let mut task =
            json!({ "id": 1, "creator": { "links": "x".repeat(900) }, "content": { "raw": "short" } });
        let cut = item(&mut task, "task", 500).unwrap();
        assert_eq!(task, json!({ "id": 1, "content": { "raw": "short" } }));
        assert_eq!(cut["fields"], json!(["task.creator"]));
    }

    /// People with so many bytes of links each.
    fn people(count: usize, bytes: usize) -> Value {
        vec![json!({ "user": { "nickname": "ada", "links": "x".repeat(bytes) }, "role": "REVIEWER" }); count]
            .into()
    }

    /// Returns a snapshot with a title that gives it exactly these bytes more than all that is allowed.
    fn padded(mut snapshot: Value, extra: usize) -> Value {
        snapshot["title"] = "".into();
        let missing = MAX_SNAPSHOT_BYTES + extra - json_bytes(&snapshot);
        snapshot["title"] = "x".repeat(missing).into();
        snapshot
    }

    #[test]
    fn snapshot_that_is_not_too_large_is_kept_whole() {
        let whole = padded(json!({ "rendered": "r", "participants": people(2, 900) }), 0);
        assert_eq!(snapshot(whole.clone()), whole);
    }

    #[test]
    fn long_texts_of_a_snapshot_go_one_by_one() {
        let without_rendered = padded(json!({ "description": "d".repeat(50_000) }), 0);
        let mut whole = without_rendered.clone();
        whole["rendered"] = "r".repeat(20_000).into();
        assert_eq!(snapshot(whole.clone()), without_rendered, "exactly at the bound");
        whole["title"] = "more".repeat(10_000).into();
        let cut = snapshot(whole);
        assert_eq!((cut.get("rendered"), cut.get("description")), (None, None));
        assert!(cut["title"].is_string());
    }

    #[test]
    fn accounts_of_a_snapshot_are_shortened_before_any_is_left_out() {
        let short = json!([{ "user": { "nickname": "ada" }, "role": "REVIEWER" }]);
        let expected = padded(json!({ "participants": short, "reviewers": people(1, 20_000) }), 0);
        let mut whole = expected.clone();
        whole["participants"] = people(1, 30_000);
        assert_eq!(snapshot(whole.clone()), expected, "the reviewers fit as they are");
        whole["title"] = "x".repeat(MAX_SNAPSHOT_BYTES - 1_000).into();
        let cut = snapshot(whole);
        assert_eq!((&cut["participants"], &cut["reviewers"]), (&short, &short));
    }

    #[test]
    fn participants_are_left_out_before_reviewers() {
        let short =
            |count| Value::from(vec![json!({ "user": { "nickname": "ada" }, "role": "REVIEWER" }); count]);
        let expected = padded(json!({ "reviewers": short(900) }), 0);
        let mut whole = expected.clone();
        whole["participants"] = short(300);
        assert_eq!(snapshot(whole), expected);
    }

    #[test]
    fn repository_and_account_are_cut_above_their_bounds_only() {
        let object = |bytes: usize| json!({ "uuid": "{0a1b}", "links": "x".repeat(bytes) });
        let mut repo = object(16 * 1024 - 100);
        repository(&mut repo);
        assert_eq!(repo, object(16 * 1024 - 100));
        let mut repo = object(16 * 1024);
        repository(&mut repo);
        assert_eq!(repo, json!({ "uuid": "{0a1b}" }));
        assert_eq!(account(object(16 * 1024 - 100)), object(16 * 1024 - 100));
        assert_eq!(account(object(16 * 1024)), json!({ "uuid": "{0a1b}" }));
    }

    #[test]
    fn text_that_fits_to_the_byte_is_not_cut() {
        assert_eq!(end_within("abc", 5), None);
        assert_eq!(end_within("abc", 4), Some(2));
    }

    #[test]
    fn size_of_a_field_is_that_of_its_name_and_value() {
        let long_name = "n".repeat(100);
        let mut object = json!({ "b": "x".repeat(60) });
        object[&long_name] = 1.into();
        assert_eq!(without_largest(&mut object, 100), [long_name]);
    }
}
