//! `make bench-links`: how many links one invocation of the poller serves. Numbers of links can be given; each takes a
//! minute and a half.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program for people")]

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Command, Stdio};
use std::thread::available_parallelism;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use polling::links::hub::Hub;
use polling::links::process::Limit;
use polling::links::report::{HEAD, Measured};
use polling::links::{INTERVAL_SECONDS, function};

/// How many links are measured where none are given. The simulator holds 50 hooks, one for each.
const LINKS: [usize; 4] = [10, 50, 100, 200];

/// The first argument of the process that is measured.
const FUNCTION: &str = "function";

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let given: Vec<String> = std::env::args().skip(1).collect();
    if let [FUNCTION, links, url] = given.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        return function::serve(links.parse()?, url).await;
    }
    let given = given.iter().map(|links| links.parse::<usize>().context("numbers of links, please"));
    let mut all = given.collect::<anyhow::Result<Vec<_>>>()?;
    if all.is_empty() {
        all = LINKS.to_vec();
    }
    ensure!(!all.contains(&0), "at least one link");
    eprintln!("{} processors here; the function is held to its share of one", available_parallelism()?);
    println!("{HEAD}");
    for links in all {
        println!("{}", measure(links).await?.line());
    }
    Ok(())
}

/// Bitbucket in this process, the function in one of its own.
async fn measure(links: usize) -> anyhow::Result<Measured> {
    let hub = Hub::start(links).await?;
    let mut process = Command::new(std::env::current_exe()?)
        .args([FUNCTION, &links.to_string(), hub.url()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let mut output = BufReader::new(process.stdout.take().context("no output")?).lines();
    let function_url = output.next().context("the function did not start")??;
    hub.work(&function_url).await?;
    tokio::time::sleep(Duration::from_secs(INTERVAL_SECONDS.unsigned_abs())).await;
    let limit = Limit::of(process.id());
    if let Err(error) = &limit {
        eprintln!("not limited, compare the CPU seconds with the share of them: {error:#}");
    }
    writeln!(process.stdin.take().context("no input")?, "go")?;
    let measured =
        tokio::task::spawn_blocking(move || output.next()).await?.context("nothing was measured")??;
    ensure!(process.wait()?.success(), "the function failed");
    drop(limit);
    Ok(serde_json::from_str(&measured)?)
}
