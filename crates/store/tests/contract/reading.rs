//! Reading the log for people, against dynoxide: filters, limits and the tail.

use aws_config::SdkConfig;
use bitbucket::{EventKey, PullRequestId, RepositoryId};
use relay::{Event, Source, Subject, SubjectState};
use store::reading::{EventFilter, FoundEvents, Reader, RepositoryFilter, Tail};
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

    async fn found(&self, filter: EventFilter, limit: usize) -> FoundEvents {
        self.reader.events(&filter, limit).await.unwrap()
    }

    async fn places(&self, filter: EventFilter) -> Vec<String> {
        let found = self.found(filter, 100).await;
        assert!(found.complete);
        found.events.iter().map(|event| format!("{} {}", event.subject, event.sequence)).collect()
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

fn everything() -> EventFilter {
    EventFilter::default()
}

#[tokio::test]
async fn newest_events_of_all_pull_requests_come_first() {
    let library = Library::furnished().await;
    let all = [
        "pullrequest/0a1b/7 3",
        "pullrequest/0c2d/7 1",
        "pullrequest/0a1b/7 2",
        "pullrequest/0a1b/8 1",
        "pullrequest/0a1b/7 1",
    ];
    assert_eq!(library.places(everything()).await, all);

    let two = library.found(everything(), 2).await;
    assert_eq!(two.events.iter().map(|event| event.sequence).collect::<Vec<_>>(), [3, 1]);
    assert_eq!(two.events[0].actor.as_ref().unwrap()["display_name"], "Ünïcode");
}

#[tokio::test]
async fn every_filter_passes_only_matching_events() {
    let library = Library::furnished().await;
    let by_name = |name: &str| Some(name.parse::<RepositoryFilter>().unwrap());
    let table = [
        (EventFilter { link: Some("acme".parse().unwrap()), ..everything() }, 5),
        (EventFilter { link: Some("other".parse().unwrap()), ..everything() }, 0),
        (EventFilter { repository: by_name("Acme/Widgets"), ..everything() }, 4),
        (EventFilter { repository: by_name("{0C2D}"), ..everything() }, 1),
        (EventFilter { repository: by_name("acme/none"), ..everything() }, 0),
        (EventFilter { pull_request: Some(PullRequestId(7)), ..everything() }, 4),
        (EventFilter { key: Some(EventKey::CommentUpdated), ..everything() }, 1),
        (EventFilter { source: Some(Source::Webhook), ..everything() }, 4),
        (EventFilter { since: Some(time(60)), ..everything() }, 3),
        (EventFilter { until: Some(time(60)), ..everything() }, 2),
        (EventFilter { since: Some(time(60)), until: Some(time(61)), ..everything() }, 1),
    ];
    for (filter, expected) in table {
        assert_eq!(library.places(filter.clone()).await.len(), expected, "{filter:?}");
    }
}

#[tokio::test]
async fn pull_request_is_read_without_rest_of_table() {
    let library = Library::furnished().await;
    // More than the one page that may be read, in another partition.
    for id in 20..24 {
        let world = library.world.about(pull_request(id));
        let state = SubjectState { version: 1, sequence: 1, ..SubjectState::default() };
        world.commit(&state, &[world.event(1, &noise(600_000))], None).await.unwrap();
    }
    let reader = library.reader.clone().with_max_pages(1);
    let repository = Some(RepositoryFilter::Id(RepositoryId::new("0a1b")));
    let one = EventFilter {
        link: Some("acme".parse().unwrap()),
        repository,
        pull_request: Some(PullRequestId(7)),
        ..everything()
    };
    let found = reader.events(&one, 2).await.unwrap();
    assert!(found.complete);
    assert_eq!(found.events.iter().map(|event| event.sequence).collect::<Vec<_>>(), [3, 2]);

    let found = reader.events(&everything(), 100).await.unwrap();
    assert!(!found.complete, "what was not read is told");
    let searched = reader.find("no-such-id").await;
    assert_eq!(searched, Err(Error::TooManyPages { pages: 1 }), "nothing is claimed of what was not read");
}

#[tokio::test]
async fn event_is_found_by_id_and_repository_by_name() {
    let library = Library::furnished().await;
    let place = library.reader.find("pullrequest/0a1b/7-2").await.unwrap().unwrap();
    assert_eq!((place.subject, place.sequence), (pull_request(7), 2));
    assert_eq!(library.reader.find("pullrequest/0a1b/7-9").await.unwrap(), None);

    let id = async |name: &str| library.reader.repository_id(None, name).await.unwrap();
    assert_eq!(id("ACME/gears").await, Some(RepositoryId::new("0c2d")));
    assert_eq!(id("acme/none").await, None);
}

#[tokio::test]
async fn tail_returns_later_events_once_each() {
    let library = Library::furnished().await;
    let mut tail = Tail::open(&library.config, "bitrelay").await.unwrap();
    assert!(tail.next().await.unwrap().is_empty(), "what was written before is not told");

    library.write(&pull_request(9), "acme/widgets", &[200, 201]).await;
    let told = tail.next().await.unwrap();
    let sequences: Vec<_> = told.iter().map(|stored| stored.event.sequence).collect();
    assert_eq!((sequences, &told[0].event.subject), (vec![1, 2], &pull_request(9)));
    assert!(tail.next().await.unwrap().is_empty());
}

#[tokio::test]
async fn missing_table_is_an_error() {
    let library = Library::empty().await;
    let error = Reader::connect(&library.config, "elsewhere").events(&everything(), 1).await.unwrap_err();
    assert!(matches!(error, Error::Refused { .. }), "{error}");
    let error = Tail::open(&library.config, "elsewhere").await.unwrap_err();
    assert!(matches!(error, Error::Refused { .. }), "{error}");
}
