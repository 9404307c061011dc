//! The page of reviews: their times, and whose turn it is.

use jiff::{SignedDuration, Timestamp};
use maud::{Markup, html};
use relay::LinkId;
use store::reading::EventFilter;

use super::page::{self, Tab, distance, length_or_dash, pull_request_address};
use super::plot::Scale;
use super::words;
use crate::Error;
use crate::log::Log;
use crate::output::length;
use crate::stats::review::{Review, Turn};
use crate::stats::weeks::{Week, monday, week, weeks};
use crate::stats::{Limits, Reviews, reviews};

/// Time of which the page shows the pull requests.
const SHOWN: SignedDuration = SignedDuration::from_hours(24 * 7 * 8);

/// Number of weeks of the plot.
const WEEKS: i64 = 8;

/// Limits of one page.
const LIMITS: Limits = Limits { listed: 5_000, pull_requests: 200 };

/// Reads the pull requests that were active lately.
pub(super) async fn find<L: Log>(log: &L, link: Option<&LinkId>, now: Timestamp) -> Result<Reviews, Error> {
    let since = now.saturating_sub(SHOWN).unwrap_or(Timestamp::MIN);
    let filter = EventFilter { link: link.cloned(), since: Some(since), ..EventFilter::default() };
    reviews(log, &filter, LIMITS).await
}

/// Renders the page.
pub(super) fn page(found: &Reviews, now: Timestamp) -> Markup {
    let weeks = weeks(&found.reviews);
    let content = html! {
        h1 { "Reviews" }
        p .lead { "Of the pull requests that were active in the last eight weeks, from the log alone." }
        @if !found.complete {
            p .notice {
                "From the newest " (LIMITS.listed) " events and the last " (LIMITS.pull_requests) " pull requests. "
                code { "bitrelay stats reviews" } " reads all."
            }
        }
        h2 { "Whose turn it is" }
        (turns(&found.reviews, now))
        h2 { "Median times by week" }
        (chart(&found.reviews, now))
        h2 { "By repository and week" }
        (table(&weeks))
    };
    page::page(Tab::Reviews, "Reviews", now, &content)
}

fn turns(reviews: &[Review], now: Timestamp) -> Markup {
    let mut open: Vec<_> = reviews.iter().filter(|review| review.end.is_none()).collect();
    open.sort_by_key(|review| review.turn_since);
    html! {
        @if open.is_empty() { p { "No pull request is open." } }
        @else {
            div .scroll tabindex="0" role="region" aria-label="Open pull requests" {
                table {
                    caption { "Open pull requests, the longest waiting first" }
                    thead {
                        tr {
                            @for head in ["Pull request", "Turn"] { th scope="col" { (head) } }
                            @for head in ["Since", "Rounds"] { th scope="col" .number { (head) } }
                        }
                    }
                    tbody { @for review in open { (turn(review, now)) } }
                }
            }
        }
    }
}

fn turn(review: &Review, now: Timestamp) -> Markup {
    let address = pull_request_address(&review.link, &review.subject).unwrap_or_default();
    let author = review.author.clone().unwrap_or_else(|| "the author".to_owned());
    html! {
        tr {
            th scope="row" {
                a href=(address) { (words::subject(&review.subject, Some(&review.repository))) }
                " " span .how { (words::short(&review.title)) }
            }
            td {
                @match review.turn {
                    Turn::Author => { (author) " (author)" },
                    Turn::Reviewers => "reviewers",
                    Turn::Nobody => "nobody",
                }
            }
            td .number { (distance(review.turn_since, now)) }
            td .number { (review.rounds) }
        }
    }
}

fn table(weeks: &[Week]) -> Markup {
    let heads = ["Opened", "Merged", "First review", "Approval", "Merge", "Rounds"];
    html! {
        div .scroll tabindex="0" role="region" aria-label="Figures by repository and week" {
            table {
                caption { "Medians of the pull requests opened in each week" }
                thead {
                    tr {
                        @for head in ["Week of", "Repository"] { th scope="col" { (head) } }
                        @for head in heads { th scope="col" .number { (head) } }
                    }
                }
                tbody {
                    @for week in weeks {
                        tr {
                            th scope="row" .day { (week.monday.strftime("%-d %b %Y").to_string()) }
                            td { (week.repository) }
                            td .number { (week.opened) }
                            td .number { (week.merged) }
                            @for spread in [week.to_first_review, week.to_approval, week.to_merge] {
                                td .number { (length_or_dash(spread.p50)) }
                            }
                            td .number { @match week.rounds { Some(rounds) => (rounds), None => "–" } }
                        }
                    }
                }
            }
        }
    }
}

const WIDTH: f64 = 960.0;
const LEFT: f64 = 70.0;
const RIGHT: f64 = 820.0;
const TOP: f64 = 14.0;
const BOTTOM: f64 = 210.0;

/// The three series of the plot: name, class and value.
type Series = (&'static str, &'static str, fn(&Week) -> Option<SignedDuration>);

const SERIES: [Series; 3] = [
    ("first review", "first", |week| week.to_first_review.p50),
    ("approval", "approval", |week| week.to_approval.p50),
    ("merge", "merge", |week| week.to_merge.p50),
];

/// Draws the medians of all repositories together.
fn chart(reviews: &[Review], now: Timestamp) -> Markup {
    let last = monday(now);
    let mondays = (0..WEEKS).rev().filter_map(|ago| {
        Timestamp::from_second(last.as_second() - ago * SignedDuration::from_hours(24 * 7).as_secs()).ok()
    });
    let by_week: Vec<_> = mondays
        .map(|of| {
            let opened: Vec<_> = reviews.iter().filter(|review| monday(review.opened_at) == of).collect();
            week("", of, &opened)
        })
        .collect();
    let all = SERIES.iter().flat_map(|(_, _, value)| by_week.iter().filter_map(value));
    let scale = Scale::around(all, TOP, BOTTOM);
    let place = |week: usize| {
        let part = f64::from(u32::try_from(week).unwrap_or(0)) + 0.5;
        LEFT + (RIGHT - LEFT) * part / f64::from(u32::try_from(WEEKS).unwrap_or(8))
    };
    html! {
        figure .plot {
            div .scroll tabindex="0" role="region" aria-label="Plot of review times" {
                svg viewBox=(format!("0 0 {WIDTH} {}", BOTTOM + 28.0)) role="img"
                    aria-label="Median time to first review, approval and merge by week, as in the table below" {
                    @for (y, name) in scale.marks() {
                        line .lane x1=(LEFT) x2=(RIGHT) y1=(text(y)) y2=(text(y)) {}
                        text .name x=(LEFT - 10.0) y=(text(y + 4.0)) { (name) }
                    }
                    @for (number, week) in by_week.iter().enumerate() {
                        text .time x=(text(place(number))) y=(BOTTOM + 20.0) {
                            (week.monday.strftime("%-d %b").to_string())
                        }
                    }
                    @for (number, (name, class, value)) in SERIES.iter().enumerate() {
                        @let points: Vec<_> = by_week.iter().enumerate()
                            .filter_map(|(number, week)| Some((place(number), value(week)?))).collect();
                        @let legend = TOP + 10.0 + 24.0 * f64::from(u32::try_from(number).unwrap_or(0));
                        g class=(class) {
                            polyline points=(line(&points, &scale)) {}
                            @for (x, time) in &points {
                                (mark(class, *x, scale.place(*time), &format!("{name}: {}", length(*time))))
                            }
                            (mark(class, RIGHT + 22.0, legend, name))
                            text .legend x=(RIGHT + 36.0) y=(text(legend + 4.0)) { (name) }
                        }
                    }
                }
            }
        }
    }
}

fn line(points: &[(f64, SignedDuration)], scale: &Scale) -> String {
    let pairs = points.iter().map(|(x, time)| format!("{x:.1},{:.1}", scale.place(*time)));
    pairs.collect::<Vec<_>>().join(" ")
}

/// A mark of its own form for each series.
fn mark(class: &str, x: f64, y: f64, title: &str) -> Markup {
    html! {
        @match class {
            "first" => circle cx=(text(x)) cy=(text(y)) r="4.5" { title { (title) } },
            "approval" => path d=(format!("M{x:.1} {:.1}l6 6l-6 6l-6-6z", y - 6.0)) { title { (title) } },
            _ => rect x=(text(x - 4.5)) y=(text(y - 4.5)) width="9" height="9" { title { (title) } },
        }
    }
}

fn text(place: f64) -> String {
    format!("{place:.1}")
}
