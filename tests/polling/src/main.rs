//! `make bench-polling`: both policies on every workload.
//!
//! Without options the tables are printed; `--write` also writes `docs/POLLING.md` (between its markers) and
//! `docs/polling.svg`; `--check` fails where a target is missed. Names of workloads select them.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program for people")]

use std::path::Path;
use std::process::ExitCode;

use anyhow::ensure;
use polling::workload::Workload;
use polling::{docs, measure, plot, table, targets, workloads};

fn main() -> anyhow::Result<ExitCode> {
    let (options, names): (Vec<_>, Vec<_>) =
        std::env::args().skip(1).partition(|given| given.starts_with("--"));
    let known = ["--write", "--check"];
    ensure!(options.iter().all(|option| known.contains(&option.as_str())), "known options are {known:?}");
    let is_wanted = |workload: &Workload| names.is_empty() || names.iter().any(|name| name == workload.name);
    let mut rows = Vec::new();
    for workload in workloads::all().iter().filter(|workload| is_wanted(workload)) {
        eprintln!("({}) {}", workload.name, workload.title);
        rows.push(measure(workload)?);
    }
    let tables = table::tables(&rows);
    println!("{tables}");
    if options.iter().any(|option| option == "--write") {
        ensure!(names.is_empty(), "the documents show every workload");
        docs::write(Path::new("docs"), &tables, &plot::svg(&rows))?;
    }
    let missed: Vec<_> = rows.iter().flat_map(targets::missed).collect();
    for miss in &missed {
        println!("missed: {miss}");
    }
    let fails = options.iter().any(|option| option == "--check") && !missed.is_empty();
    Ok(if fails { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}
