//! The delays of the day as a drawing: for each hour and source a bar from p50 to p95.

use jiff::Timestamp;
use maud::{Markup, html};
use relay::Source;

use super::delays::{HOURS, Hour, first_hour, number};
use crate::console::plot::Scale;
use crate::output::length;

const WIDTH: f64 = 960.0;
const LEFT: f64 = 70.0;
const RIGHT: f64 = 945.0;
const TOP: f64 = 14.0;
const BOTTOM: f64 = 190.0;

/// Half the distance between the two sources of an hour.
const APART: f64 = 6.0;

/// Draws the delays.
pub(super) fn chart(hours: &[Hour], now: Timestamp) -> Markup {
    let scale = Scale::around(hours.iter().flat_map(|hour| [hour.p50, hour.p95]), TOP, BOTTOM);
    let first = first_hour(now);
    let wide = (RIGHT - LEFT) / f64::from(u32::try_from(HOURS).unwrap_or(24));
    let place = |hour: i64| LEFT + wide * (f64::from(i32::try_from(hour).unwrap_or(0)) + 0.5);
    let label = format!("Delays of the last 24 hours: {}", summary(hours));
    html! {
        figure .plot {
            div .scroll tabindex="0" role="region" aria-label="Plot of delays" {
                svg viewBox=(format!("0 0 {WIDTH} {}", BOTTOM + 28.0)) role="img" aria-label=(label) {
                    @for (y, name) in scale.marks() {
                        line .lane x1=(LEFT) x2=(RIGHT) y1=(text(y)) y2=(text(y)) {}
                        text .name x=(LEFT - 10.0) y=(text(y + 4.0)) { (name) }
                    }
                    @for mark in (0..i64::try_from(HOURS).unwrap_or(24)).step_by(4) {
                        text .time x=(text(place(mark))) y=(BOTTOM + 20.0) { (hour_name(first, mark)) }
                    }
                    @for hour in hours { (bar(hour, place(number(hour.at, first)), &scale)) }
                }
            }
            figcaption {
                "Bars reach from the median to p95. "
                span .told { "● webhook" } " · " span .found { "◆ poll" }
            }
        }
    }
}

fn bar(hour: &Hour, place: f64, scale: &Scale) -> Markup {
    let (p50, p95) = (scale.place(hour.p50), scale.place(hour.p95));
    let title = format!(
        "{} {}: {} events, p50 {}, p95 {}",
        hour.at.strftime("%H:%M"),
        hour.source.as_str(),
        hour.count,
        length(hour.p50),
        length(hour.p95)
    );
    match hour.source {
        Source::Webhook => {
            let x = place - APART;
            html! { g .told { title { (title) }
                line x1=(text(x)) x2=(text(x)) y1=(text(p50)) y2=(text(p95)) {}
                circle cx=(text(x)) cy=(text(p50)) r="4.5" {}
            } }
        }
        Source::Poll => {
            let x = place + APART;
            html! { g .found { title { (title) }
                line x1=(text(x)) x2=(text(x)) y1=(text(p50)) y2=(text(p95)) {}
                path d=(format!("M{x:.1} {:.1}l6 6l-6 6l-6-6z", p50 - 6.0)) {}
            } }
        }
    }
}

fn summary(hours: &[Hour]) -> String {
    let of = |source: Source| {
        let worst = hours.iter().filter(|hour| hour.source == source).map(|hour| hour.p95).max();
        worst.map_or_else(
            || format!("no {}", source.as_str()),
            |p95| format!("{} p95 at most {}", source.as_str(), length(p95)),
        )
    };
    format!("{}, {}.", of(Source::Webhook), of(Source::Poll))
}

fn hour_name(first: Timestamp, hour: i64) -> String {
    let at = Timestamp::from_second(first.as_second() + hour * 3_600).unwrap_or(first);
    at.strftime("%H:%M").to_string()
}

fn text(place: f64) -> String {
    format!("{place:.1}")
}
