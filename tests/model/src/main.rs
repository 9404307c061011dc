//! `make model`: every interleaving of the larger worlds, on all processors.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program for people")]

use std::io::IsTerminal as _;
use std::process::ExitCode;

use anyhow::bail;
use clap::Parser;
use model::{World, explore};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Visits every interleaving of small worlds of the deployed functions, on all processors.
#[derive(Debug, Parser)]
#[command(name = "model")]
struct Options {
    /// Parts of the names of worlds; without any, all worlds.
    worlds: Vec<String>,
}

fn main() -> anyhow::Result<ExitCode> {
    let Options { worlds: wanted } = Options::parse();
    let worlds: Vec<World> = World::large()
        .into_iter()
        .filter(|world| wanted.is_empty() || wanted.iter().any(|part| world.name.contains(part.as_str())))
        .collect();
    if worlds.is_empty() {
        let names: Vec<_> = World::large().iter().map(|world| world.name).collect();
        bail!("no world has {wanted:?} in its name; the worlds are {names:?}");
    }
    let threads = std::thread::available_parallelism()?.get();
    let mut broken = 0;
    for world in worlds {
        let report = explore(world, threads, |states, steps| {
            if std::io::stderr().is_terminal() {
                eprintln!("{}: {states} states, {steps} steps", world.name);
            }
        });
        println!("{report}");
        broken += u32::from(report.counterexample.is_some());
    }
    Ok(if broken == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
