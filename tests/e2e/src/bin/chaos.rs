//! `make chaos MINUTES=2`: people work in a simulated Bitbucket, while the compiled functions are killed, the table and
//! the bus stop, and Bitbucket's API fails. At the end the books must balance. With `--from`, the functions of an earlier
//! version run first and are updated in the middle (`make upgrade`).
#![allow(clippy::print_stdout, reason = "a program for people")]

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use e2e::chaos;

/// The most missing things that are printed.
const SHOWN: usize = 20;

/// Kills functions, stops the table and the bus, and fails Bitbucket's API while people work; then compares the books.
#[derive(Debug, Parser)]
#[command(name = "chaos")]
struct Options {
    /// Minutes of chaos.
    #[arg(long, default_value_t = 2)]
    minutes: u64,
    /// Seed of the acts and the troubles.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Folder of compiled functions of an earlier version, which run first.
    #[arg(long)]
    from: Option<PathBuf>,
}

#[tokio::main]
async fn main() -> ExitCode {
    let Options { minutes, seed, from } = Options::parse();
    println!("{minutes} minutes of chaos, seed {seed}");
    let ended = chaos::run(seed, Duration::from_secs(60 * minutes), from).await;
    println!(
        "{} acts of people; {}; {} calls of the API failed",
        ended.acts, ended.troubles, ended.failed_calls
    );
    println!("{} events were found by polls", ended.found);
    let balance = ended.books.audit();
    println!("{balance}");
    balance.missing.iter().take(SHOWN).for_each(|line| println!("  {line}"));
    if balance.missing.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
