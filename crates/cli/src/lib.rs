//! The command line `bitrelay`: links, hooks, the log and the state of a deployment.
//!
//! [`run`] is the whole program. The caller passes its environment: variables, clock, terminal and output.
//! The rules about Bitbucket and events are in the crates below.
//!
//! | module | holds |
//! | --- | --- |
//! | [`args`] | commands, flags and their help |
//! | `config` | settings: flags override variables, variables override the file |
//! | `deployment` | outputs and parameters of a stack |
//! | `session` | access to the table, the links and Bitbucket |
//! | `commands` | one module per command |
//! | `republish` | puts events of the log on the bus |
//! | `log` | reads the log by link and time |
//! | `stats` | figures of reviews |
//! | `console` | the pages of `console` |
//! | `samples`, `delivery` | sample deliveries |
//! | `output` | tables and JSON |
//! | `terminal`, `interrupt` | questions to a person, Ctrl-C |
//! | `error`, `exit`, `aws_cause` | errors, exit codes and advice |

pub mod args;
mod aws_cause;
mod commands;
mod config;
mod console;
mod delivery;
mod deployment;
mod environment;
mod error;
mod exit;
mod interrupt;
mod log;
mod output;
#[cfg(test)]
#[path = "../tests/commands/played.rs"]
mod played;
mod republish;
mod samples;
mod session;
mod stats;
mod sweeps;
mod terminal;

use std::ffi::OsString;

use clap::{CommandFactory, FromArgMatches};

use args::Cli;
pub use environment::Environment;
pub use error::Error;
pub use exit::Exit;
use session::Session;
pub use terminal::{Console, Terminal};

/// Runs one command line, which starts with the program's name. Returns the exit code; [`Exit`] lists them.
pub async fn run(args: impl IntoIterator<Item = OsString>, environment: &mut Environment<'_>) -> u8 {
    let parsed = args::command().try_get_matches_from(args).and_then(|found| Cli::from_arg_matches(&found));
    let cli = match parsed {
        Ok(cli) => cli,
        Err(error) => return show_usage(&error, environment),
    };
    match execute(cli, environment).await {
        Ok(()) => Exit::Ok.code(),
        Err(error) => {
            environment.eprintln(&format!("error: {error}"));
            if let Some(advice) = error.advice() {
                environment.eprintln(&format!("  {advice}"));
            }
            error.exit().code()
        }
    }
}

async fn execute(cli: Cli, environment: &mut Environment<'_>) -> Result<(), Error> {
    if let args::Command::Completions { shell } = cli.command {
        clap_complete::generate(shell, &mut Cli::command(), "bitrelay", &mut environment.out);
        return Ok(());
    }
    let config = config::Config::resolve(&cli.global, environment.variable)?;
    if config.format == args::Format::Csv && !matches!(cli.command, args::Command::Stats(_)) {
        return Err(Error::Usage(
            "the format csv is for `bitrelay stats reviews`; use table or json".to_owned(),
        ));
    }
    let mut session = Session::new(config, environment);
    // Boxed, because the future holds those of every command.
    Box::pin(commands::run(cli.command, &mut session)).await
}

/// Writes clap's message: help and version to the output, errors of usage to the error stream. Returns the exit code.
fn show_usage(error: &clap::Error, environment: &mut Environment<'_>) -> u8 {
    let text = error.render().to_string();
    if error.use_stderr() {
        environment.eprintln(text.trim_end());
        return Exit::Usage.code();
    }
    environment.println(text.trim_end());
    Exit::Ok.code()
}
