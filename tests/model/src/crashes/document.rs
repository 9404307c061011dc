//! The document `docs/CRASHES.md`.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use crate::crashes::cell::{Cell, Row, in_memory};
use crate::crashes::scenario::{Scenario, scenarios};

const INTRODUCTION: &str = include_str!("introduction.txt");

const MAX_COLUMNS: usize = 120;

/// The document's file.
pub fn path() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/CRASHES.md")
}

/// The document. Each scenario runs in a thread of its own.
///
/// # Panics
///
/// If a guarantee does not hold, or if something stays different from an undisturbed run.
pub fn document() -> String {
    let tables = std::thread::scope(|scope| {
        let threads = scenarios().map(|scenario| (scenario, scope.spawn(move || in_memory(scenario))));
        threads.map(|(scenario, thread)| {
            (scenario, thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
        })
    });
    let mut document = INTRODUCTION.to_owned();
    for (scenario, rows) in tables {
        write_scenario(&mut document, &scenario, rows);
    }
    document
}

fn write_scenario(document: &mut String, scenario: &Scenario, rows: Vec<Row>) {
    writeln!(document, "\n## {}\n\n{}\n", scenario.title, wrapped(scenario.about)).unwrap();
    document.push_str("| I/O call | it fails, or no answer in time | crash |\n| --- | --- | --- |\n");
    for (names, [failure, crash]) in grouped(rows) {
        writeln!(document, "| {} | {failure} | {crash} |", names.join(",<br>")).unwrap();
    }
}

/// A text in lines of at most 120 columns.
fn wrapped(text: &str) -> String {
    let (mut lines, mut width) = (String::new(), 0);
    for word in text.split(' ') {
        let fits = width + 1 + word.len() <= MAX_COLUMNS;
        let gap = if width == 0 {
            ""
        } else if fits {
            " "
        } else {
            "\n"
        };
        width = if fits { width + gap.len() + word.len() } else { word.len() };
        lines.extend([gap, word]);
    }
    lines
}

/// Neighbouring rows with the same cells become one, which names each of its calls once.
fn grouped(rows: Vec<Row>) -> Vec<(Vec<String>, [String; 2])> {
    let mut grouped: Vec<(Vec<String>, [String; 2])> = Vec::new();
    for Row { call, cells } in rows {
        let [fails, times_out, crash] = cells.map(|cell| written(&cell));
        let failure =
            if fails == times_out { fails } else { format!("{fails}<br>no answer in time: {times_out}") };
        let (name, texts) = (call.to_string(), [failure, crash]);
        match grouped.last_mut() {
            Some((names, same)) if *same == texts => {
                if !names.contains(&name) {
                    names.push(name);
                }
            }
            _ => grouped.push((vec![name], texts)),
        }
    }
    grouped
}

/// The consequences if a call is not carried out, and if it is.
fn written((not_done, done): &(Cell, Option<Cell>)) -> String {
    match done {
        Some(done) if done != not_done => format!("{not_done}<br>carried out: {done}"),
        Some(_) | None => not_done.to_string(),
    }
}
