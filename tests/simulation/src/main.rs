//! `make histories N=100000`: that many histories, each from its seed, on all processors.
//!
//! It prints the seeds of those that break a guarantee. `make histories SEED=...` runs one of them again and prints its
//! story.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program for people")]

use std::io::IsTerminal as _;
use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;
use simulation::{history, many};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The most broken ones that are printed in full.
const SHOWN: usize = 5;

/// Histories between two lines of progress.
const PROGRESS: u64 = 1_000;

/// Runs random histories of the deployed functions in virtual time, on all processors.
#[derive(Debug, Parser)]
#[command(name = "histories")]
struct Options {
    /// The number of histories.
    #[arg(long, default_value_t = 10_000)]
    count: u64,
    /// Seed of the first history.
    #[arg(long, default_value_t = 0)]
    first: u64,
    /// Run only the history of this seed, and print its story.
    #[arg(long, conflicts_with_all = ["count", "first"])]
    seed: Option<u64>,
}

fn main() -> anyhow::Result<ExitCode> {
    let Options { count, first, seed } = Options::parse();
    if let Some(seed) = seed {
        return one(seed);
    }
    let begun = Instant::now();
    let shows_progress = std::io::stderr().is_terminal() || count > 10 * PROGRESS;
    let lived = many::live(first, count, |ended| {
        if shows_progress && ended % PROGRESS == 0 {
            eprintln!("{ended} of {count} histories, {:.0} s", begun.elapsed().as_secs_f64());
        }
    })?;
    println!(
        "{count} histories from seed {first}: {} acts, {} events, {} published again, {} calls in {:.0} s; {} broke a guarantee",
        lived.acts,
        lived.events,
        lived.again,
        lived.calls,
        begun.elapsed().as_secs_f64(),
        lived.broken.len()
    );
    for (seed, broken) in lived.broken.iter().take(SHOWN) {
        println!("\nseed {seed}: {broken}");
    }
    let seeds: Vec<u64> = lived.broken.iter().map(|(seed, _)| *seed).collect();
    if seeds.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    println!("\nseeds: {seeds:?}; run one again with --seed");
    Ok(ExitCode::FAILURE)
}

/// Tells one history.
fn one(seed: u64) -> anyhow::Result<ExitCode> {
    let (outcome, story) = history::tell(seed, &history::shared_api()?);
    for line in story {
        println!("{line}");
    }
    match outcome {
        Ok(summary) => println!("\nno guarantee is broken: {summary:?}"),
        Err(broken) => {
            println!("\nseed {seed}: {broken}");
            return Ok(ExitCode::FAILURE);
        }
    }
    Ok(ExitCode::SUCCESS)
}
