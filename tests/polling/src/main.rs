//! `make bench-polling`: both policies on every workload.
//!
//! `--write` writes the tables between the markers of `docs/POLLING.md`.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program for people")]

use std::path::Path;
use std::process::ExitCode;

use anyhow::ensure;
use clap::Parser;
use polling::workload::Workload;
use polling::{docs, measure, plot, table, targets, workloads};

/// Compares two policies of polling in virtual time, and prints the tables.
#[derive(Debug, Parser)]
#[command(name = "bench-polling")]
struct Options {
    /// Names of workloads; without any, all of them.
    #[arg(conflicts_with = "write")]
    workloads: Vec<String>,
    /// Also write the tables into `docs/POLLING.md`, and draw `docs/polling.svg`.
    #[arg(long)]
    write: bool,
    /// Fail if a target is missed.
    #[arg(long)]
    check: bool,
}

fn main() -> anyhow::Result<ExitCode> {
    let Options { workloads: names, write, check } = Options::parse();
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
    if write {
        docs::write(Path::new("docs"), &tables, &plot::svg(&rows))?;
    }
    let missed: Vec<_> = rows.iter().flat_map(targets::missed).collect();
    for miss in &missed {
        println!("missed: {miss}");
    }
    let fails = check && !missed.is_empty();
    Ok(if fails { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}
