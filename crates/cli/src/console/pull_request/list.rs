//! The pull requests that were active last.

use std::collections::BTreeSet;

use jiff::Timestamp;
use maud::{Markup, html};
use relay::{LinkId, Subject, SubjectState};
use serde_json::Value;
use store::reading::EventSummary;

use crate::Error;
use crate::console::page::{self, Tab, distance, pull_request_address};
use crate::console::words;
use crate::log::{Log, Stretch, listed};

/// Number of events that are looked at.
const LOOKED_AT: usize = 1_000;

/// Largest number of pull requests of the page.
const MAX_ROWS: usize = 40;

/// A pull request with its last event.
#[derive(Debug)]
pub(crate) struct Active {
    last: EventSummary,
    state: SubjectState,
}

/// Reads the pull requests of the newest events.
pub(crate) async fn active<L: Log>(log: &L, link: Option<&LinkId>) -> Result<Vec<Active>, Error> {
    let stretch = Stretch { link: link.cloned(), ..Stretch::default() };
    let (events, _) = listed(log, &stretch, LOOKED_AT).await?;
    let mut seen = BTreeSet::new();
    let newest = events.into_iter().filter(|event| {
        matches!(event.subject, Subject::PullRequest { .. })
            && seen.insert((event.link.clone(), event.subject.clone()))
    });
    let reads = newest.take(MAX_ROWS).map(|last| async move {
        let state = log.state(&last.link, &last.subject).await?;
        Ok(Active { last, state })
    });
    futures::future::try_join_all(reads).await
}

/// Renders the list.
pub(crate) fn list(active: &[Active], now: Timestamp) -> Markup {
    let content = html! {
        h1 { "Pull requests" }
        p .lead { "The pull requests of the newest " (LOOKED_AT) " events, the last active first." }
        @if active.is_empty() { p { "There is none yet." } }
        ul .rows { @for one in active { (row(one, now)) } }
    };
    page::page(Tab::PullRequests, "Pull requests", now, &content)
}

fn row(active: &Active, now: Timestamp) -> Markup {
    let Active { last, state } = active;
    let snapshot = state.pull_request().map(|pr| &pr.snapshot);
    let text = |pointer: &str| snapshot?.pointer(pointer)?.as_str().map(words::clean);
    let about = words::subject(&last.subject, last.repository_name.as_deref());
    let address = pull_request_address(&last.link, &last.subject).unwrap_or_default();
    let number = |field: &str| snapshot?.get(field).and_then(Value::as_u64);
    html! {
        li .row.pull-request {
            div .what {
                p { a href=(address) { (text("/title").unwrap_or_else(|| about.clone())) } }
                p .how { (about) @if let Some(author) = text("/author/display_name") { " · " (author) } }
            }
            div .where {
                @if let Some(state) = text("/state").map(|state| state.to_lowercase()) {
                    span class=(format!("state {state}")) { (state) }
                }
                p .how {
                    "last event " (distance(last.observed_at, now))
                    @if let Some(comments) = number("comment_count") { " · " (comments) " comments" }
                }
            }
        }
    }
}
