//! The log.

use relay::SubjectState;
use store::{CommitError, Table};

use crate::world::{World, noise, pull_request};

fn state(version: u64, sequence: u64) -> SubjectState {
    SubjectState { version, sequence, ..SubjectState::default() }
}

pub(crate) async fn events_read_back_in_order_from_any_sequence<T: Table>(world: World<T>) {
    let events: Vec<_> = (1..=12).map(|sequence| world.event(sequence, b"{}")).collect();
    world.commit(&state(1, 10), &events[..10], None).await.unwrap();
    world.commit(&state(2, 12), &events[10..], None).await.unwrap();

    let read =
        async |after, limit| world.table.events(&world.link, &world.subject, after, limit).await.unwrap();
    assert_eq!(read(0, 100).await, events);
    assert_eq!(read(0, 3).await, events[..3]);
    assert_eq!(read(8, 3).await, events[8..11]);
    assert_eq!(read(12, 3).await, []);
}

pub(crate) async fn payload_reads_back_byte_for_byte<T: Table>(world: World<T>) {
    let payloads: [&[u8]; 4] = [
        "{ \"title\" :\t\"gr\u{fc}n \u{1f980}\u{2028}\", \"title\": 1.0 }\r\n".as_bytes(),
        b"",
        b"\x00\xff\xfe not even text",
        &vec![b' '; 100_000],
    ];
    let events: Vec<_> =
        payloads.iter().zip(1..).map(|(payload, sequence)| world.event(sequence, payload)).collect();
    world.commit(&state(1, 4), &events, None).await.unwrap();
    assert_eq!(world.log().await, events);
}

pub(crate) async fn incompressible_mebibyte_reads_back_byte_for_byte<T: Table>(world: World<T>) {
    let events = [world.event(1, b"{}"), world.event(2, &noise(1024 * 1024)), world.event(3, b"{}")];
    world.commit(&state(1, 3), &events, None).await.unwrap();
    assert_eq!(world.log().await, events);

    // Each event can be read by itself, too.
    for (after, event) in (0..).zip(&events) {
        let read = world.table.events(&world.link, &world.subject, after, 1).await.unwrap();
        assert_eq!(read, std::slice::from_ref(event));
    }
}

pub(crate) async fn fact_forgotten_by_state_is_refused_by_table<T: Table>(world: World<T>) {
    let known = world.event(1, b"{}");
    world.commit(&state(1, 1), std::slice::from_ref(&known), None).await.unwrap();

    let mut again = world.event(3, b"{}");
    again.id = known.id.clone();
    let refused = world.commit(&state(2, 3), &[world.event(2, b"{}"), again], None).await;
    assert_eq!(refused, Err(CommitError::KnownFacts(vec![known.id])));
    assert_eq!(world.state().await.version, 1);
    assert_eq!(world.log().await.len(), 1);
}

pub(crate) async fn logs_of_subjects_and_links_are_separate<T: Table>(world: World<T>) {
    let other_subject = world.about(pull_request(70));
    let other_link = World { link: "acme-2".parse().unwrap(), ..world.clone() };
    for world in [&world, &other_subject, &other_link] {
        world.commit(&state(1, 1), &[world.event(1, b"{}")], None).await.unwrap();
    }
    assert_eq!(world.log().await.len(), 1);
    assert_eq!(other_subject.log().await[0].subject, pull_request(70));
    assert_eq!(other_link.log().await[0].link.as_str(), "acme-2");
}
