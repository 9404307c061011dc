//! The pages on a log of a hundred thousand events, with every read counted.

use std::time::Instant;

use jiff::{SignedDuration, Timestamp};
use relay::{Event, EventId, LinkId, Subject};
use serde_json::json;
use store::SubjectLog as _;
use store::memory::{ManualClock, MemoryTable};
use store::reading::EventFilter;

use super::query::Query;
use super::{feed, health, pull_request, reviews};
use crate::log::memory::{MemoryLog, Reads};
use crate::played::{BEGIN, Player, WIDGETS, play};

const EVENTS: u64 = 100_000;
const NOW: &str = "2026-11-24T11:20:00Z";

/// Number of events of one pull request.
const EACH: u64 = 40;

fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// Returns a played pull request's events.
async fn played(number: u64) -> Vec<Event> {
    let (table, clock) = (MemoryTable::default(), ManualClock::at(time(BEGIN)));
    let player = Player::new(&table, &clock);
    play(&player).await;
    let subject = format!("pullrequest/{WIDGETS}/{number}").parse().unwrap();
    table.events(&player.link, &subject, 0, 1_000).await.unwrap()
}

/// Returns a log of many pull requests: copies of the events of a played one, 20 seconds apart.
async fn long_log() -> (MemoryLog, LinkId, Subject) {
    let (mut log, template) = (MemoryLog::default(), played(9).await);
    let link: LinkId = "acme".parse().unwrap();
    let subject = |number: u64| format!("pullrequest/{WIDGETS}/{number}").parse::<Subject>().unwrap();
    let first = time(NOW) - SignedDuration::from_secs(20 * i64::try_from(EVENTS).unwrap());
    for number in 0..EVENTS / EACH {
        log.extend((1..=EACH).map(|sequence| {
            let event = number * EACH + sequence;
            let observed_at = first + SignedDuration::from_secs(20 * i64::try_from(event).unwrap());
            let like = &template[usize::try_from(event).unwrap() % template.len()];
            Event {
                id: EventId::stored(format!("{event:032x}")),
                subject: subject(number),
                sequence,
                observed_at,
                occurred_at: Some(observed_at - SignedDuration::from_secs(1)),
                ..like.clone()
            }
        }));
    }
    let last = subject(EVENTS / EACH - 1);
    let state = json!({ "version": 1, "sequence": EACH, "recent_facts": [] });
    log.set(&link, &last, serde_json::from_value(state).unwrap());
    (log, link, last)
}

/// Asserts that a page read at most so much.
fn assert_bounded(page: &str, log: &MemoryLog, begun: Instant, most: Reads) {
    let (reads, took) = (log.take_reads(), begun.elapsed());
    assert!(
        reads.calls <= most.calls && reads.events <= most.events,
        "{page} made {reads:?}, more than {most:?}"
    );
    println!("{page}: {reads:?} in {took:?}");
}

#[tokio::test]
async fn no_page_reads_the_whole_of_a_hundred_thousand_events() {
    let (log, link, subject) = long_log().await;
    let now = time(NOW);
    let most = |calls, events| Reads { calls, events };

    let begun = Instant::now();
    let found = feed::find(&log, &EventFilter::default(), None).await.unwrap();
    let page = feed::feed(&found, &Query::default(), &[], None, now).into_string();
    assert_eq!(page.matches("<li class=\"row\"").count(), 50);
    assert_bounded("the feed", &log, begun, most(4, 300));

    // A filter that nothing passes: the page gives up, and offers to look further.
    let begun = Instant::now();
    let filter = EventFilter { key: Some(bitbucket::EventKey::IssueCreated), ..EventFilter::default() };
    let found = feed::find(&log, &filter, None).await.unwrap();
    let page = feed::feed(&found, &Query::parse(Some("key=issue:created")), &[], None, now).into_string();
    assert!(page.contains("This page has looked at 2000 events"), "{page}");
    assert_bounded("a feed without a match", &log, begun, most(10, 2_000));

    let begun = Instant::now();
    let found = pull_request::find(&log, link, subject, None).await.unwrap().unwrap();
    let page = pull_request::pull_request(&found, &relay::Settings::default(), now).into_string();
    assert!(page.matches("class=\"entry ").count() >= 40, "{page}");
    assert_bounded("a pull request", &log, begun, most(2, 41));

    let begun = Instant::now();
    pull_request::list::active(&log, None).await.unwrap();
    assert_bounded("the pull requests", &log, begun, most(50, 1_000));

    let begun = Instant::now();
    health::find(&log, None, now).await.unwrap();
    assert_bounded("the health", &log, begun, most(13, 5_000));

    let begun = Instant::now();
    let found = reviews::find(&log, None, now).await.unwrap();
    assert!(!found.complete, "the page says that it does not show all");
    assert_bounded("the reviews", &log, begun, most(220, 5_000 + 200 * 40));
}

#[tokio::test]
async fn pages_of_the_feed_have_every_event_once() {
    let (log, ..) = long_log().await;
    let mut seen = std::collections::BTreeSet::new();
    let mut address = Some(String::new());
    for _ in 0..5 {
        let query = Query::parse(address.as_deref());
        let found = feed::find(&log, &EventFilter::default(), query.before()).await.unwrap();
        let page = feed::feed(&found, &query, &[], None, time(NOW)).into_string();
        let ids = page.split("data-id=\"").skip(1).map(|rest| rest.split('"').next().unwrap().to_owned());
        seen.extend(ids);
        let next = page.split("?before=").nth(1).unwrap().split('"').next().unwrap();
        address = Some(format!("before={next}"));
    }
    assert_eq!(seen.len(), 250);
    let last = EVENTS - 249;
    assert_eq!(seen.first().unwrap(), &format!("{last:032x}"));
}
