//! The figures as a picture: calls for each change that was found, and the median delay.

use std::fmt::Write as _;

use crate::outcome::Figures;
use crate::table::Row;

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 440.0;
/// Bounds of the axes in the picture.
const LEFT: f64 = 70.0;
const RIGHT: f64 = WIDTH - 30.0;
const TOP: f64 = 50.0;
const BOTTOM: f64 = HEIGHT - 60.0;

/// Ranges of the axes: calls for each change that was found, and the median delay in seconds.
const CALLS: (f64, f64) = (1.0, 1_000.0);
const DELAY: (f64, f64) = (1.0, 1_000.0);

const PER_COMMENT: &str = "#c2410c";
const OURS: &str = "#1d4ed8";

/// Draws the picture as SVG.
pub fn svg(rows: &[Row]) -> String {
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" font-family=\"sans-serif\" \
         font-size=\"13\">\n<title>Median delay against calls, for each workload and policy</title>\n\
         <rect width=\"{WIDTH}\" height=\"{HEIGHT}\" fill=\"#ffffff\"/>\n"
    );
    svg += &axes();
    let (even, early): (Vec<_>, Vec<_>) = rows.iter().partition(|row| row.name.ends_with("-even"));
    for row in even {
        for (figures, color) in [(&row.per_comment, PER_COMMENT), (&row.ours, OURS)] {
            svg += &position(figures).map(|at| hollow_point(at, color)).unwrap_or_default();
        }
    }
    for (number, row) in early.into_iter().enumerate() {
        // Labels alternate between above and below, because points of neighbours may coincide.
        let label_dy = if number % 2 == 0 { 18.0 } else { -6.0 };
        let (theirs, ours) = (position(&row.per_comment), position(&row.ours));
        if let (Some(from), Some(to)) = (theirs, ours) {
            let _ = writeln!(
                svg,
                "<line x1=\"{:.1}\" y1=\"{:.1}\" x2=\"{:.1}\" y2=\"{:.1}\" stroke=\"#9ca3af\" \
                 stroke-dasharray=\"3 3\"/>",
                from.0, from.1, to.0, to.1
            );
        }
        for (at, color, side) in [(theirs, PER_COMMENT, 1.0), (ours, OURS, -1.0)] {
            svg += &at.map(|at| point(at, color, (side, label_dy), row.name)).unwrap_or_default();
        }
    }
    svg += &legend();
    svg + "</svg>\n"
}

/// Returns the position of a policy's figures in the picture.
fn position(figures: &Figures) -> Option<(f64, f64)> {
    let delay = figures.delays().percentile(50)?;
    let x = LEFT + share(figures.calls_per_change(), CALLS) * (RIGHT - LEFT);
    let y = BOTTOM - share(delay, DELAY) * (BOTTOM - TOP);
    Some((x, y))
}

/// Returns the position of a value on a logarithmic axis, from 0 to 1.
fn share(value: f64, (least, most): (f64, f64)) -> f64 {
    (value.clamp(least, most).log10() - least.log10()) / (most.log10() - least.log10())
}

fn point((x, y): (f64, f64), color: &str, (side, label_dy): (f64, f64), name: &str) -> String {
    let (anchor, label_x) = if side > 0.0 { ("start", x + 9.0) } else { ("end", x - 9.0) };
    format!(
        "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"5\" fill=\"{color}\"/>\
         <text x=\"{label_x:.1}\" y=\"{:.1}\" fill=\"{color}\" text-anchor=\"{anchor}\">{name}</text>\n",
        y + label_dy
    )
}

/// A point of a workload with even edits. It has no label: its neighbour with early edits has one.
fn hollow_point((x, y): (f64, f64), color: &str) -> String {
    format!("<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"4\" fill=\"#ffffff\" stroke=\"{color}\"/>\n")
}

fn axes() -> String {
    let mut axes = String::new();
    for value in [1.0, 10.0, 100.0, 1_000.0] {
        let x = LEFT + share(value, CALLS) * (RIGHT - LEFT);
        let y = BOTTOM - share(value, DELAY) * (BOTTOM - TOP);
        let _ = writeln!(
            axes,
            "<line x1=\"{x:.1}\" y1=\"{TOP}\" x2=\"{x:.1}\" y2=\"{BOTTOM}\" stroke=\"#e5e7eb\"/>\
             <line x1=\"{LEFT}\" y1=\"{y:.1}\" x2=\"{RIGHT}\" y2=\"{y:.1}\" stroke=\"#e5e7eb\"/>\
             <text x=\"{x:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{value}</text>\
             <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{value}</text>",
            BOTTOM + 20.0,
            LEFT - 8.0,
            y + 4.0
        );
    }
    let middle = f64::midpoint(TOP, BOTTOM);
    let _ = writeln!(
        axes,
        "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">API calls for each silent change found</text>\
         <text x=\"20\" y=\"{middle:.1}\" text-anchor=\"middle\" \
         transform=\"rotate(-90 20 {middle:.1})\">median delay, seconds</text>",
        f64::midpoint(LEFT, RIGHT),
        BOTTOM + 44.0
    );
    axes
}

fn legend() -> String {
    let mut legend = String::new();
    for (x, color, name) in
        [(LEFT, PER_COMMENT, "a schedule for each comment"), (LEFT + 210.0, OURS, "bitrelay")]
    {
        let _ = writeln!(
            legend,
            "<circle cx=\"{x}\" cy=\"24\" r=\"5\" fill=\"{color}\"/><text x=\"{}\" y=\"28\">{name}</text>",
            x + 12.0
        );
    }
    let x = LEFT + 310.0;
    let _ = writeln!(legend, "<text x=\"{x}\" y=\"28\">hollow: edits spread evenly over the window</text>");
    legend
}
