//! The page of a pull request, and the list of the pull requests that were active last.
//!
//! | module | holds |
//! | --- | --- |
//! | [`story`] | the events in their order, edits as differences; pure |
//! | [`axis`] | the scale of the time axis; pure |
//! | `chart` | the time axis as a drawing |
//! | [`list`] | the pull requests that were active last |

mod axis;
mod chart;
pub(super) mod list;
mod story;

use jiff::{SignedDuration, Timestamp};
use maud::{Markup, html};
use relay::state::PullRequestState;
use relay::{Counters, Event, LinkId, Settings, Source, Subject, SubjectState};

use self::chart::{Plans, Window};
use self::story::{Body, Entry, Piece, Tag};
use super::page::{self, Tab, clock_time, event_address, moment, source};
use super::words;
use crate::Error;
use crate::log::Log;
use crate::output::length;

/// Number of events of a page: the newest.
const EVENTS: u64 = 200;

/// A pull request as it was read.
#[derive(Debug)]
pub(super) struct Found {
    link: LinkId,
    subject: Subject,
    state: SubjectState,
    events: Vec<Event>,
    /// Sequence of the last event before those of the page.
    before: u64,
}

/// Reads a pull request's state and its newest events, or those up to `until`. `None` if the log has none of it.
pub(super) async fn find<L: Log>(
    log: &L,
    link: LinkId,
    subject: Subject,
    until: Option<u64>,
) -> Result<Option<Found>, Error> {
    let state = log.state(&link, &subject).await?;
    if state.sequence == 0 {
        return Ok(None);
    }
    let last = until.unwrap_or(state.sequence).min(state.sequence);
    let before = last.saturating_sub(EVENTS);
    let count = usize::try_from(last - before).unwrap_or_default();
    // A page of the newest events also shows what was stored since the state was read.
    let count = if until.is_none() { count + 1 } else { count };
    let events = log.events(&link, &subject, before, count).await?;
    Ok(Some(Found { link, subject, state, events, before }))
}

/// Renders a pull request.
pub(super) fn pull_request(found: &Found, settings: &Settings, now: Timestamp) -> Markup {
    let entries = story::tell(&found.events);
    let name = found.events.last().and_then(|event| event.repository_name.as_deref());
    let about = words::subject(&found.subject, name);
    let pr = found.state.pull_request();
    let text = |pointer: &str| pr?.snapshot.pointer(pointer)?.as_str().map(words::clean);
    let title = text("/title").unwrap_or_else(|| about.clone());
    let branches = text("/source/branch/name").zip(text("/destination/branch/name"));
    let content = html! {
        p .crumbs { a href="/pull-requests" { "Pull requests" } " / " (about) }
        h1 { (title) }
        p .lead {
            @if let Some(state) = text("/state").map(|state| state.to_lowercase()) {
                span class=(format!("state {state}")) { (state) } " "
            }
            @if let Some(author) = text("/author/display_name") { "by " b { (author) } }
            @if let Some((from, to)) = branches { ", " code { (from) } " → " code { (to) } }
            ", link " (found.link)
        }
        @if let Some(pr) = pr { (counters(&pr.count())) }
        @if let Some(refusal) = found.state.refusal {
            p .notice {
                "Since " (moment(refusal.since)) " Bitbucket answers that it does not exist or may not be read."
            }
        }
        (chart::chart(&entries, &plans(&found.state, pr, settings), now))
        h2 { "Timeline" }
        @if found.before > 0 {
            p .more { a href=(format!("?until={}", found.before)) { "Earlier events (" (found.before) ")" } }
        }
        @for day in entries.chunk_by(|a, b| page::day(a.at) == page::day(b.at)) {
            @if let Some(first) = day.first() { h3 { (page::day(first.at)) } }
            ol .story { @for entry in day { (row(entry, found)) } }
        }
    };
    page::page(Tab::PullRequests, &about, now, &content)
}

/// Returns the open windows and the next poll.
fn plans(state: &SubjectState, pr: Option<&PullRequestState>, settings: &Settings) -> Plans {
    let length = settings.window_seconds.saturating_add(settings.margin_seconds);
    let length = SignedDuration::from_secs(i64::from(length));
    let standing = pr.into_iter().flat_map(|pr| pr.comments.iter()).filter(|(_, comment)| !comment.deleted);
    let windows = standing.map(|(id, comment)| Window {
        comment: id.0,
        changed_at: comment.changed_at,
        closes_at: comment.changed_at.saturating_add(length).unwrap_or(Timestamp::MAX),
    });
    let polled_at = pr.and_then(|pr| pr.polled_at);
    let is_open = |window: &Window| polled_at.is_none_or(|polled| polled < window.closes_at);
    Plans {
        windows: windows.filter(is_open).collect(),
        next_poll: state.watch.map(|watch| (watch.due_at, watch.reason.as_str())),
    }
}

fn counters(counters: &Counters) -> Markup {
    let numbers = [
        ("reviewers", counters.reviewers),
        ("approvals", counters.approvals),
        ("changes requested", counters.changes_requested),
        ("comments", counters.comments),
        ("open threads", counters.unresolved_threads),
        ("open tasks", counters.tasks_open),
        ("finished tasks", counters.tasks_resolved),
        ("builds passed", counters.builds.map(|builds| builds.successful).filter(|passed| *passed > 0)),
        ("builds failed", counters.builds.map(|builds| builds.failed).filter(|failed| *failed > 0)),
    ];
    html! {
        dl .counters {
            @for (name, number) in numbers {
                @if let Some(number) = number { div { dt { (name) } dd { (number) } } }
            }
        }
    }
}

fn row(entry: &Entry, found: &Found) -> Markup {
    let address = event_address(&found.link, &found.subject, entry.sequence);
    let class = match entry.source {
        Source::Webhook => "entry told",
        Source::Poll => "entry found",
    };
    html! {
        li class=(class) id=(format!("event-{}", entry.sequence)) {
            span .when { (clock_time(entry.at)) }
            (page::sign(entry.source))
            div .what {
                p {
                    @match &entry.who { Some(who) => b { (who) }, None => span .unknown { "Somebody" } }
                    " " (entry.act)
                    @if !entry.trusted { " " span .untrusted { "not proven by its body" } }
                }
                (body(&entry.body))
                p .how {
                    (source(entry.source))
                    @if entry.is_silent_edit() { ", a silent edit" }
                    @if let Some(late) = entry.late { ", known " (known_after(late)) }
                    @else { ", known at " (clock_time(entry.observed_at)) " (Bitbucket gives no time)" }
                    " · " a href=(address) { "raw event " (entry.sequence) }
                }
            }
        }
    }
}

fn known_after(late: SignedDuration) -> Markup {
    if words::is_at_once(late) {
        html! { "at once" }
    } else {
        html! { b { (length(late)) } " later" }
    }
}

fn body(body: &Body) -> Markup {
    html! {
        @match body {
            Body::Nothing => {},
            Body::Text(text) => blockquote { (text) },
            Body::OnlyNew(text) => {
                blockquote { ins { (text) } }
                p .how { "The earlier text is in no event of this page." }
            },
            Body::Edit(pieces) => blockquote .diff { @for piece in pieces { (self::piece(piece)) } },
        }
    }
}

fn piece(piece: &Piece) -> Markup {
    match piece.tag {
        Tag::Same => html! { (piece.text) },
        Tag::Removed => html! { del { (piece.text) } " " },
        Tag::Added => html! { ins { (piece.text) } },
    }
}
