//! Commands, flags and their help. Every command's help ends with examples, and a test runs them.

pub mod checks;
pub mod events;
pub mod link;
mod values;

use clap::{Args, CommandFactory, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use relay::LinkId;

pub use checks::{DoctorArgs, TriggerArgs};
pub use events::{EventsCommand, Filters, PrCommand, WatchCommand};
pub use link::{HookPlaces, HooksCommand, KeyValue, LinkCommand, SecretsFrom};
pub use values::{Moment, Span};

const ABOUT: &str =
    "Bitbucket Cloud's pull-request events, complete, on AWS EventBridge: links, hooks and the log";

const AFTER: &str = "\
Where to look: --stack names the CloudFormation stack, whose outputs name the rest. Flags go before environment variables
(BITRELAY_STACK, BITRELAY_LINK, BITRELAY_REGION, BITRELAY_ENDPOINT_URL, BITRELAY_FORMAT, BITRELAY_TABLE, BITRELAY_WEBHOOK_URL,
BITRELAY_LINK_SECRET_PREFIX), and those before $XDG_CONFIG_HOME/bitrelay/config.toml, which has the flags' names as keys:
stack = \"bitrelay\"

Exit codes: 0 done, 1 a defect, 2 wrong usage, 3 not found or not configured, 4 refused by AWS or Bitbucket (credentials),
5 may work later, 6 a check found something wrong

Examples:
  bitrelay --stack bitrelay status
  bitrelay --stack bitrelay events list --repository acme/widgets --limit 5";

/// The command line.
#[derive(Debug, Parser)]
#[command(name = "bitrelay", version, about = ABOUT, after_help = AFTER, disable_help_subcommand = true)]
pub struct Cli {
    /// Flags of every command.
    #[command(flatten)]
    pub global: Global,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The command line's grammar.
pub fn command() -> clap::Command {
    Cli::command()
}

/// Flags of every command.
#[derive(Debug, Clone, Default, Args)]
pub struct Global {
    /// How results are shown
    #[arg(long, global = true, value_enum, value_name = "FORMAT", help_heading = "Global options")]
    pub format: Option<Format>,
    /// The CloudFormation stack
    #[arg(long, global = true, value_name = "NAME", help_heading = "Global options")]
    pub stack: Option<String>,
    /// The link, where a command is about one
    #[arg(long, global = true, value_name = "ID", help_heading = "Global options")]
    pub link: Option<LinkId>,
    /// The AWS region
    #[arg(long, global = true, value_name = "REGION", help_heading = "Global options")]
    pub region: Option<String>,
    /// Another endpoint than AWS's, for the local stack
    #[arg(long, global = true, value_name = "URL", help_heading = "Global options")]
    pub endpoint_url: Option<String>,
    /// The table, in place of the stack's
    #[arg(long, global = true, value_name = "TABLE", help_heading = "Global options")]
    pub table: Option<String>,
    /// What comes before the link's id in the webhook URL, in place of the stack's
    #[arg(long, global = true, value_name = "URL", help_heading = "Global options")]
    pub webhook_url: Option<String>,
    /// What comes before the link's id in a secret's name, in place of the stack's
    #[arg(long, global = true, value_name = "PREFIX", help_heading = "Global options")]
    pub secrets_prefix: Option<String>,
    /// Another configuration file
    #[arg(long, global = true, value_name = "FILE", help_heading = "Global options")]
    pub config: Option<String>,
}

/// How results are shown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// Columns, for people.
    #[default]
    Table,
    /// JSON, for programs.
    Json,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Ask the way from a deployed stack to a link that works
    #[command(after_help = "Examples:\n  bitrelay init\n  bitrelay init --stack bitrelay --link acme")]
    Init,
    /// Make, look at and change links: the connections to Bitbucket
    #[command(subcommand)]
    Link(LinkCommand),
    /// Make, check and remove the hooks of a link
    #[command(subcommand)]
    Hooks(HooksCommand),
    /// Check everything that a link needs; exit code 6 where something is wrong
    Doctor(DoctorArgs),
    /// Send a sample delivery of any event key, signed as Bitbucket signs
    Trigger(TriggerArgs),
    /// Read the log
    #[command(subcommand)]
    Events(EventsCommand),
    /// Look at a pull request
    #[command(subcommand)]
    Pr(PrCommand),
    /// Look at what is being watched
    #[command(subcommand)]
    Watch(WatchCommand),
    /// Budget, watches and what is overdue, for each link
    #[command(after_help = "Examples:\n  bitrelay status\n  bitrelay status --format json")]
    Status,
    /// Print a script that completes commands in a shell
    #[command(
        after_help = "Examples:\n  bitrelay completions bash > ~/.local/share/bash-completion/completions/bitrelay"
    )]
    Completions {
        /// Which shell
        shell: Shell,
    },
}
