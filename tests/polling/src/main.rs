//! `make bench-polling`: both policies on every workload.
//!
//! Without options it prints the tables. `--write` also writes them into `docs/POLLING.md` (between its markers) and
//! draws `docs/polling.svg`. `--check` fails if a target is missed. Names of workloads select them.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program for people")]

use std::path::Path;
use std::process::ExitCode;

use anyhow::ensure;
use polling::workload::Workload;
use polling::{docs, measure, plot, table, targets, workloads};

const OPTIONS: [&str; 2] = ["--write", "--check"];

fn main() -> anyhow::Result<ExitCode> {
    let (options, names): (Vec<_>, Vec<_>) =
        std::env::args().skip(1).partition(|argument| argument.starts_with("--"));
    for option in &options {
        ensure!(OPTIONS.contains(&option.as_str()), "unknown option {option}; the options are {OPTIONS:?}");
    }
    let all = workloads::all();
    for name in &names {
        let valid: Vec<_> = all.iter().map(|workload| workload.name).collect();
        ensure!(valid.contains(&name.as_str()), "unknown workload {name}; the workloads are {valid:?}");
    }
    let is_selected =
        |workload: &&Workload| names.is_empty() || names.iter().any(|name| name == workload.name);
    let mut rows = Vec::new();
    for workload in all.iter().filter(is_selected) {
        eprintln!("({}) {}", workload.name, workload.title);
        rows.push(measure(workload)?);
    }
    let tables = table::tables(&rows);
    println!("{tables}");
    if options.iter().any(|option| option == "--write") {
        ensure!(names.is_empty(), "--write takes no names: the document shows every workload");
        docs::write(Path::new("docs"), &tables, &plot::svg(&rows))?;
    }
    let missed: Vec<_> = rows.iter().flat_map(targets::missed).collect();
    for miss in &missed {
        println!("missed: {miss}");
    }
    let fails = options.iter().any(|option| option == "--check") && !missed.is_empty();
    Ok(if fails { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}
