//! `make load`: signed deliveries at a rising fixed rate, until the first answer with 5xx.
//! `make load RATE=50 MINUTES=10` keeps one rate.
//!
//! The table is an emulator in this process, on the same processors as the functions, so the rates are those of this
//! machine and not of AWS.
#![allow(clippy::print_stdout, reason = "a program for people")]

use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use e2e::cost::Written;
use e2e::load::{Stage, Step};

/// Rates of the steps, in deliveries a second.
const RATES: [u32; 10] = [10, 20, 40, 60, 80, 100, 150, 200, 300, 400];

/// Processes of the webhook function: invocations at the same time.
const PROCESSES: usize = 8;

/// The most missing things that are printed.
const SHOWN: usize = 20;

/// Sends signed deliveries at a rising fixed rate, until the first answer with 5xx, and compares the books.
#[derive(Debug, Parser)]
#[command(name = "load")]
struct Options {
    /// Keep this rate, in deliveries a second.
    #[arg(long, value_parser = at_least_one())]
    rate: Option<u32>,
    /// Minutes at that rate.
    #[arg(long, default_value_t = 10, requires = "rate", value_parser = at_least_one())]
    minutes: u32,
    /// Seconds of each step of the rising rate.
    #[arg(long, default_value_t = 20, conflicts_with = "rate", value_parser = at_least_one())]
    step_seconds: u32,
}

fn at_least_one() -> clap::builder::RangedI64ValueParser<u32> {
    clap::value_parser!(u32).range(1..)
}

#[tokio::main]
async fn main() -> ExitCode {
    let Options { rate, minutes, step_seconds } = Options::parse();
    let stage = Stage::start(PROCESSES).await;
    // The first deliveries start the processes, and are not counted.
    stage.send(10, 2).await;
    println!("rate  seconds  200     202   5xx  other  p50 ms  p95 ms  p99 ms  longest ms");
    if let Some(rate) = rate {
        print(&stage.send(rate, minutes * 60).await, minutes * 60);
    } else {
        let sustained = rise(&stage, step_seconds).await;
        println!("\nhighest rate without 5xx: {sustained} a second; {PROCESSES} processes of the function");
    }
    let (books, written) = stage.close().await;
    let balance = books.audit();
    println!("\n{balance}");
    balance.missing.iter().take(SHOWN).for_each(|line| println!("  {line}"));
    print_cost(&written, books.marks.len());
    // Each delivery here is one fact.
    let doubled = books.log.len() != books.marks.len();
    if doubled {
        println!("{} deliveries are stored, with {} events", books.marks.len(), books.log.len());
    }
    if doubled || !balance.missing.is_empty() { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

/// Raises the rate until the first answer with 5xx. Returns the highest rate without one.
async fn rise(stage: &Stage, step_seconds: u32) -> u32 {
    let mut sustained = 0;
    for rate in RATES {
        let step = stage.send(rate, step_seconds).await;
        print(&step, step_seconds);
        if step.failed() > 0 {
            break;
        }
        sustained = rate;
    }
    sustained
}

fn print(step: &Step, seconds: u32) {
    let count = |wanted: fn(u16) -> bool| -> usize {
        step.statuses.iter().filter(|(status, _)| wanted(**status)).map(|(_, count)| count).sum()
    };
    let ms = |time: Duration| time.as_secs_f64() * 1e3;
    println!(
        "{:<5} {seconds:<8} {:<7} {:<5} {:<4} {:<6} {:<7.1} {:<7.1} {:<7.1} {:<7.1}",
        step.rate,
        count(|status| status == 200),
        count(|status| status == 202),
        step.failed(),
        count(|status| status != 200 && status != 202 && status < 500),
        ms(step.percentile(50)),
        ms(step.percentile(95)),
        ms(step.percentile(99)),
        ms(step.percentile(100)),
    );
}

#[allow(clippy::cast_precision_loss, reason = "figures for people")]
fn print_cost(written: &Written, deliveries: usize) {
    let each = |number: usize| number as f64 / deliveries.max(1) as f64;
    println!("\nitem      writes  bytes each  write units a delivery");
    for (kind, units) in written.kinds() {
        let bytes = units.bytes / units.writes.max(1);
        println!("{kind:9} {:7} {bytes:11} {:8.2}", units.writes, each(units.table));
    }
    let total = written.total();
    println!(
        "all       {:7} {:11} {:8.2} and {:.2} of the index",
        total.writes,
        "",
        each(total.table),
        each(total.index)
    );
}
