//! The feed: the newest events, live.

use std::collections::BTreeMap;

use bitbucket::EventKey;
use jiff::Timestamp;
use maud::{Markup, html};
use relay::{Event, LinkId, Subject};
use serde_json::Value;
use store::reading::{EventFilter, EventSummary};

use super::page::{self, Tab, clock_time, event_address, pull_request_address};
use super::query::Query;
use super::words;
use crate::Error;
use crate::log::{Cursor, Log, Stretch};

/// Number of events of a page.
const ROWS: usize = 50;

/// Largest number of events that one page looks at to find those that pass its filters.
const LOOKED_AT: usize = 2_000;

/// Number of summaries per read.
const PAGE: usize = 200;

/// The events of a page of the feed.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// The events with their payloads, the newest first.
    events: Vec<Event>,
    /// The place to continue from; `None` at the end of the log.
    next: Option<Cursor>,
    /// True if the page ended because it looked at as many events as it may.
    gave_up: bool,
}

/// Reads one page of the feed.
pub(super) async fn find<L: Log>(
    log: &L,
    filter: &EventFilter,
    before: Option<Cursor>,
) -> Result<Found, Error> {
    let (since, until) = (filter.since, filter.until);
    let stretch = Stretch { link: filter.link.clone(), since, until };
    let (mut rows, mut next, mut looked_at) = (Vec::new(), before, 0);
    loop {
        let page = log.page(&stretch, next.as_ref(), PAGE).await?;
        looked_at += page.events.len();
        let mut last = None;
        let mut left_over = false;
        for summary in page.events {
            if rows.len() == ROWS {
                left_over = true;
                break;
            }
            last = Some(Cursor::from(&summary));
            if filter.passes(&summary) {
                rows.push(summary);
            }
        }
        next = if left_over { last } else { page.next };
        let is_done = rows.len() == ROWS || next.is_none();
        if is_done || looked_at >= LOOKED_AT {
            return Ok(Found { events: whole(log, &rows).await?, next, gave_up: !is_done });
        }
    }
}

/// Reads the payloads of some events, one read for each run of one subject, and keeps their order.
async fn whole<L: Log>(log: &L, rows: &[EventSummary]) -> Result<Vec<Event>, Error> {
    /// Largest gap between two sequences that one read spans.
    const GAP: u64 = 20;
    let mut sequences: BTreeMap<(&LinkId, &Subject), Vec<u64>> = BTreeMap::new();
    for row in rows {
        sequences.entry((&row.link, &row.subject)).or_default().push(row.sequence);
    }
    let mut runs = Vec::new();
    for ((link, subject), mut wanted) in sequences {
        wanted.sort_unstable();
        for run in wanted.chunk_by(|a, b| b - a <= GAP) {
            let (Some(first), Some(last)) = (run.first(), run.last()) else { continue };
            let count = usize::try_from(last - first + 1).unwrap_or(ROWS);
            runs.push(log.events(link, subject, first - 1, count));
        }
    }
    let read = futures::future::try_join_all(runs).await?;
    let mut events: BTreeMap<_, _> = read
        .into_iter()
        .flatten()
        .map(|event| ((event.link.clone(), event.subject.clone(), event.sequence), event))
        .collect();
    Ok(rows
        .iter()
        .filter_map(|row| events.remove(&(row.link.clone(), row.subject.clone(), row.sequence)))
        .collect())
}

/// Renders the feed.
pub(super) fn feed(
    found: &Found,
    query: &Query,
    wrong: &[String],
    trouble: Option<&str>,
    now: Timestamp,
) -> Markup {
    let is_newest = query.before().is_none();
    let content = html! {
        div .title-row {
            h1 { "Feed" }
            @if is_newest { (live_switch(query, trouble)) }
        }
        (filters(query))
        @for sentence in wrong { p .notice { (sentence) } }
        div #days {
            @for day in found.events.chunk_by(|a, b| page::day(a.observed_at) == page::day(b.observed_at)) {
                @if let Some(first) = day.first() {
                    section .day data-day=(day_id(first)) {
                        h2 { (page::day(first.observed_at)) }
                        ol .rows { @for event in day { (row(event)) } }
                    }
                }
            }
        }
        @if found.events.is_empty() { (nothing(query, found.gave_up)) }
        @if let Some(next) = &found.next {
            @if found.gave_up {
                p .notice { "This page has looked at " (LOOKED_AT) " events. Older ones may match too." }
            }
            p .more { a href=(query.address("/", Some(("before", &next.to_string())))) rel="next" { "Older events" } }
        }
    };
    page::page(Tab::Feed, "Feed", now, &content)
}

fn live_switch(query: &Query, trouble: Option<&str>) -> Markup {
    html! {
        p #live .live data-address=(query.address("/live", None)) role="status" {
            @match trouble {
                Some(trouble) => { "Not live: " (trouble) },
                None => { "Reload the page to see new events." },
            }
        }
    }
}

fn nothing(query: &Query, gave_up: bool) -> Markup {
    html! {
        p .lead {
            @if gave_up { "None of these events matches." }
            @else if query.filters() { "No event matches these filters. " a href="/" { "Show all events" } "." }
            @else {
                "The log is empty. Open a pull request, or send a sample: "
                code { "bitrelay trigger pullrequest:created" } "."
            }
        }
    }
}

fn filters(query: &Query) -> Markup {
    let field = |name: &str, label: &str, example: &str| {
        html! {
            label {
                span { (label) }
                input name=(name) value=(query.get(name).unwrap_or_default()) placeholder=(example)
                    autocomplete="off" spellcheck="false";
            }
        }
    };
    html! {
        details .filters open[query.filters()] {
            summary { "Filters" }
            form method="get" action="/" {
                (field("repository", "Repository", "acme/widgets"))
                (field("pr", "Pull request", "7"))
                label { span { "Event key" }
                    select name="key" {
                        option value="" { "any" }
                        @for key in EventKey::KNOWN {
                            option value=(key) selected[query.get("key") == Some(key.as_str())] { (key) }
                        }
                    }
                }
                label { span { "Source" }
                    select name="source" {
                        @for (value, shown) in [("", "any"), ("webhook", "webhook"), ("poll", "poll")] {
                            option value=(value) selected[query.get("source").unwrap_or_default() == value] { (shown) }
                        }
                    }
                }
                (field("since", "Since", "2h, or 2026-11-24"))
                (field("until", "Until", ""))
                (field("link", "Link", "all"))
                p .buttons {
                    button type="submit" { "Apply" }
                    @if query.filters() { " " a href="/" { "Clear" } }
                }
            }
        }
    }
}

/// Returns the id of an event's day, for rows that are added later.
pub(super) fn day_id(event: &Event) -> String {
    event.observed_at.strftime("%Y-%m-%d").to_string()
}

/// Renders one event as a row.
pub(super) fn row(event: &Event) -> Markup {
    let payload: Value = serde_json::from_slice(&event.payload).unwrap_or_default();
    let said = words::describe(event, &payload);
    let name = event.repository_name.as_deref();
    let subject = words::subject(&event.subject, name);
    let who = words::name(event.actor.as_ref());
    html! {
        li .row data-id=(event.id) data-day=(day_id(event)) data-day-name=(page::day(event.observed_at)) {
            span .when { (clock_time(event.observed_at)) }
            (page::sign(event.source))
            div .what {
                p {
                    @match who { Some(who) => b { (who) }, None => span .unknown { "Somebody" } }
                    " " (said.act)
                    @if !event.trusted { " " span .untrusted { "not proven by its body" } }
                }
                @if let Some(quote) = said.quote { p .quote { (words::short(&quote)) } }
            }
            div .where {
                @match pull_request_address(&event.link, &event.subject) {
                    Some(address) => a href=(address) { (subject) },
                    None => span { (subject) },
                }
                p .how {
                    span class=(event.source.as_str()) { (event.source.as_str()) }
                    @if let Some(late) = words::lateness(event) { " · " (words::late(late)) }
                    " · "
                    a href=(event_address(&event.link, &event.subject, event.sequence)) { "event " (event.sequence) }
                }
            }
        }
    }
}
