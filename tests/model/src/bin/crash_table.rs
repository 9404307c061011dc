//! `make crash-table`: the outcome of each fault at each I/O call of each function.
#![allow(clippy::print_stdout, reason = "a program for people")]

use anyhow::Context as _;
use clap::Parser;
use model::crashes::{document, path};

/// Prints the crash table.
#[derive(Debug, Parser)]
#[command(name = "crash-table")]
struct Options {
    /// Write it into `docs/CRASHES.md` instead.
    #[arg(long)]
    write: bool,
}

fn main() -> anyhow::Result<()> {
    let Options { write } = Options::parse();
    let document = document();
    if write {
        let path = path();
        std::fs::write(&path, document).with_context(|| path.display().to_string())?;
    } else {
        print!("{document}");
    }
    Ok(())
}
