//! The log of the table. The table has no index by time yet: this reads all summaries once, keeps them in memory and
//! follows the table's stream. An index replaces [`Summaries`] and [`follow`]; nothing else knows of them.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use aws_config::SdkConfig;
use relay::{Event, LinkId, Subject, SubjectState};
use store::reading::{EventFilter, EventSummary, Reader, Tail};
use store::{DynamoTable, SubjectLog};

use super::{Cursor, Log, LogPage, Stretch};
use crate::Error;

/// Largest number of summaries in memory: the newest ones.
const MAX_SUMMARIES: usize = 200_000;

/// Interval between reads of the stream.
const READ_EVERY: Duration = Duration::from_millis(700);

/// Pause after a failed read of the stream.
const RETRY_AFTER: Duration = Duration::from_secs(5);

type Summaries = BTreeMap<Cursor, EventSummary>;

/// The log of a table.
#[derive(Debug)]
pub(crate) struct TableLog {
    reader: Reader,
    table: DynamoTable,
    summaries: Mutex<Summaries>,
}

impl TableLog {
    /// Reads the summaries of the whole log.
    pub(crate) async fn open(reader: Reader, table: DynamoTable) -> Result<Self, Error> {
        let log = Self { reader, table, summaries: Mutex::default() };
        log.load().await?;
        Ok(log)
    }

    async fn load(&self) -> Result<(), Error> {
        let found = self.reader.events(&EventFilter::default(), MAX_SUMMARIES).await?;
        self.lock().extend(found.events.into_iter().map(entry));
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, Summaries> {
        self.summaries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Lists do not show the actor, so that it takes no memory.
fn entry(summary: EventSummary) -> (Cursor, EventSummary) {
    (Cursor::from(&summary), EventSummary { actor: None, ..summary })
}

/// Adds new events to the log, and passes each on with `news`. Passes a failure on too, and goes on after a pause.
/// Never returns.
pub(crate) async fn follow(
    config: &SdkConfig,
    table: &str,
    log: Arc<TableLog>,
    news: impl Fn(Result<Event, Error>),
) {
    loop {
        if let Err(error) = read_stream(config, table, &log, &news).await {
            news(Err(error));
        }
        tokio::time::sleep(RETRY_AFTER).await;
    }
}

async fn read_stream(
    config: &SdkConfig,
    table: &str,
    log: &TableLog,
    news: &impl Fn(Result<Event, Error>),
) -> Result<(), Error> {
    let mut tail = Tail::open(config, table).await?;
    // What was written before the tail was opened.
    log.load().await?;
    loop {
        for stored in tail.next().await? {
            let (cursor, summary) = entry(EventSummary::from(&stored.event));
            log.lock().insert(cursor, summary);
            news(Ok(stored.event));
        }
        tokio::time::sleep(READ_EVERY).await;
    }
}

impl Log for TableLog {
    async fn page(&self, stretch: &Stretch, after: Option<&Cursor>, limit: usize) -> Result<LogPage, Error> {
        Ok(page(&self.lock(), stretch, after, limit))
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

/// Returns a page of sorted summaries.
pub(super) fn page(
    summaries: &Summaries,
    stretch: &Stretch,
    after: Option<&Cursor>,
    limit: usize,
) -> LogPage {
    let is_in = |event: &&EventSummary| {
        stretch.link.as_ref().is_none_or(|link| *link == event.link)
            && stretch.until.is_none_or(|until| event.observed_at < until)
    };
    let before = (Bound::Unbounded, after.map_or(Bound::Unbounded, Bound::Excluded));
    let newest_first = summaries.range(before).rev().map(|(_, event)| event);
    let to_begin =
        newest_first.take_while(|event| stretch.since.is_none_or(|since| since <= event.observed_at));
    let mut events: Vec<_> = to_begin.filter(is_in).take(limit + 1).cloned().collect();
    let is_more = events.len() > limit;
    events.truncate(limit);
    let next = events.last().filter(|_| is_more).map(Cursor::from);
    LogPage { events, next }
}
