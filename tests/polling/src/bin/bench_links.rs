//! `make bench-links`: the number of links that one invocation of the poller serves. The arguments are numbers of
//! links; each takes a minute and a half.
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

/// Numbers of links to measure if there are no arguments.
const LINKS: [usize; 4] = [10, 50, 100, 200];

/// The first argument of the measured process.
const FUNCTION: &str = "function";

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [FUNCTION, links, url] = arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        return function::serve(links.parse()?, url).await;
    }
    let parse =
        |links: &String| links.parse::<usize>().with_context(|| format!("{links} is not a number of links"));
    let mut all = arguments.iter().map(parse).collect::<anyhow::Result<Vec<_>>>()?;
    if all.is_empty() {
        all = LINKS.to_vec();
    }
    ensure!(!all.contains(&0), "0 is not a number of links: the smallest is 1");
    eprintln!("{} processors; the function is limited to its share of one", available_parallelism()?);
    println!("{HEAD}");
    for links in all {
        println!("{}", measure(links).await?.line());
    }
    Ok(())
}

/// Runs Bitbucket in this process and the function in its own.
async fn measure(links: usize) -> anyhow::Result<Measured> {
    let hub = Hub::start(links).await?;
    let mut process = Command::new(std::env::current_exe()?)
        .args([FUNCTION, &links.to_string(), hub.url()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let mut output =
        BufReader::new(process.stdout.take().context("the output of the function is not piped")?).lines();
    let function_url = output.next().context("the function ended without printing its URL")??;
    hub.create_pull_requests(&function_url).await?;
    tokio::time::sleep(Duration::from_secs(INTERVAL_SECONDS.unsigned_abs())).await;
    let limit = Limit::new(process.id());
    if let Err(error) = &limit {
        eprintln!("no limit of the processor time, compare the column \"of its share\": {error:#}");
    }
    writeln!(process.stdin.take().context("the input of the function is not piped")?, "go")?;
    let measured = tokio::task::spawn_blocking(move || output.next())
        .await?
        .context("the function ended without printing its figures")??;
    ensure!(process.wait()?.success(), "the function failed");
    drop(limit);
    Ok(serde_json::from_str(&measured)?)
}
