//! The time axis of a pull request as a drawing: a lane for each person, and below them the windows and the next poll.

use jiff::Timestamp;
use maud::{Markup, html};
use relay::Source;

use super::axis::Scale;
use super::story::Entry;
use crate::output::length;

const WIDTH: f64 = 960.0;
const LEFT: f64 = 120.0;
const RIGHT: f64 = 930.0;
const LANE: f64 = 34.0;
const TOP: f64 = 18.0;

/// Maximum number of lanes. If there are more people, the others share the last lane.
const MAX_LANES: usize = 6;

/// Shortest distance between two labels below the axis.
const BETWEEN_TIMES: f64 = 86.0;

/// An open window of a comment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Window {
    pub(super) comment: u64,
    pub(super) changed_at: Timestamp,
    pub(super) closes_at: Timestamp,
}

/// The open windows and the next poll, which the drawing shows beside the events.
#[derive(Debug, Clone, Default)]
pub(super) struct Plans {
    pub(super) windows: Vec<Window>,
    /// Time of the next poll and its reason.
    pub(super) next_poll: Option<(Timestamp, &'static str)>,
}

/// Draws the events and plans.
pub(super) fn chart(entries: &[Entry], plans: &Plans, now: Timestamp) -> Markup {
    let lanes = lanes(entries);
    let scale = Scale::new(times(entries, plans, now), LEFT + 14.0, RIGHT);
    let middle = |lane: usize| TOP + LANE * (f64::from(u32::try_from(lane).unwrap_or(0)) + 0.5);
    let plans_at = middle(lanes.len());
    let bottom = plans_at + LANE * 0.5;
    let height = bottom + 30.0;
    html! {
        figure .axis {
            div .scroll tabindex="0" role="region" aria-label="Time axis" {
                svg viewBox=(format!("0 0 {WIDTH} {height:.0}")) role="img" aria-label=(summary(entries, plans)) {
                    @for (lane, name) in lanes.iter().enumerate() {
                        line .lane x1=(LEFT) x2=(RIGHT) y1=(number(middle(lane))) y2=(number(middle(lane))) {}
                        text .name x=(LEFT - 12.0) y=(number(middle(lane) + 4.0)) { (short(name)) }
                    }
                    text .name.dim x=(LEFT - 12.0) y=(number(plans_at + 4.0)) { "windows" }
                    @for gap in scale.gaps() {
                        rect .gap x=(number(gap.at - 16.0)) y=(TOP) width="32" height=(number(bottom - TOP)) {}
                        text .gap-name x=(number(gap.at)) y=(TOP - 5.0) { (length(gap.length)) }
                    }
                    @for window in &plans.windows {
                        rect .window x=(number(scale.place(window.changed_at))) y=(number(plans_at - 6.0))
                            width=(number((scale.place(window.closes_at) - scale.place(window.changed_at)).max(2.0)))
                            height="12" rx="3" {
                            title { "Window of comment " (window.comment) ", closes " (time(window.closes_at)) }
                        }
                    }
                    @for entry in entries {
                        (mark(entry, middle(lane_of(&lanes, entry)), &scale))
                    }
                    (line_at("now", "now", scale.place(now), bottom))
                    @if let Some((due_at, reason)) = plans.next_poll {
                        @let place = scale.place(due_at.max(now));
                        path .next d=(format!("M{:.1} {:.1}l6 9h-12z", place, plans_at - 5.0)) {
                            title { "Next poll at " (time(due_at)) ": " (reason) }
                        }
                    }
                    @for (at, place, label) in labels(&scale.marks(BETWEEN_TIMES)) {
                        line .tick x1=(number(place)) x2=(number(place))
                            y1=(number(bottom)) y2=(number(bottom + 5.0)) {}
                        text .time x=(number(place)) y=(number(bottom + 19.0)) { title { (time(at)) } (label) }
                    }
                }
            }
            figcaption { (caption(entries, plans, now)) }
        }
    }
}

/// Labels the marks of the axis with their times. The first label of a day has the date; further labels within a minute
/// have the seconds.
fn labels(marks: &[(Timestamp, f64)]) -> Vec<(Timestamp, f64, String)> {
    let (mut last_day, mut last_minute) = (String::new(), String::new());
    let label = |(at, place): &(Timestamp, f64)| {
        let day = at.strftime("%-d %b").to_string();
        let minute = at.strftime("%-d %b, %H:%M").to_string();
        let form = match (day == last_day, minute == last_minute) {
            (false, _) => "%-d %b, %H:%M",
            (true, false) => "%H:%M",
            (true, true) => "%H:%M:%S",
        };
        (last_day, last_minute) = (day, minute);
        (*at, *place, at.strftime(form).to_string())
    };
    marks.iter().map(label).collect()
}

/// Returns the names of the lanes: the people, in the order of their first events.
fn lanes(entries: &[Entry]) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for entry in entries {
        let name = lane_name(entry);
        if !names.contains(&name) {
            names.push(name);
        }
    }
    if names.len() > MAX_LANES {
        names.truncate(MAX_LANES - 1);
        names.push("others".to_owned());
    }
    names
}

fn lane_name(entry: &Entry) -> String {
    entry.who.clone().unwrap_or_else(|| "somebody".to_owned())
}

fn lane_of(lanes: &[String], entry: &Entry) -> usize {
    let name = lane_name(entry);
    lanes.iter().position(|lane| *lane == name).unwrap_or(lanes.len().saturating_sub(1))
}

fn times(entries: &[Entry], plans: &Plans, now: Timestamp) -> Vec<Timestamp> {
    let of_entries = entries.iter().flat_map(|entry| [entry.at, entry.observed_at]);
    let of_windows = plans.windows.iter().flat_map(|window| [window.changed_at, window.closes_at]);
    let next = plans.next_poll.map(|(due_at, _)| due_at.max(now));
    of_entries.chain(of_windows).chain(next).chain([now]).collect()
}

/// Draws an event at the time of its fact: a disc if Bitbucket reported it, a diamond if a poll found it. A line leads
/// from the diamond to the time of the poll.
fn mark(entry: &Entry, y: f64, scale: &Scale) -> Markup {
    let (x, seen) = (scale.place(entry.at), scale.place(entry.observed_at));
    let late = entry.late.map(|late| format!(", known {} later", length(late))).unwrap_or_default();
    let title = format!("{} {} at {}{late}", lane_name(entry), entry.act, time(entry.at));
    html! {
        @match entry.source {
            Source::Webhook => circle .told cx=(number(x)) cy=(number(y)) r="5.5" { title { (title) } },
            Source::Poll => {
                @if seen - x > 1.0 { line .late x1=(number(x)) x2=(number(seen)) y1=(number(y)) y2=(number(y)) {} }
                path .found d=(format!("M{x:.1} {:.1}l7 7l-7 7l-7-7z", y - 7.0)) { title { (title) } }
            },
        }
    }
}

fn line_at(class: &str, name: &str, x: f64, bottom: f64) -> Markup {
    html! {
        line class=(class) x1=(number(x)) x2=(number(x)) y1=(TOP - 4.0) y2=(number(bottom)) {}
        text .now-name x=(number(x)) y=(TOP - 7.0) { (name) }
    }
}

fn summary(entries: &[Entry], plans: &Plans) -> String {
    let found = entries.iter().filter(|entry| entry.source == Source::Poll).count();
    format!(
        "Time axis with {} events: {} reported by webhook, {found} found by polling; {} open windows. The list below \
         has the same events.",
        entries.len(),
        entries.len() - found,
        plans.windows.len()
    )
}

fn caption(entries: &[Entry], plans: &Plans, now: Timestamp) -> String {
    let silent = entries.iter().filter(|entry| entry.source == Source::Poll);
    let slowest = silent.clone().filter_map(|entry| entry.late).max();
    let found = match (silent.count(), slowest) {
        (0, _) => "Bitbucket reported every event here.".to_owned(),
        (count, Some(slowest)) => {
            format!(
                "Bitbucket was silent about {count} of {} events; the slowest was known after {}.",
                entries.len(),
                length(slowest)
            )
        }
        (count, None) => format!("Bitbucket was silent about {count} of {} events.", entries.len()),
    };
    let windows = match plans.windows.len() {
        0 => "No window is open.".to_owned(),
        1 => "One window is open.".to_owned(),
        count => format!("{count} windows are open."),
    };
    let next = plans.next_poll.map(|(due_at, reason)| {
        let when = if due_at <= now { "now".to_owned() } else { format!("at {}", time(due_at)) };
        format!(" The next poll is due {when} ({}).", reason.replace('_', " "))
    });
    format!("{found} {windows}{}", next.unwrap_or_default())
}

fn short(name: &str) -> String {
    const MAX_CHARS: usize = 15;
    if name.chars().count() <= MAX_CHARS {
        return name.to_owned();
    }
    let kept: String = name.chars().take(MAX_CHARS - 1).collect();
    format!("{kept}…")
}

fn time(time: Timestamp) -> String {
    time.strftime("%H:%M:%S").to_string()
}

fn number(place: f64) -> String {
    format!("{place:.1}")
}
