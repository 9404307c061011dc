//! The health of the links.
//!
//! | module | holds |
//! | --- | --- |
//! | [`delays`] | the delays of the day by hour and source; pure |
//! | `chart` | the delays as a drawing |

mod chart;
mod delays;

use jiff::Timestamp;
use maud::{Markup, PreEscaped, html};
use relay::{LinkId, Source};
use store::DueWatch;
use store::reading::EventSummary;

use self::delays::Hour;
use super::desk::{Calls, LinkFacts, Sentence, StackFacts};
use super::page::{self, Tab, distance, moment_text};
use crate::Error;
use crate::log::{Log, Stretch, listed};
use crate::output::length;
use crate::sweeps::{OVERDUE_SECONDS, Sweeps};

/// Largest number of events from which the delays are computed: the newest of the day.
const LOOKED_AT: usize = 5_000;

/// The events of the day.
#[derive(Debug)]
pub(super) struct Found {
    events: Vec<EventSummary>,
    all_of_the_day: bool,
}

/// Reads the events of the day.
pub(super) async fn find<L: Log>(log: &L, link: Option<&LinkId>, now: Timestamp) -> Result<Found, Error> {
    let since = Some(delays::first_hour(now));
    let stretch = Stretch { link: link.cloned(), since, until: None };
    let (events, all_of_the_day) = listed(log, &stretch, LOOKED_AT).await?;
    Ok(Found { events, all_of_the_day })
}

/// Place of the links in the page: they take some calls of AWS, and the page is shown before.
pub(super) const LINKS: &str = "<!-- links -->";

/// Renders the page, with [`LINKS`] in the place of the links.
pub(super) fn health(found: &Found, now: Timestamp) -> Markup {
    let content = html! {
        h1 { "Health" }
        h2 { "Delays of the day" }
        p { "Time from a fact to its event, by the hour of observation." }
        (chart::chart(&delays::by_hour(&found.events, now), now))
        (delay_table(&found.events, now))
        @if !found.all_of_the_day {
            p .notice { "From the newest " (LOOKED_AT) " events of the day." }
        }
        (PreEscaped(LINKS))
    };
    page::page(Tab::Health, "Health", now, &content)
}

/// Renders the links and the stack.
pub(super) fn links(stack: &StackFacts, now: Timestamp) -> Markup {
    html! {
        h2 { "Checks" }
        p .lead { (verdict(stack)) }
        @for link in &stack.links { (section(link, stack, now)) }
        @if stack.links.is_empty() { p .notice { "No link is known. " code { "bitrelay init" } " creates one." } }
        h2 { "The stack" }
        dl .facts {
            dt { "dead letters" } dd { (stack.dead_letters) }
            dt { "kept deliveries" } dd { (kept(stack.kept.len())) }
        }
    }
}

/// Sums up the sentences of all links.
fn verdict(stack: &StackFacts) -> String {
    let count = |level: &str| {
        let sentences = stack.links.iter().flat_map(|link| &link.sentences);
        sentences.filter(|sentence| sentence.level == level).count()
    };
    match (count("fail"), count("warn")) {
        (0, 0) => "Every check passes.".to_owned(),
        (0, warnings) => format!("Nothing is broken; {warnings} of the checks below ask for attention."),
        (failed, _) => format!("{failed} of the checks below failed."),
    }
}

fn kept(count: usize) -> String {
    match count {
        0 => "none".to_owned(),
        1 => "one is stored and not yet folded".to_owned(),
        count => format!("{count} are stored and not yet folded"),
    }
}

fn delay_table(events: &[EventSummary], now: Timestamp) -> Markup {
    let rows: Vec<Hour> = [Source::Webhook, Source::Poll]
        .into_iter()
        .filter_map(|of| delays::of_source(events, of, now))
        .collect();
    html! {
        @if rows.is_empty() { p { "No event of the last 24 hours has a time." } }
        @else {
            table {
                caption { "Delays of the last 24 hours" }
                thead {
                    tr {
                        th scope="col" { "Source" }
                        @for head in ["Events", "p50", "p95"] { th scope="col" .number { (head) } }
                    }
                }
                tbody {
                    @for row in rows {
                        tr {
                            th scope="row" { (page::source(row.source)) }
                            td .number { (row.count) }
                            td .number { (length(row.p50)) }
                            td .number { (length(row.p95)) }
                        }
                    }
                }
            }
        }
    }
}

fn section(facts: &LinkFacts, stack: &StackFacts, now: Timestamp) -> Markup {
    let watches: Vec<_> = stack.watches.iter().filter(|due| due.link == facts.link).collect();
    let overdue = watches.iter().filter(|due| is_overdue(due, now)).count();
    let mut sweeps = Sweeps::default();
    for due in &watches {
        sweeps.count(due, now);
    }
    let deadline = watches.iter().filter_map(|due| due.watch.deadline).min();
    let kept = stack.kept.iter().filter(|key| key.is_of(&facts.link)).count();
    html! {
        section .link {
            h3 { "Link " (facts.link) }
            dl .facts {
                dt { "hooks" } dd { (facts.hooks) }
                dt { "credential" } dd { (facts.credential) }
                dt { "calls of the hour" } dd { (calls(facts.calls.as_ref(), now)) }
                dt { "backlog" } dd {
                    (watches.len()) " watches, " (overdue) " overdue"
                    @if let Some(backlog) = sweeps.backlog(now) { "; " (backlog) }
                }
                dt { "oldest deadline" } dd {
                    @match deadline {
                        Some(at) => { (moment_text(at)) " (" (distance(at, now)) ")" },
                        None => "none",
                    }
                }
                @if kept > 0 { dt { "kept deliveries" } dd { (self::kept(kept)) } }
            }
            (sentences(&facts.sentences))
            @if facts.can_ask {
                form method="post" action=(format!("/health/{}/ask", facts.link)) {
                    button type="submit" { "Ask Bitbucket about credential and hooks" }
                    span .how { " uses a few calls of the budget and changes nothing" }
                }
            }
        }
    }
}

fn is_overdue(due: &DueWatch, now: Timestamp) -> bool {
    now.duration_since(due.watch.due_at).as_secs() > OVERDUE_SECONDS
}

/// The results of `doctor` as sentences.
pub(super) fn sentences(sentences: &[Sentence]) -> Markup {
    html! {
        ul .checks {
            @for Sentence { check, level, found, advice } in sentences {
                li class=(level) {
                    span .mark aria-hidden="true" { @match level.as_str() { "ok" => "✓", "warn" => "!", _ => "✕" } }
                    div {
                        span .level { (level) " " } b { (check) } ": " (with_code(found)) "."
                        @if !advice.is_empty() { p .how { (with_code(advice)) } }
                    }
                }
            }
        }
    }
}

/// Shows commands, which sentences have between backticks, as code.
fn with_code(sentence: &str) -> Markup {
    html! {
        @for (number, part) in sentence.split('`').enumerate() {
            @if number % 2 == 1 { code { (part) } } @else { (part) }
        }
    }
}

/// Calls as a bar, and in words.
fn calls(calls: Option<&Calls>, now: Timestamp) -> Markup {
    const WIDTH: u32 = 160;
    let Some(calls) = calls else { return html! { "the link has no credential that spends calls" } };
    let filled =
        u64::from(calls.spent.min(calls.allowed)) * u64::from(WIDTH) / u64::from(calls.allowed.max(1));
    html! {
        svg .meter viewBox=(format!("0 0 {WIDTH} 8")) width=(WIDTH) height="8" aria-hidden="true" {
            rect .whole width=(WIDTH) height="8" rx="4" {}
            rect .used width=(filled) height="8" rx="4" {}
        }
        " " (calls.spent) " of " (calls.allowed) ", " (calls.left) " left"
        @if let Some(until) = calls.blocked_until {
            "; Bitbucket accepts none until " (moment_text(until)) " (" (distance(until, now)) ")"
        }
    }
}

/// Renders the answer of Bitbucket about one link.
pub(super) fn answer(link: &LinkId, found: &[Sentence], now: Timestamp) -> Markup {
    let content = html! {
        p .crumbs { a href="/health" { "Health" } " / " (link) }
        h1 { "Link " (link) }
        p .lead { "Bitbucket was asked just now." }
        (sentences(found))
    };
    page::page(Tab::Health, &format!("Link {link}"), now, &content)
}
