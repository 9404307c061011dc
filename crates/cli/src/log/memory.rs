//! A log in memory that counts its reads, for tests.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Mutex;

use relay::{Event, LinkId, Subject, SubjectState};
use store::reading::EventSummary;

use super::{Cursor, Log, LogPage, Stretch};
use crate::Error;

/// Number of reads, and of the events that they returned.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Reads {
    pub(crate) calls: usize,
    pub(crate) events: usize,
}

/// A log in memory.
#[derive(Debug, Default)]
pub(crate) struct MemoryLog {
    summaries: BTreeMap<Cursor, EventSummary>,
    events: BTreeMap<(LinkId, Subject), Vec<Event>>,
    states: BTreeMap<(LinkId, Subject), SubjectState>,
    reads: Mutex<Reads>,
}

impl MemoryLog {
    /// Adds events; those of one subject have to come in the order of their sequence.
    pub(crate) fn extend(&mut self, events: impl IntoIterator<Item = Event>) {
        for event in events {
            let summary = EventSummary::from(&event);
            self.summaries.insert(Cursor::from(&summary), summary);
            self.events.entry((event.link.clone(), event.subject.clone())).or_default().push(event);
        }
    }

    /// Sets the state of a subject.
    pub(crate) fn set(&mut self, link: &LinkId, subject: &Subject, state: SubjectState) {
        self.states.insert((link.clone(), subject.clone()), state);
    }

    /// Returns the reads since the last call.
    pub(crate) fn take_reads(&self) -> Reads {
        std::mem::take(&mut self.reads.lock().unwrap())
    }

    fn page_of(&self, stretch: &Stretch, after: Option<&Cursor>, limit: usize) -> LogPage {
        let is_in = |event: &&EventSummary| {
            stretch.link.as_ref().is_none_or(|link| *link == event.link)
                && stretch.until.is_none_or(|until| event.observed_at < until)
        };
        let before = (Bound::Unbounded, after.map_or(Bound::Unbounded, Bound::Excluded));
        let newest_first = self.summaries.range(before).rev().map(|(_, event)| event);
        let in_time =
            newest_first.take_while(|event| stretch.since.is_none_or(|since| since <= event.observed_at));
        let mut events: Vec<_> = in_time.filter(is_in).take(limit + 1).cloned().collect();
        let has_more = events.len() > limit;
        events.truncate(limit);
        let next = events.last().filter(|_| has_more).map(Cursor::from);
        LogPage { events, next }
    }

    fn count(&self, events: usize) {
        let mut reads = self.reads.lock().unwrap();
        reads.calls += 1;
        reads.events += events;
    }
}

impl Log for MemoryLog {
    async fn page(&self, stretch: &Stretch, after: Option<&Cursor>, limit: usize) -> Result<LogPage, Error> {
        let page = self.page_of(stretch, after, limit);
        self.count(page.events.len());
        Ok(page)
    }

    async fn events(
        &self,
        link: &LinkId,
        subject: &Subject,
        after: u64,
        limit: usize,
    ) -> Result<Vec<Event>, Error> {
        let all = self.events.get(&(link.clone(), subject.clone())).into_iter().flatten();
        let events: Vec<_> = all.filter(|event| event.sequence > after).take(limit).cloned().collect();
        self.count(events.len());
        Ok(events)
    }

    async fn state(&self, link: &LinkId, subject: &Subject) -> Result<SubjectState, Error> {
        self.count(0);
        Ok(self.states.get(&(link.clone(), subject.clone())).cloned().unwrap_or_default())
    }
}
