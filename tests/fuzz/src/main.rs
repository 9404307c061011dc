//! `make fuzz N=300000`: that many random inputs, on all processors.
//!
//! It prints the seed of each round that failed, and a small input that fails alike. `make fuzz TARGET=fold SEED=17`
//! runs that round again, and `make fuzz TARGET=fold INPUT=FILE` one input.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program for people")]

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use clap::Parser;
use fuzz::campaign::{self, ROUND_INPUTS};
use fuzz::target::{self, Kind};
use fuzz::traits::Traits;
use fuzz::{attempt, corpus, round, shrink};
use serde_json::Value;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Time between two lines of progress.
const PROGRESS: Duration = Duration::from_secs(10);

/// Largest input that is kept in the corpus, as JSON.
const MAX_FOUND_BYTES: usize = 4 * 1024;

/// The most found inputs of one target that are kept in the corpus.
const MAX_FOUND: usize = 40;

/// Runs random inputs on everything that reads from outside, on all processors.
#[derive(Debug, Parser)]
#[command(name = "fuzz", after_help = targets())]
struct Options {
    /// Inputs of all targets together.
    #[arg(long, default_value_t = 300_000)]
    count: u64,
    /// Seed of the first round.
    #[arg(long, value_name = "SEED", default_value_t = 1)]
    first: u64,
    /// Run only this target.
    #[arg(long, value_name = "NAME", value_parser = named)]
    target: Option<Kind>,
    /// Run this round of the target again.
    #[arg(long, requires = "target", conflicts_with_all = ["count", "first", "input", "minimize"])]
    seed: Option<u64>,
    /// Run one input of the target.
    #[arg(long, value_name = "FILE", requires = "target", conflicts_with_all = ["count", "first", "minimize"])]
    input: Option<PathBuf>,
    /// Add to the corpus the inputs that reach new traits, as small as possible.
    #[arg(long)]
    minimize: bool,
}

/// Returns the names of the targets, each with the input that it reads.
fn targets() -> String {
    let lines = target::ALL.iter().map(|kind| format!("\n  {:10} {}", kind.name, kind.reads));
    format!("Targets:{}", lines.collect::<String>())
}

fn named(name: &str) -> anyhow::Result<Kind> {
    let names: Vec<_> = target::ALL.iter().map(|kind| kind.name).collect();
    target::named(name).with_context(|| format!("no target {name}; there are {}", names.join(", ")))
}

fn main() -> anyhow::Result<ExitCode> {
    let options = Options::parse();
    match (options.target, &options.input, options.seed) {
        (Some(kind), Some(file), _) => one_input(&kind, file),
        (Some(kind), None, Some(seed)) => one_round(&kind, seed),
        _ => many(&options),
    }
}

fn one_input(kind: &Kind, file: &Path) -> anyhow::Result<ExitCode> {
    let input = corpus::file(file)?;
    let mut target = (kind.make)();
    match attempt::attempt(target.as_mut(), &input) {
        Ok(traits) => {
            println!("{} traits, no failure", traits.len());
            Ok(ExitCode::SUCCESS)
        }
        Err(failure) => {
            println!("{failure}");
            Ok(ExitCode::FAILURE)
        }
    }
}

fn one_round(kind: &Kind, seed: u64) -> anyhow::Result<ExitCode> {
    let ran = round::run(kind, &corpus::load(kind)?, seed, ROUND_INPUTS);
    println!("{} inputs, {} traits, {} kept", ran.inputs, ran.traits.len(), ran.kept.len());
    let Some((input, failure)) = ran.failed else { return Ok(ExitCode::SUCCESS) };
    show(kind, seed, &input, &failure)?;
    Ok(ExitCode::FAILURE)
}

fn many(options: &Options) -> anyhow::Result<ExitCode> {
    let kinds = options.target.map_or_else(|| target::ALL.to_vec(), |kind| vec![kind]);
    let begun = Instant::now();
    let shown = Mutex::new(begun);
    println!("seeds from {} on, rounds of {ROUND_INPUTS} inputs", options.first);
    let results = campaign::run(&kinds, options.first, options.count, |done| {
        let Ok(mut shown) = shown.lock() else { return };
        if shown.elapsed() >= PROGRESS {
            *shown = Instant::now();
            eprintln!("{done} of {} inputs, {:.0} s", options.count, begun.elapsed().as_secs_f64());
        }
    })?;
    let took = begun.elapsed();
    let mut failed = 0;
    for kind in &kinds {
        let Some(result) = results.get(kind.name) else { continue };
        let rate = count(result.inputs) / result.took.as_secs_f64();
        println!(
            "{:10} {:9} inputs  {rate:7.0} a second and processor  {} rounds failed",
            kind.name,
            result.inputs,
            result.failed.len()
        );
        failed += result.failed.len();
        for (seed, round) in result.failed.iter().take(1) {
            if let Some((input, failure)) = &round.failed {
                show(kind, *seed, input, failure)?;
            }
        }
        if options.minimize && result.failed.is_empty() {
            minimize(kind, &result.kept)?;
        }
    }
    let inputs = results.values().map(|result| result.inputs).sum();
    println!(
        "{inputs} inputs in {:.0} s, {:.0} a second; {failed} rounds failed",
        took.as_secs_f64(),
        count(inputs) / took.as_secs_f64()
    );
    Ok(if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

#[allow(clippy::cast_precision_loss, reason = "a figure for people")]
fn count(inputs: u64) -> f64 {
    inputs as f64
}

/// Prints a failure with a small input, and stores that input in a file.
fn show(kind: &Kind, seed: u64, input: &Value, failure: &attempt::Failure) -> anyhow::Result<()> {
    println!("\n{}, seed {seed}: {failure}", kind.name);
    let small = shrink::failing(kind, input, failure);
    let folder = Path::new("target/fuzz");
    std::fs::create_dir_all(folder)?;
    let file = folder.join(format!("{}-{seed}.json", kind.name));
    std::fs::write(&file, format!("{small:#}\n"))?;
    println!(
        "{small}\n\nmake fuzz TARGET={} SEED={seed}\nmake fuzz TARGET={} INPUT={}\n",
        kind.name,
        kind.name,
        file.display()
    );
    Ok(())
}

/// Adds to the corpus of a target the inputs with traits that it lacks, the smallest first, each made smaller.
fn minimize(kind: &Kind, found: &[Value]) -> anyhow::Result<()> {
    let mut seen = Traits::default();
    let mut target = (kind.make)();
    let mut run = |input: &Value| attempt::attempt(target.as_mut(), input).unwrap_or_default();
    for input in corpus::written(kind)? {
        seen.extend(&run(&input));
    }
    let mut candidates: Vec<Value> = corpus::load(kind)?.into_iter().chain(found.iter().cloned()).collect();
    candidates.sort_by_key(|input| input.to_string().len());
    let mut kept = Vec::new();
    for input in candidates {
        let new = run(&input).without(&seen);
        if new.is_empty() || kept.len() >= MAX_FOUND {
            continue;
        }
        let small = shrink::showing(kind, &input, &new);
        if small.to_string().len() <= MAX_FOUND_BYTES {
            seen.extend(&run(&small));
            kept.push(small);
        }
    }
    println!("{}: {} found inputs in the corpus, {} traits", kind.name, kept.len(), seen.len());
    corpus::store_found(kind, &kept)
}
