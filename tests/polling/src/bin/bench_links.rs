//! `make bench-links`: the number of links that one invocation of the poller serves. Each number of links takes a minute
//! and a half.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program for people")]

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Command, Stdio};
use std::thread::available_parallelism;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use clap::Parser;
use polling::links::hub::Hub;
use polling::links::process::Limit;
use polling::links::report::{HEAD, Measured};
use polling::links::{INTERVAL_SECONDS, function};

/// Measures the number of links that one invocation of the poller serves.
#[derive(Debug, Parser)]
#[command(name = "bench-links")]
struct Options {
    /// Numbers of links to measure.
    #[arg(default_values_t = [10, 50, 100, 200], value_parser = clap::value_parser!(u16).range(1..))]
    links: Vec<u16>,
    /// Be the measured process, for a simulated Bitbucket at this URL.
    #[arg(long, hide = true)]
    serve: Option<String>,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let Options { links, serve } = Options::parse();
    let mut links = links.into_iter().map(usize::from);
    if let Some(url) = serve {
        return function::serve(links.next().unwrap_or(1), &url).await;
    }
    eprintln!("{} processors; the function is limited to its share of one", available_parallelism()?);
    println!("{HEAD}");
    for links in links {
        println!("{}", measure(links).await?.line());
    }
    Ok(())
}

/// Runs Bitbucket in this process and the function in its own.
async fn measure(links: usize) -> anyhow::Result<Measured> {
    let hub = Hub::start(links).await?;
    let mut process = Command::new(std::env::current_exe()?)
        .args([&links.to_string(), "--serve", hub.url()])
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
