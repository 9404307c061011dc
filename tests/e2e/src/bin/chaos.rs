//! `make chaos MINUTES=2`: people work in a simulated Bitbucket, while the compiled functions are killed, the table and
//! the bus stop, and Bitbucket's API fails. At the end the books must balance. With `--from`, the functions of an earlier
//! version run first and are updated in the middle (`make upgrade`).
#![allow(clippy::print_stdout, reason = "a program for people")]

use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, bail};
use e2e::chaos;

/// The most missing things that are printed.
const SHOWN: usize = 20;

const USAGE: &str = "chaos [--minutes N] [--seed N] [--from FOLDER]";

#[tokio::main]
async fn main() -> anyhow::Result<ExitCode> {
    let (mut minutes, mut seed, mut from) = (2, 1, None);
    let mut given = std::env::args().skip(1);
    while let Some(option) = given.next() {
        let value = given.next().context(USAGE)?;
        match option.as_str() {
            "--minutes" => minutes = value.parse().context(USAGE)?,
            "--seed" => seed = value.parse().context(USAGE)?,
            "--from" => from = Some(value.into()),
            _ => bail!(USAGE),
        }
    }
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
    Ok(if balance.missing.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
