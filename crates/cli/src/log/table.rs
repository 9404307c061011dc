//! The log of the table, through its index by link and time.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use relay::{Event, LinkId, Subject, SubjectState};
use store::reading::{EventFilter, EventSummary, Order, Reader, Tail};
use store::{Clock, DynamoTable, SubjectLog};

use super::{Cursor, Log, LogPage, Stretch};
use crate::Error;
use crate::environment::SharedClock;
use crate::session::Session;

/// Interval between reads of new events.
const READ_EVERY: Duration = Duration::from_millis(700);

/// Pause after a failed read of new events.
const RETRY_AFTER: Duration = Duration::from_secs(5);

/// The log of a table.
#[derive(Debug)]
pub(crate) struct TableLog {
    reader: Reader,
    table: DynamoTable,
    /// The links of the stack when the command began, or the one that the configuration names.
    links: Vec<LinkId>,
}

impl TableLog {
    /// Opens the log of the session's table. Nothing is read of it yet.
    pub(crate) async fn open(session: &mut Session<'_, '_>) -> Result<Self, Error> {
        let (reader, table) = (session.reader().await?, session.table().await?);
        Ok(Self { reader, table, links: session.links_to_read().await? })
    }

    /// Follows the log from `now` on.
    pub(crate) async fn tail(&self, now: Timestamp) -> Result<Tail, Error> {
        let tail = Tail::open(self.reader.clone(), self.links.clone(), EventFilter::default(), now);
        Ok(tail.await?)
    }
}

/// Passes each new event on with `news`. Passes a failure on too, and goes on after a pause. Never returns.
pub(crate) async fn follow(
    log: Arc<TableLog>,
    mut tail: Tail,
    clock: SharedClock,
    news: impl Fn(Result<Event, Error>),
) {
    loop {
        let pause = match read(&log, &mut tail, clock.now()).await {
            Ok(events) => {
                for event in events {
                    news(Ok(event));
                }
                READ_EVERY
            }
            Err(error) => {
                news(Err(error));
                RETRY_AFTER
            }
        };
        tokio::time::sleep(pause).await;
    }
}

async fn read(log: &TableLog, tail: &mut Tail, now: Timestamp) -> Result<Vec<Event>, Error> {
    let keys: Vec<_> = tail.next(now).await?.iter().map(EventSummary::item_key).collect();
    let stored = log.reader.stored(&keys).await?;
    Ok(stored.into_iter().map(|stored| stored.event).collect())
}

impl Log for TableLog {
    async fn page(&self, stretch: &Stretch, after: Option<&Cursor>, limit: usize) -> Result<LogPage, Error> {
        let named = stretch.link.as_slice();
        let links = if named.is_empty() { &self.links } else { named };
        // Events of the cursor's own time too: some may come after it.
        let until = after.and_then(|after| after.at.checked_add(SignedDuration::from_nanos(1)).ok());
        let until = [stretch.until, until].into_iter().flatten().min();
        let filter = EventFilter { since: stretch.since, until, ..EventFilter::default() };
        // Twice the limit in all: the partitions of a link are not equally full.
        let mut log = self.reader.log(links, filter, Order::NewestFirst).in_pages_of(limit / 2 + 1);
        let mut events = Vec::new();
        while let Some(page) = log.next().await? {
            events.extend(page);
            if has_whole_page(&events, after, limit) {
                break;
            }
        }
        Ok(cut(events, after, limit))
    }

    async fn events(
        &self,
        link: &LinkId,
        subject: &Subject,
        after: u64,
        limit: usize,
    ) -> Result<Vec<Event>, Error> {
        Ok(self.table.events(link, subject, after, limit).await?)
    }

    async fn state(&self, link: &LinkId, subject: &Subject) -> Result<SubjectState, Error> {
        Ok(self.table.read(link, subject).await?)
    }
}

fn is_after(event: &EventSummary, after: Option<&Cursor>) -> bool {
    after.is_none_or(|after| Cursor::from(event) < *after)
}

/// True if events, the newest first, have more than a page after a cursor, and all that share their times with it. The
/// index does not order events of one time as a cursor does.
fn has_whole_page(events: &[EventSummary], after: Option<&Cursor>, limit: usize) -> bool {
    let beyond = events.iter().filter(|event| is_after(event, after)).nth(limit);
    beyond.zip(events.last()).is_some_and(|(beyond, last)| last.observed_at < beyond.observed_at)
}

/// Returns the page after a cursor, from events that begin with it.
fn cut(mut events: Vec<EventSummary>, after: Option<&Cursor>, limit: usize) -> LogPage {
    events.retain(|event| is_after(event, after));
    events.sort_by_cached_key(|event| std::cmp::Reverse(Cursor::from(event)));
    let is_more = events.len() > limit;
    events.truncate(limit);
    let next = events.last().filter(|_| is_more).map(Cursor::from);
    LogPage { events, next }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Events as the index returns them: by time and sequence only.
    fn summaries(places: &[(i64, u32, u64)]) -> Vec<EventSummary> {
        let summary = |(second, id, sequence): &(i64, u32, u64)| EventSummary {
            id: relay::EventId::stored(format!("{id}-{sequence}")),
            key: bitbucket::EventKey::CommentCreated,
            source: relay::Source::Webhook,
            link: "acme".parse().unwrap(),
            subject: format!("pullrequest/0a1b/{id}").parse().unwrap(),
            repository_name: None,
            sequence: *sequence,
            occurred_at: None,
            observed_at: Timestamp::from_second(*second).unwrap(),
            actor: None,
        };
        places.iter().map(summary).collect()
    }

    #[test]
    fn pages_of_events_of_one_time_have_each_event_once() {
        let events = summaries(&[(9, 1, 2), (8, 3, 1), (8, 7, 1), (8, 5, 1), (8, 4, 1), (7, 1, 1)]);
        let (mut seen, mut after) = (Vec::new(), None);
        loop {
            let page = cut(events.clone(), after.as_ref(), 2);
            seen.extend(page.events.iter().map(|event| event.id.to_string()));
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        assert_eq!(seen, ["1-2", "7-1", "5-1", "4-1", "3-1", "1-1"]);
    }

    #[test]
    fn page_is_whole_with_all_events_of_its_last_time() {
        let events = summaries(&[(9, 1, 2), (8, 3, 1), (8, 7, 1), (8, 5, 1), (7, 1, 1)]);
        assert!(!has_whole_page(&events[..4], None, 2), "an event of the same time may follow");
        assert!(has_whole_page(&events, None, 2));
        let after = Cursor::from(&events[0]);
        assert!(!has_whole_page(&events, Some(&after), 4));
    }
}
