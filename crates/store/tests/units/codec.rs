//! Items of events: writing and reading.

use std::collections::HashMap;
use std::io::Write as _;

use bitbucket::EventKey;
use flate2::Compression;
use flate2::write::GzEncoder;
use relay::{Change, Event, EventId, Source};
use serde_dynamo::{AttributeValue, Item};
use serde_json::{Value, json};

use store::Error;
use store::codec::{encode_event, event_from_item, item_bytes, join_events};

fn event(payload: Vec<u8>) -> Event {
    Event {
        id: EventId::stored("0123456789abcdef0123456789abcdef"),
        key: EventKey::TaskResolved,
        source: Source::Poll,
        trusted: true,
        signed: true,
        link: "acme".parse().unwrap(),
        subject: "pullrequest/0a1b/7".parse().unwrap(),
        repository_name: Some("acme/widgets".to_owned()),
        sequence: 42,
        occurred_at: None,
        observed_at: "2026-11-24T10:00:00.000001Z".parse().unwrap(),
        actor: Some(json!({ "display_name": "bob", "nested": { "null": null } })),
        changes: None,
        counters: None,
        payload,
    }
}

fn items(event: &Event) -> Vec<Item> {
    encode_event("acme#pullrequest/0a1b/7", event).unwrap()
}

fn noise(bytes: usize) -> Vec<u8> {
    let mut state = 1_u32;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state.to_be_bytes()[0]
    };
    (0..bytes).map(|_| next()).collect()
}

#[test]
fn event_survives_writing_and_reading() {
    let event = event(b"{ \"gr\xc3\xbcn\":1 }".to_vec());
    let stored = event_from_item(items(&event).remove(0)).unwrap().unwrap();
    assert_eq!(stored.event, event);
    assert!(stored.complete);
    assert_eq!(stored.payload_bytes, event.payload.len() as u64);
    assert_eq!((stored.pk.as_str(), stored.sk.as_str()), ("acme#pullrequest/0a1b/7", "event#000000000042"));
}

#[test]
fn event_reads_back_from_json_of_stream() {
    let event = event(b"{}".to_vec());
    let image: serde_json::Map<String, Value> = items(&event)
        .remove(0)
        .into_inner()
        .into_iter()
        .map(|(name, value)| (name, serde_json::to_value(value).unwrap()))
        .collect();
    assert!(image["content"]["B"].is_string(), "{image:?}");
    let item: Item = serde_json::from_value(Value::Object(image)).unwrap();
    assert_eq!(event_from_item(item).unwrap().unwrap().event, event);
}

#[test]
fn first_item_of_large_event_is_incomplete() {
    let event = event(noise(800_000));
    let mut items = items(&event);
    assert!(items.len() > 1);
    assert!(items.iter().all(|item| item_bytes(item) < 400_000));
    let whole = join_events(items.clone(), 1).unwrap();
    assert_eq!(whole, std::slice::from_ref(&event));

    let part = items.pop().unwrap();
    assert_eq!(event_from_item(part).unwrap(), None);
    let first = event_from_item(items.remove(0)).unwrap().unwrap();
    assert!(!first.complete);
    assert_eq!(first.payload_bytes, 800_000);
    assert_eq!(first.event, Event { payload: Vec::new(), ..event });
    assert!(matches!(join_events(items, 1), Err(Error::Corrupt { .. })), "a part is missing");
}

#[test]
fn item_has_the_size_that_dynamodb_counts() {
    let item: Item = HashMap::from([
        ("text".to_owned(), AttributeValue::S("abc".to_owned())),
        ("number".to_owned(), AttributeValue::N("12345".to_owned())),
        ("bytes".to_owned(), AttributeValue::B(vec![0; 7])),
        ("flag".to_owned(), AttributeValue::Bool(true)),
    ])
    .into();
    assert_eq!(item_bytes(&item), (4 + 3) + (6 + 4) + (5 + 7) + (4 + 1));
}

#[test]
fn event_of_a_limited_size_is_short() {
    let about = json!({ "actor": event(Vec::new()).actor }).to_string() + "\n";
    let longest = 64 * 1024 - about.len();
    assert!(items(&event(vec![b'x'; longest])).remove(0).contains_key("content"));
    assert!(items(&event(vec![b'x'; longest + 1])).remove(0).contains_key("payload"));
}

#[test]
fn event_has_a_limited_size() {
    const MOST: usize = 2 * 1024 * 1024;
    assert_eq!(join_events(items(&event(noise(MOST))), 1).unwrap()[0].payload.len(), MOST);
    assert!(matches!(encode_event("pk", &event(noise(MOST + 1))), Err(Error::TooLarge { .. })));
}

#[test]
fn large_event_keeps_its_changes_unless_they_are_large_too() {
    let renamed = |to: &str| Some(vec![Change::Title { from: "a".to_owned(), to: to.to_owned() }]);
    for (to, is_kept) in [("b", true), (&*"b".repeat(40_000), false)] {
        let event = Event { changes: renamed(to), ..event(noise(800_000)) };
        let read = join_events(items(&event), 1).unwrap().remove(0);
        assert_eq!(read.changes, event.changes.filter(|_| is_kept));
    }
}

#[test]
fn event_that_is_deleted_in_part_is_left_out() {
    let events = [event(noise(800_000)), Event { sequence: 43, ..event(b"{}".to_vec()) }];
    let mut all: Vec<_> = events.iter().flat_map(items).collect();
    for item in &mut all {
        item.insert("expires_at".to_owned(), AttributeValue::N("1".to_owned()));
    }
    let whole = join_events(all.clone(), 10).unwrap();
    assert_eq!(whole, events);
    // DynamoDB deletes expired items one by one, in any order.
    for gone in 0..3 {
        let mut left = all.clone();
        left.remove(gone);
        assert_eq!(join_events(left, 10).unwrap(), events[1..], "without item {gone}");
    }
}

#[test]
fn event_has_the_keys_of_the_index_by_time() {
    let item = items(&event(b"{}".to_vec())).remove(0);
    let text = |name: &str| item.get(name).unwrap().clone();
    let expected = AttributeValue::S("2026-11-24T10:00:00.000001000Z#000000000042".to_owned());
    assert_eq!(text("log_at"), expected);
    assert_eq!(text("actor_name"), AttributeValue::S("bob".to_owned()));
    assert!(matches!(text("log_partition"), AttributeValue::S(partition) if partition.starts_with("acme#")));
}

#[test]
fn items_of_other_kinds_are_no_events() {
    for kind in ["state", "fact", "lease", "something of the future"] {
        let kind = ("kind".to_owned(), AttributeValue::S(kind.to_owned()));
        assert_eq!(event_from_item(std::iter::once(kind).collect::<HashMap<_, _>>().into()).unwrap(), None);
    }
    assert_eq!(event_from_item(Item::default()).unwrap(), None);
}

#[test]
fn unreadable_event_names_its_key_but_no_content() {
    let (short, large) = (items(&event(b"hunter2".to_vec())), items(&event(vec![b' '; 70_000])));
    let spoilt = [
        (&short, "content", AttributeValue::B(b"hunter2".to_vec())),
        (&short, "log_at", AttributeValue::S("hunter2".to_owned())),
        (&large, "sequence", AttributeValue::S("hunter2".to_owned())),
        (&large, "payload", AttributeValue::B(b"hunter2".to_vec())),
        (&large, "payload_bytes", AttributeValue::N("3".to_owned())),
        (&large, "subject", AttributeValue::S("no subject".to_owned())),
        (&large, "actor", AttributeValue::S("hunter2".to_owned())),
    ];
    for (good, name, value) in spoilt {
        let mut item = good[0].clone();
        item.insert(name.to_owned(), value);
        let error = event_from_item(item).unwrap_err();
        let words = error.to_string();
        assert!(
            words.starts_with("the item acme#pullrequest/0a1b/7 / event#000000000042 cannot be read"),
            "{words}"
        );
        assert!(!words.contains("hunter2"), "{words}");
    }
}

#[test]
fn large_actor_and_name_get_no_attribute() {
    let mut event = event(b"{}".to_vec());
    event.actor = Some(json!({ "display_name": "x".repeat(20_000) }));
    event.repository_name = Some("y".repeat(20_000));
    let stored = event_from_item(items(&event).remove(0)).unwrap().unwrap();
    assert_eq!((stored.event.actor, stored.event.repository_name), (None, None));
}

#[test]
fn fields_of_the_largest_size_are_kept() {
    // JSON around the text: `{"name":""}`, and the one of a change.
    let actor = |bytes: usize| Some(json!({ "name": "x".repeat(bytes - 11) }));
    let title = |to: String| vec![Change::Title { from: String::new(), to }];
    let around = serde_json::to_string(&title(String::new())).unwrap().len();
    let changes = |bytes: usize| Some(title("x".repeat(bytes - around)));
    for payload in [b"{}".to_vec(), noise(100_000)] {
        let read = |event: Event| join_events(items(&event), 1).unwrap().remove(0);
        for (bytes, is_kept) in [(16 * 1024, true), (16 * 1024 + 1, false)] {
            let read = read(Event { actor: actor(bytes), ..event(payload.clone()) });
            assert_eq!(read.actor.is_some(), is_kept, "an actor of {bytes} bytes");
        }
        for (bytes, is_kept) in [(32 * 1024, true), (32 * 1024 + 1, false)] {
            let read = read(Event { changes: changes(bytes), ..event(payload.clone()) });
            assert_eq!(read.changes.is_some(), is_kept, "changes of {bytes} bytes");
        }
    }
}

#[test]
fn too_large_payload_is_refused() {
    let error = encode_event("pk", &event(vec![b' '; 3_000_000])).unwrap_err();
    assert_eq!(error.to_string(), "the payload has 3000000 bytes, at most 2097152 can be stored");
}

#[test]
fn item_of_newer_format_asks_for_an_update() {
    let mut item = items(&event(b"{}".to_vec())).remove(0);
    assert_eq!(item.get("format"), Some(&AttributeValue::N("2".to_owned())));
    item.insert("format".to_owned(), AttributeValue::N("3".to_owned()));
    assert_eq!(
        event_from_item(item).unwrap_err().to_string(),
        "the item acme#pullrequest/0a1b/7 / event#000000000042 has format 3: it was written by a newer version of \
         bitrelay; update this one"
    );
}

#[test]
fn unsigned_event_is_read_back_and_an_older_one_is_signed() {
    for payload_bytes in [2, 70_000] {
        let unsigned = Event { signed: false, trusted: false, ..event(vec![b' '; payload_bytes]) };
        let mut item = items(&unsigned).remove(0);
        assert_eq!(event_from_item(item.clone()).unwrap().unwrap().event, unsigned);
        if item.remove("unsigned").is_some() {
            assert!(event_from_item(item).unwrap().unwrap().event.signed);
        }
    }
}

#[test]
fn event_of_an_earlier_version_is_read() {
    let mut payload = GzEncoder::new(Vec::new(), Compression::default());
    payload.write_all(b"{}").unwrap();
    let text = |text: &str| AttributeValue::S(text.to_owned());
    let number = |number: u64| AttributeValue::N(number.to_string());
    let item: HashMap<String, AttributeValue> = [
        ("pk", text("acme#pullrequest/0a1b/7")),
        ("sk", text("event#000000000042")),
        ("kind", text("event")),
        ("format", number(1)),
        ("id", text("0123456789abcdef0123456789abcdef")),
        ("key", text("pullrequest:task_resolved")),
        ("source", text("poll")),
        ("link", text("acme")),
        ("subject", text("pullrequest/0a1b/7")),
        ("repository_name", text("acme/widgets")),
        ("sequence", number(42)),
        ("observed_at", text("2026-11-24T10:00:00.000001Z")),
        ("actor", text(r#"{"display_name":"bob","nested":{"null":null}}"#)),
        ("payload", AttributeValue::B(payload.finish().unwrap())),
        ("payload_bytes", number(2)),
        ("parts", number(1)),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into();
    let stored = event_from_item(item.clone().into()).unwrap().unwrap();
    assert_eq!(stored.event, event(b"{}".to_vec()));
    // A log can hold events of both formats.
    let both = vec![item.into(), items(&Event { sequence: 43, ..event(b"{}".to_vec()) }).remove(0)];
    assert_eq!(join_events(both, 10).unwrap().len(), 2);
}
