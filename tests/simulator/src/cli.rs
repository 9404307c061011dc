//! The command line.

use anyhow::{Context as _, bail};
use clap::Parser;
use simulator::{Rules, Sending, Settings, User};
use std::net::SocketAddr;
use std::time::Duration;

const EXAMPLES: &str = "\
Examples:
  simulator --listen 127.0.0.1:7990 --window-seconds 60
  simulator --listen 127.0.0.1:0 --user dave:dave@example.com:dave-token --calls-per-hour 1000

Then, as alice:
  curl -u alice@example.com:alice-api-token http://127.0.0.1:7990/2.0/repositories/acme/widgets
  curl -X POST http://127.0.0.1:7990/_control/clock -d '{\"advance_seconds\": 600}'

tests/simulator/README.md shows every call.";

/// A simulated Bitbucket Cloud: its REST API, its webhooks and its silences.
///
/// Prints one line of JSON with url, users and tokens when it is ready; logs to stderr (`RUST_LOG`).
#[derive(Debug, Parser)]
#[command(version, after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// Address to listen on; port 0 takes any free port
    #[arg(long, default_value = "127.0.0.1:7990", env = "SIMULATOR_LISTEN")]
    listen: SocketAddr,
    /// Address written into links and pages, if it is not the one listened on
    #[arg(long)]
    public_url: Option<String>,
    /// Seconds in which edits of a comment stay silent (Bitbucket: 600)
    #[arg(long, default_value_t = 600, env = "SIMULATOR_WINDOW_SECONDS")]
    window_seconds: u64,
    /// Time after a 5xx until a webhook is sent again
    #[arg(long, default_value_t = 1.0)]
    resend_seconds: f64,
    /// Longest wait for a webhook's answer (Bitbucket: 10)
    #[arg(long, default_value_t = 10.0)]
    webhook_timeout_seconds: f64,
    /// Send each webhook as soon as it can, and not one after the other
    #[arg(long)]
    unordered: bool,
    /// Slug of the workspace
    #[arg(long, default_value = "acme")]
    workspace: String,
    /// Slug of a repository; may be repeated
    #[arg(long = "repository", default_value = "widgets")]
    repositories: Vec<String>,
    /// Another person, as name:email:token; may be repeated. alice, bob, carol and bot are always there
    #[arg(long = "user", value_parser = person)]
    users: Vec<User>,
    /// Calls to /2.0/repositories an account may make in a rolling hour (Bitbucket: 1000); none: no limit
    #[arg(long)]
    calls_per_hour: Option<u32>,
    /// Make the same uuids and hashes as another run with this number
    #[arg(long)]
    seed: Option<u64>,
    /// A silent edit leaves the comment's `updated_on` as it was (Bitbucket's behaviour is not documented)
    #[arg(long)]
    silent_edits_keep_updated_on: bool,
}

impl Arguments {
    pub(crate) fn settings(self) -> anyhow::Result<Settings> {
        let mut users = User::seeded();
        users.extend(self.users);
        Ok(Settings {
            listen: self.listen,
            public_url: self.public_url,
            workspace: self.workspace,
            repositories: self.repositories,
            users,
            seed: self.seed,
            window_seconds: self.window_seconds,
            rules: Rules {
                silent_edit_moves_updated_on: !self.silent_edits_keep_updated_on,
                ..Rules::default()
            },
            sending: Sending {
                timeout: seconds(self.webhook_timeout_seconds).context("--webhook-timeout-seconds")?,
                resend_after: seconds(self.resend_seconds).context("--resend-seconds")?,
                in_order: !self.unordered,
                ..Sending::default()
            },
            calls_per_hour: self.calls_per_hour,
            ..Settings::default()
        })
    }
}

fn seconds(value: f64) -> anyhow::Result<Duration> {
    if !(0.0..=3_600.0).contains(&value) {
        bail!("{value} is not a number of seconds from 0 to 3600");
    }
    Ok(Duration::try_from_secs_f64(value)?)
}

fn person(text: &str) -> Result<User, String> {
    let mut parts = text.splitn(3, ':');
    match (parts.next(), parts.next(), parts.next()) {
        (Some(name), Some(email), Some(token)) if ![name, email, token].contains(&"") => Ok(User {
            name: name.to_owned(),
            email: email.to_owned(),
            api_token: Some(token.to_owned()),
            access_token: None,
            is_app: false,
        }),
        _ => Err("write it as name:email:token".to_owned()),
    }
}
