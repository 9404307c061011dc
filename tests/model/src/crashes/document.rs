//! The document `docs/CRASHES.md`.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use crate::call::Call;
use crate::crashes::cell::{Cell, Row, in_memory};
use crate::crashes::scenario::{Scenario, scenarios};

const INTRODUCTION: &str = include_str!("introduction.md");

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
        threads.map(|(scenario, thread)| (scenario, thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))))
    });
    let mut document = INTRODUCTION.to_owned();
    for (scenario, rows) in tables {
        write_scenario(&mut document, &scenario, rows);
    }
    document
}

fn write_scenario(document: &mut String, scenario: &Scenario, rows: Vec<Row>) {
    writeln!(document, "\n## {}\n\n{}\n", scenario.title, scenario.about).unwrap();
    document.push_str("| I/O call | it fails | no answer in time | crash | at stake |\n| --- | --- | --- | --- | --- |\n");
    for (call, times, cells) in grouped(rows) {
        let times = if times > 1 { format!(" ({times} times)") } else { String::new() };
        writeln!(document, "| {call}{times} | {} | {} |", cells.join(" | "), at_stake(&call)).unwrap();
    }
}

/// Neighbouring rows that say the same become one.
fn grouped(rows: Vec<Row>) -> Vec<(Call, usize, Vec<String>)> {
    let mut grouped: Vec<(Call, usize, Vec<String>)> = Vec::new();
    for Row { call, cells } in rows {
        let cells: Vec<String> = cells.iter().map(written).collect();
        match grouped.last_mut() {
            Some((other, times, same)) if other.to_string() == call.to_string() && *same == cells => *times += 1,
            _ => grouped.push((call, 1, cells)),
        }
    }
    grouped
}

/// What follows if a call is not carried out, and if it is.
fn written((not_done, done): &(Cell, Option<Cell>)) -> String {
    match done {
        Some(done) if done != not_done => format!("{not_done}<br>done: {done}"),
        Some(_) | None => not_done.to_string(),
    }
}

/// The guarantees that the call could break.
fn at_stake(call: &Call) -> &'static str {
    match call {
        Call::LoadLink => "G1, G2",
        Call::Read(_) | Call::Heads => "G2, G3",
        Call::Commit { .. } => "G2, G3, G5, G6",
        Call::DueWatches(_) => "G3",
        Call::KeptDeliveries(_) => "G2",
        Call::ReadDocument(kind) | Call::StoreDocument(kind) => match *kind {
            "budget" => "G8",
            _ => "G2, G5",
        },
        Call::Lease | Call::Release => "none",
        Call::Api(_) => "G3, G4, G9",
        Call::PutEvents(_) | Call::Park => "G7",
        Call::Answer(_) => "",
    }
}
