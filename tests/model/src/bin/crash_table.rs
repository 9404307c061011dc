//! Prints the crash table; `--write` writes it into `docs/CRASHES.md`.
#![allow(clippy::print_stdout, reason = "a program for people")]

use anyhow::{Context as _, bail};
use model::crashes::{document, path};

fn main() -> anyhow::Result<()> {
    let write = match std::env::args().nth(1).as_deref() {
        None => false,
        Some("--write") => true,
        Some(other) => bail!("unknown option {other}: the only one is --write"),
    };
    let document = document();
    if write {
        let path = path();
        std::fs::write(&path, document).with_context(|| path.display().to_string())?;
    } else {
        print!("{document}");
    }
    Ok(())
}
