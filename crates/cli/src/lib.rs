//! The command line `bitrelay`: links, hooks, the log and the state of a deployment.
//!
//! [`run`] is the whole program with its environment handed in: variables, clock, terminal and output. It decides nothing
//! about Bitbucket or events; it asks the crates below and shows what they say.
//!
//! | module | holds |
//! | --- | --- |
//! | [`args`] | commands, flags and their help |
//! | `config` | flags over environment over file |
//! | `deployment` | what a stack's outputs and parameters say |
//! | `session` | what commands work with: the table, the links, Bitbucket |
//! | `commands` | one module a command |
//! | `samples`, `delivery` | deliveries of our own making |
//! | `output` | tables and JSON |
//! | `terminal` | asking a person |

pub mod args;
mod aws_cause;
mod commands;
mod config;
mod delivery;
mod deployment;
mod environment;
mod error;
mod exit;
mod output;
mod samples;
mod session;
mod terminal;

use std::ffi::OsString;

use clap::{CommandFactory, FromArgMatches};

use args::Cli;
pub use environment::Environment;
pub use error::Error;
pub use exit::Exit;
use session::Session;
pub use terminal::{Console, Terminal};

/// Runs one command line, the program's name included. Gives the exit code; [`Exit`] says what each means.
pub async fn run(args: impl IntoIterator<Item = OsString>, environment: &mut Environment<'_>) -> u8 {
    let parsed = args::command().try_get_matches_from(args).and_then(|found| Cli::from_arg_matches(&found));
    let cli = match parsed {
        Ok(cli) => cli,
        Err(error) => return shown(&error, environment),
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
    let mut session = Session::new(config, environment);
    // Boxed, because it holds the calls of every command.
    Box::pin(commands::run(cli.command, &mut session)).await
}

/// Help and version go to the output, everything else is a mistake of whoever typed it.
fn shown(error: &clap::Error, environment: &mut Environment<'_>) -> u8 {
    let text = error.render().to_string();
    if error.use_stderr() {
        environment.eprintln(text.trim_end());
        return Exit::Usage.code();
    }
    environment.println(text.trim_end());
    Exit::Ok.code()
}
