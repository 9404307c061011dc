//! `make histories N=100000`: so many histories, each from its seed, on all processors. Where one breaks a guarantee its seed is
//! printed, and `--seed` lives through it again.
#![allow(clippy::print_stdout, reason = "a program for people")]

use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Context as _, bail};
use histories::{history, many};

/// How many histories there are without being told.
const COUNT: u64 = 10_000;

/// How many broken ones are printed in full.
const SHOWN: usize = 5;

fn main() -> anyhow::Result<ExitCode> {
    let (mut first, mut count) = (0, COUNT);
    let mut given = std::env::args().skip(1);
    while let Some(option) = given.next() {
        let value = given.next().with_context(|| format!("{option} needs a number"))?;
        let value: u64 = value.parse().with_context(|| format!("{option} needs a number, not {value:?}"))?;
        match option.as_str() {
            "--seed" => return Ok(one(value)),
            "--first" => first = value,
            "--count" => count = value,
            _ => bail!("known options are --count N, --first SEED and --seed SEED"),
        }
    }
    let begun = Instant::now();
    let lived = many::live(first, count);
    println!(
        "{count} histories from seed {first}: {} acts, {} events, {} calls in {:.0} s; {} broke a guarantee",
        lived.acts,
        lived.told,
        lived.calls,
        begun.elapsed().as_secs_f64(),
        lived.broken.len()
    );
    for (seed, wrong) in lived.broken.iter().take(SHOWN) {
        println!("\nseed {seed}: {wrong}");
    }
    let seeds: Vec<u64> = lived.broken.iter().map(|(seed, _)| *seed).collect();
    if seeds.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    println!("\nseeds: {seeds:?}; live through one again with --seed");
    Ok(ExitCode::FAILURE)
}

/// Tells one history.
fn one(seed: u64) -> ExitCode {
    let (outcome, story) = history::tell(seed);
    for line in story {
        println!("{line}");
    }
    match outcome {
        Ok(summary) => println!("nothing is broken: {summary:?}"),
        Err(wrong) => {
            println!("\nseed {seed}: {wrong}");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}
