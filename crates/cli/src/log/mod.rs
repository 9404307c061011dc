//! Reading the log by link and time, for the console and the figures of reviews.
//!
//! [`Log`] is all that they know of the table. Every call costs a bounded number of reads.

mod table;

use std::fmt;
use std::future::Future;
use std::str::FromStr;

use jiff::Timestamp;
use relay::{Event, LinkId, Subject, SubjectState};
use store::reading::EventSummary;

use crate::Error;
pub(crate) use table::{TableLog, follow};

/// The log and the states of subjects, as pages read them.
pub(crate) trait Log: Send + Sync + 'static {
    /// Returns the next events of a stretch after a cursor, without their payloads: at most `limit`.
    fn page(
        &self,
        stretch: &Stretch,
        after: Option<&Cursor>,
        limit: usize,
    ) -> impl Future<Output = Result<LogPage, Error>> + Send;

    /// Returns events of one subject with their payloads, oldest first, from the one after `after_sequence`.
    fn events(
        &self,
        link: &LinkId,
        subject: &Subject,
        after_sequence: u64,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<Event>, Error>> + Send;

    /// Returns the stored state of a subject.
    fn state(
        &self,
        link: &LinkId,
        subject: &Subject,
    ) -> impl Future<Output = Result<SubjectState, Error>> + Send;
}

/// A stretch of the log: the events of a link, or of all links, that were observed in a time. It is read from its end:
/// the latest observed event first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Stretch {
    /// Only this link; `None` for all.
    pub(crate) link: Option<LinkId>,
    /// Observed at this time or later.
    pub(crate) since: Option<Timestamp>,
    /// Observed before this time.
    pub(crate) until: Option<Timestamp>,
}

/// One page of a stretch.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct LogPage {
    /// The events, the latest observed first.
    pub(crate) events: Vec<EventSummary>,
    /// The place to continue from; `None` at the end of the stretch.
    pub(crate) next: Option<Cursor>,
}

/// Place of an event in the order of the log: time, link, subject, sequence.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Cursor {
    at: Timestamp,
    link: LinkId,
    subject: Subject,
    sequence: u64,
}

impl From<&EventSummary> for Cursor {
    fn from(event: &EventSummary) -> Self {
        Self {
            at: event.observed_at,
            link: event.link.clone(),
            subject: event.subject.clone(),
            sequence: event.sequence,
        }
    }
}

/// The parts with `~` between them, for addresses of pages. [`FromStr`] reads it back.
impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}~{}~{}~{}", self.at.as_nanosecond(), self.link, self.subject, self.sequence)
    }
}

impl FromStr for Cursor {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const INVALID: &str = "not a place in the log";
        let [at, link, subject, sequence] =
            text.split('~').collect::<Vec<_>>().try_into().map_err(|_| INVALID)?;
        let at = at.parse().ok().and_then(|at| Timestamp::from_nanosecond(at).ok()).ok_or(INVALID)?;
        Ok(Self {
            at,
            link: link.parse().map_err(|_| INVALID)?,
            subject: subject.parse().map_err(|_| INVALID)?,
            sequence: sequence.parse().map_err(|_| INVALID)?,
        })
    }
}

/// Reads a stretch page by page until `enough` events were read or it ends. The second value is false if there are
/// more.
pub(crate) async fn listed<L: Log>(
    log: &L,
    stretch: &Stretch,
    enough: usize,
) -> Result<(Vec<EventSummary>, bool), Error> {
    const PAGE: usize = 2_000;
    let (mut events, mut after) = (Vec::new(), None);
    while events.len() < enough {
        let page = log.page(stretch, after.as_ref(), PAGE.min(enough - events.len())).await?;
        events.extend(page.events);
        after = page.next;
        if after.is_none() {
            return Ok((events, true));
        }
    }
    Ok((events, false))
}

#[cfg(test)]
pub(crate) mod memory;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cursor_reads_back() {
        let cursor = Cursor {
            at: "2026-11-24T10:00:00.123456789Z".parse().unwrap(),
            link: "acme".parse().unwrap(),
            subject: "pullrequest/acme:widgets/7".parse().unwrap(),
            sequence: 12,
        };
        assert_eq!(cursor.to_string().parse(), Ok(cursor));
        for bad in ["", "1~acme~link", "x~acme~link~1", "1~~link~1", "1~acme~what/1~1", "1~acme~link~1~2"] {
            assert!(bad.parse::<Cursor>().is_err(), "{bad:?}");
        }
    }
}
