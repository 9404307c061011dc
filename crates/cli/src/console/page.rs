//! The frame of every page, and small parts that pages share.

use jiff::{SignedDuration, Timestamp};
use maud::{DOCTYPE, Markup, html};
use relay::{LinkId, Source, Subject};

use crate::Error;
use crate::output::length;

/// The pages of the navigation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tab {
    Feed,
    PullRequests,
    Reviews,
    Health,
    /// A page that is in no list.
    Other,
}

const TABS: [(Tab, &str, &str); 4] = [
    (Tab::Feed, "/", "Feed"),
    (Tab::PullRequests, "/pull-requests", "Pull requests"),
    (Tab::Reviews, "/reviews", "Reviews"),
    (Tab::Health, "/health", "Health"),
];

/// Puts a page's content into the frame.
pub(super) fn page(tab: Tab, title: &str, now: Timestamp, content: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) " · bitrelay" }
                link rel="icon" href="/assets/icon.svg" type="image/svg+xml";
                link rel="stylesheet" href="/assets/quiet.css";
                link rel="stylesheet" href="/assets/console.css";
                script src="/assets/console.js" defer {}
            }
            body {
                a .skip href="#content" { "Skip to the content" }
                header .top {
                    a .brand href="/" { "bitrelay" }
                    nav aria-label="Pages" {
                        @for (of, address, name) in TABS {
                            a href=(address) aria-current=[(of == tab).then_some("page")] { (name) }
                        }
                    }
                }
                main #content tabindex="-1" { (content) }
                footer {
                    p {
                        (signs()) " "
                        "Times are UTC; this page is from " (moment(now)) "."
                    }
                }
            }
        }
    }
}

/// Explains the two signs.
fn signs() -> Markup {
    html! {
        span .key { (sign(Source::Webhook)) " Bitbucket reported it by webhook." }
        " "
        span .key { (sign(Source::Poll)) " Bitbucket was silent; bitrelay found it by polling." }
    }
}

/// The sign of a source: a disc or a diamond, so that nobody has to tell colours apart.
pub(super) fn sign(source: Source) -> Markup {
    match source {
        Source::Webhook => html! { span .sign.told aria-hidden="true" { "●" } },
        Source::Poll => html! { span .sign.found aria-hidden="true" { "◆" } },
    }
}

/// The source in words, with its sign.
pub(super) fn source(source: Source) -> Markup {
    let class = match source {
        Source::Webhook => "source told",
        Source::Poll => "source found",
    };
    html! { span class=(class) { (sign(source)) " " (source.as_str()) } }
}

/// A time of day.
pub(super) fn clock_time(time: Timestamp) -> Markup {
    html! { time datetime=(time.to_string()) title=(moment_text(time)) { (time.strftime("%H:%M:%S").to_string()) } }
}

/// A day and a time of day.
pub(super) fn moment(time: Timestamp) -> Markup {
    html! { time datetime=(time.to_string()) { (moment_text(time)) } }
}

pub(super) fn moment_text(time: Timestamp) -> String {
    time.strftime("%-d %b %Y, %H:%M:%S").to_string()
}

/// A day in words.
pub(super) fn day(time: Timestamp) -> String {
    time.strftime("%A, %-d %B %Y").to_string()
}

/// A length of time; a dash if there is none.
pub(super) fn length_or_dash(time: Option<SignedDuration>) -> String {
    time.map_or_else(|| "–".to_owned(), length)
}

/// The distance of a time from now, in words.
pub(super) fn distance(time: Timestamp, now: Timestamp) -> String {
    let apart = time.duration_since(now);
    if apart.is_negative() { format!("{} ago", length(apart.abs())) } else { format!("in {}", length(apart)) }
}

/// The address of a pull request's page.
pub(super) fn pull_request_address(link: &LinkId, subject: &Subject) -> Option<String> {
    let Subject::PullRequest { .. } = subject else { return None };
    Some(format!("/links/{link}/{subject}"))
}

/// The address of an event's page.
pub(super) fn event_address(link: &LinkId, subject: &Subject, sequence: u64) -> String {
    format!("/links/{link}/events/{sequence}/{subject}")
}

/// Says what went wrong with a part of a page.
pub(super) fn notice(error: &Error) -> Markup {
    html! { @for sentence in sentences(error) { p .notice { (sentence) } } }
}

/// Returns the sentences of an error: what failed, and what to do.
pub(super) fn sentences(error: &Error) -> Vec<String> {
    std::iter::once(error.to_string()).chain(error.advice()).collect()
}

/// A page that says what went wrong.
pub(super) fn trouble(title: &str, sentences: &[String], now: Timestamp) -> Markup {
    let content = html! {
        h1 { (title) }
        @for sentence in sentences { p .lead { (sentence) } }
        p { a href="/" { "Back to the feed" } }
    };
    page(Tab::Other, title, now, &content)
}
