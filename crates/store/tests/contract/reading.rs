//! Reading the log by link and time, against dynoxide: order, filters, pages, cursors and the tail.

use aws_config::SdkConfig;
use bitbucket::{EventKey, PullRequestId, RepositoryId};
use relay::{Event, LinkId, Source, Subject, SubjectState};
use store::reading::{Cursor, EventFilter, EventSummary, Log, Order, Reader, RepositoryFilter, Tail};
use store::{DynamoTable, Error};

use crate::hosts;
use crate::world::{World, noise, pull_request, time};

struct Library {
    config: SdkConfig,
    world: World<DynamoTable>,
    reader: Reader,
}

impl Library {
    async fn empty() -> Self {
        let config = hosts::dynoxide::start_config().await;
        let world = World::of(DynamoTable::connect(&config, "bitrelay"));
        let reader = Reader::connect(&config, "bitrelay");
        Self { config, world, reader }
    }

    /// Three pull requests in two repositories, each with an event a minute; all of them begin at the same time.
    async fn furnished() -> Self {
        let library = Self::empty().await;
        library.write(&pull_request(7), "acme/widgets", &[0, 60, 120]).await;
        library.write(&pull_request(8), "acme/widgets", &[30]).await;
        library.write(&"pullrequest/0c2d/7".parse().unwrap(), "acme/gears", &[90]).await;
        library
    }

    async fn write(&self, subject: &Subject, name: &str, seconds: &[i64]) {
        let world = self.world.about(subject.clone());
        let events: Vec<_> =
            (1..).zip(seconds).map(|(sequence, at)| event(&world, sequence, name, *at)).collect();
        let sequence = events.len() as u64;
        let state = SubjectState { version: 1, sequence, ..SubjectState::default() };
        world.commit(&state, &events, None).await.unwrap();
    }

    fn log(&self, filter: EventFilter, order: Order) -> Log {
        self.reader.log(&links(), filter, order)
    }

    async fn places(&self, filter: EventFilter) -> Vec<String> {
        all(self.log(filter, Order::NewestFirst)).await.iter().map(place).collect()
    }
}

fn event(world: &World<DynamoTable>, sequence: u64, name: &str, seconds: i64) -> Event {
    Event {
        id: relay::EventId::stored(format!("{}-{sequence}", world.subject)),
        key: if sequence == 2 { EventKey::CommentUpdated } else { EventKey::CommentCreated },
        source: if sequence == 2 { Source::Poll } else { Source::Webhook },
        repository_name: Some(name.to_owned()),
        observed_at: time(seconds),
        ..world.event(sequence, br#"{"actor":{}}"#)
    }
}

fn links() -> [LinkId; 1] {
    ["acme".parse().unwrap()]
}

fn everything() -> EventFilter {
    EventFilter::default()
}

fn place(event: &EventSummary) -> String {
    format!("{} {}", event.subject, event.sequence)
}

async fn all(mut log: Log) -> Vec<EventSummary> {
    let mut events = Vec::new();
    while let Some(page) = log.next().await.unwrap() {
        events.extend(page);
    }
    events
}

#[tokio::test]
async fn events_of_all_pull_requests_come_in_order_of_time() {
    let library = Library::furnished().await;
    let mut expected = [
        "pullrequest/0a1b/7 3",
        "pullrequest/0c2d/7 1",
        "pullrequest/0a1b/7 2",
        "pullrequest/0a1b/8 1",
        "pullrequest/0a1b/7 1",
    ];
    assert_eq!(library.places(everything()).await, expected);
    expected.reverse();
    let oldest_first = all(library.log(everything(), Order::OldestFirst)).await;
    assert_eq!(oldest_first.iter().map(place).collect::<Vec<_>>(), expected);
    assert_eq!(oldest_first[0].actor.as_deref(), Some("Ünïcode"));
}

#[tokio::test]
async fn summary_from_the_index_is_that_of_the_event() {
    let library = Library::furnished().await;
    let log = library.world.log().await;
    let filter = EventFilter { pull_request: Some(PullRequestId(7)), ..everything() };
    let filter = EventFilter { repository: Some("acme/widgets".parse().unwrap()), ..filter };
    let found = all(library.log(filter, Order::OldestFirst)).await;
    assert_eq!(found, log.iter().map(EventSummary::from).collect::<Vec<_>>());
}

#[tokio::test]
async fn every_filter_passes_only_matching_events() {
    let library = Library::furnished().await;
    let by_name = |name: &str| Some(name.parse::<RepositoryFilter>().unwrap());
    let of_number = |id: u64| EventFilter { pull_request: Some(PullRequestId(id)), ..everything() };
    let table = [
        (EventFilter { id: Some("pullrequest/0a1b/7-2".to_owned()), ..everything() }, 1),
        (EventFilter { repository: by_name("Acme/Widgets"), ..everything() }, 4),
        (EventFilter { repository: by_name("{0C2D}"), ..everything() }, 1),
        (EventFilter { repository: by_name("acme/none"), ..everything() }, 0),
        (of_number(7), 4),
        (EventFilter { key: Some(EventKey::CommentUpdated), ..everything() }, 1),
        (EventFilter { source: Some(Source::Webhook), ..everything() }, 4),
        (EventFilter { since: Some(time(60)), ..everything() }, 3),
        (EventFilter { until: Some(time(60)), ..everything() }, 2),
        (EventFilter { since: Some(time(60)), until: Some(time(61)), ..everything() }, 1),
        (EventFilter { since: Some(time(60)), until: Some(time(60)), ..everything() }, 0),
        // Without the index by time.
        (EventFilter { repository: by_name("{0A1B}"), until: Some(time(60)), ..of_number(7) }, 1),
        (EventFilter { repository: by_name("{0A1B}"), since: Some(time(60)), ..of_number(7) }, 2),
    ];
    for (filter, expected) in table {
        assert_eq!(library.places(filter.clone()).await.len(), expected, "{filter:?}");
    }
}

#[tokio::test]
async fn logs_of_links_are_separate_or_merged() {
    let library = Library::furnished().await;
    let other = World { link: "globex".parse().unwrap(), ..library.world.clone() };
    let state = SubjectState { version: 1, sequence: 1, ..SubjectState::default() };
    other.commit(&state, &[event(&other, 1, "globex/bolts", 45)], None).await.unwrap();

    assert_eq!(library.places(everything()).await.len(), 5);
    let both = ["acme".parse().unwrap(), "globex".parse().unwrap()];
    let merged = all(library.reader.log(&both, everything(), Order::OldestFirst)).await;
    let of: Vec<_> = merged.iter().map(|event| event.link.as_str()).collect();
    assert_eq!(of, ["acme", "acme", "globex", "acme", "acme", "acme"]);
    for (link, expected) in [("acme", 5), ("globex", 1), ("initech", 0)] {
        let filter = EventFilter { link: Some(link.parse().unwrap()), ..everything() };
        let found = all(library.reader.log(&both, filter, Order::OldestFirst)).await;
        assert_eq!(found.len(), expected, "{link}");
    }
    let none = all(library.reader.log(&[], everything(), Order::OldestFirst)).await;
    assert!(none.is_empty());
}

#[tokio::test]
async fn pull_request_named_by_id_is_read_without_the_index() {
    let library = Library::furnished().await;
    // A large payload continues in further items.
    let world = library.world.about(pull_request(9));
    let state = SubjectState { version: 1, sequence: 2, ..SubjectState::default() };
    let large = Event { payload: noise(800_000), ..event(&world, 1, "acme/widgets", 0) };
    world.commit(&state, &[large, event(&world, 2, "acme/widgets", 1)], None).await.unwrap();

    let repository = Some(RepositoryFilter::Id(RepositoryId::new("0a1b")));
    let filter = EventFilter { repository, pull_request: Some(PullRequestId(9)), ..everything() };
    let found = all(library.log(filter, Order::NewestFirst)).await;
    assert_eq!(found.iter().map(place).collect::<Vec<_>>(), ["pullrequest/0a1b/9 2", "pullrequest/0a1b/9 1"]);
    assert_eq!(found[1].observed_at, time(0));
}

#[tokio::test]
async fn cursor_continues_behind_the_events_that_passed() {
    let library = Library::furnished().await;
    let repository = Some(RepositoryFilter::Id(RepositoryId::new("0a1b")));
    let one = EventFilter { repository, pull_request: Some(PullRequestId(7)), ..everything() };
    for filter in [everything(), one] {
        for order in [Order::OldestFirst, Order::NewestFirst] {
            let events = all(library.log(filter.clone(), order)).await;
            let mut cursor = Cursor::default();
            for (passed, event) in events.iter().enumerate() {
                cursor.pass(event);
                let text = serde_json::to_string(&cursor).unwrap();
                let kept: Cursor = serde_json::from_str(&text).unwrap();
                let rest = all(library.log(filter.clone(), order).from(&kept)).await;
                assert_eq!(rest, events[passed + 1..], "after {passed}");
            }
        }
    }
}

#[tokio::test]
async fn log_of_many_pages_is_complete_and_in_order() {
    let library = Library::empty().await;
    for id in 1..=12 {
        let seconds: Vec<i64> = (0..45).map(|n| n * 13 + id).collect();
        library.write(&pull_request(id.cast_unsigned()), "acme/widgets", &seconds).await;
    }
    let mut log = library.log(everything(), Order::OldestFirst);
    assert!(format!("{log:?}").starts_with("Log { filter: "), "{log:?}");
    let first = log.next().await.unwrap().unwrap();
    assert!(first.len() < 540 && log.reached() >= first.last().map(|event| event.observed_at), "{log:?}");
    let rest = all(log).await;
    let times: Vec<_> = first.iter().chain(&rest).map(|event| event.observed_at).collect();
    assert!(times.len() == 540 && times.is_sorted());
}

#[tokio::test]
async fn events_are_read_by_key_in_the_order_of_the_keys() {
    let library = Library::furnished().await;
    let found = all(library.log(everything(), Order::NewestFirst)).await;
    let mut keys: Vec<_> = found.iter().map(EventSummary::item_key).collect();
    keys.insert(1, store::reading::ItemKey { pk: "acme#nothing".to_owned(), sk: keys[0].sk.clone() });
    let stored = library.reader.stored(&keys).await.unwrap();
    let ids: Vec<_> = stored.iter().map(|stored| stored.event.id.clone()).collect();
    assert_eq!(ids, found.iter().map(|event| event.id.clone()).collect::<Vec<_>>());
    assert_eq!(stored[0].event.payload, br#"{"actor":{}}"#);
    assert!(library.reader.stored(&[]).await.unwrap().is_empty());
}

#[tokio::test]
async fn repository_is_found_by_its_name() {
    let library = Library::furnished().await;
    let id = async |name: &str| library.reader.repository_id(&links(), name).await.unwrap();
    assert_eq!(id("ACME/gears").await, Some(RepositoryId::new("0c2d")));
    assert_eq!(id("acme/none").await, None);
}

#[tokio::test]
async fn tail_returns_later_events_once_each() {
    let library = Library::furnished().await;
    let reader = library.reader.clone();
    let mut tail = Tail::open(reader, links().to_vec(), everything(), time(130)).await.unwrap();
    assert!(tail.next(time(131)).await.unwrap().is_empty(), "earlier events are left out");

    library.write(&pull_request(9), "acme/widgets", &[200, 201]).await;
    let found = tail.next(time(202)).await.unwrap();
    let sequences: Vec<_> = found.iter().map(|event| event.sequence).collect();
    assert_eq!((sequences, &found[0].subject), (vec![1, 2], &pull_request(9)));
    assert!(tail.next(time(203)).await.unwrap().is_empty());

    // It appears after later ones, and from a clock that is ahead.
    library.write(&pull_request(10), "acme/widgets", &[190]).await;
    library.write(&pull_request(11), "acme/widgets", &[240]).await;
    let found = tail.next(time(204)).await.unwrap();
    assert_eq!(
        found.iter().map(place).collect::<Vec<_>>(),
        ["pullrequest/0a1b/10 1", "pullrequest/0a1b/11 1"]
    );
    assert!(tail.next(time(400)).await.unwrap().is_empty());
}

#[tokio::test]
async fn missing_table_is_an_error() {
    let library = Library::empty().await;
    let reader = Reader::connect(&library.config, "elsewhere");
    let error = reader.log(&links(), everything(), Order::NewestFirst).next().await.unwrap_err();
    assert!(matches!(error, Error::Refused { .. }), "{error}");
    let error = Tail::open(reader, links().to_vec(), everything(), time(0)).await.unwrap_err();
    assert!(matches!(error, Error::Refused { .. }), "{error}");
}
