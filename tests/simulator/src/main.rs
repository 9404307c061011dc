//! Runs the simulator until ctrl-c or SIGTERM.

mod cli;

use clap::Parser as _;
use simulator::Simulator;
use std::io::Write as _;
use tokio::signal::unix::{SignalKind, signal};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let filter = tracing_subscriber::EnvFilter::try_from_default_env().unwrap_or_else(|_| "info".into());
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    // Before the ready line, because its reader may send the signal at once.
    let mut terminated = signal(SignalKind::terminate())?;
    let simulator = Simulator::start(cli::Arguments::parse().settings()?).await?;
    let mut stdout = std::io::stdout();
    writeln!(stdout, "{}", simulator.ready_line())?;
    stdout.flush()?;
    tracing::info!(url = simulator.url(), "ready");
    tokio::select! {
        _ = terminated.recv() => {}
        interrupted = tokio::signal::ctrl_c() => interrupted?,
    }
    tracing::info!("stopping");
    simulator.shutdown().await;
    Ok(())
}
