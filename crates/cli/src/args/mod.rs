//! Commands, flags and their help. Every command's help ends with examples, and a test runs them.

pub mod checks;
pub mod events;
pub mod link;
pub mod replay;
mod values;
pub mod watching;

use clap::{Args, CommandFactory, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use relay::LinkId;

pub use checks::{DoctorArgs, SandboxArgs, TriggerArgs};
pub use events::{EventsCommand, Filters, PrCommand, WatchCommand};
pub use link::{HookPlaces, HooksCommand, KeyValue, LinkCommand, SecretsFrom};
pub use replay::{DlqCommand, ReplayArgs};
pub use values::{Moment, Span};
pub use watching::{Condition, ConsoleArgs, StatsCommand, WaitArgs};

const ABOUT: &str =
    "Bitbucket Cloud's pull-request events, complete, on AWS EventBridge: links, hooks and the log";

const AFTER: &str = "\
Configuration: --stack names the CloudFormation stack; its outputs name the rest. Flags override environment variables
(BITRELAY_STACK, BITRELAY_LINK, BITRELAY_REGION, BITRELAY_ENDPOINT_URL, BITRELAY_FORMAT, BITRELAY_TABLE, BITRELAY_BUS,
BITRELAY_DEAD_LETTER_QUEUE_URL, BITRELAY_WEBHOOK_URL, BITRELAY_LINK_SECRET_PREFIX), and these override $XDG_CONFIG_HOME/bitrelay/config.toml. Its keys are the flags' names:
stack = \"bitrelay\"

Exit codes: 0 done, 1 a defect, 2 wrong usage, 3 not found or not configured, 4 refused by AWS or Bitbucket (credentials),
5 temporary: try again later, 6 a check found something wrong, what was waited for cannot happen, or events are still not on
the bus

Examples:
  bitrelay --stack bitrelay status
  bitrelay --stack bitrelay events list --repository acme/widgets --limit 5";

/// The command line.
#[derive(Debug, Parser)]
#[command(name = "bitrelay", version = release::RELEASE, about = ABOUT, after_help = AFTER, disable_help_subcommand = true)]
pub struct Cli {
    /// Flags of every command.
    #[command(flatten)]
    pub global: Global,
    /// The command to run.
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
    /// Format of results
    #[arg(long, global = true, value_enum, value_name = "FORMAT", help_heading = "Global options")]
    pub format: Option<Format>,
    /// The CloudFormation stack
    #[arg(long, global = true, value_name = "NAME", help_heading = "Global options")]
    pub stack: Option<String>,
    /// The link, for commands about one link
    #[arg(long, global = true, value_name = "ID", help_heading = "Global options")]
    pub link: Option<LinkId>,
    /// The AWS region
    #[arg(long, global = true, value_name = "REGION", help_heading = "Global options")]
    pub region: Option<String>,
    /// Endpoint in place of AWS's, for the local stack
    #[arg(long, global = true, value_name = "URL", help_heading = "Global options")]
    pub endpoint_url: Option<String>,
    /// Name of the table; overrides the stack's
    #[arg(long, global = true, value_name = "TABLE", help_heading = "Global options")]
    pub table: Option<String>,
    /// Name or ARN of the bus; overrides the stack's
    #[arg(long, global = true, value_name = "BUS", help_heading = "Global options")]
    pub bus: Option<String>,
    /// URL of the dead-letter queue; overrides the stack's
    #[arg(long, global = true, value_name = "URL", help_heading = "Global options")]
    pub dead_letter_queue_url: Option<String>,
    /// Webhook URL up to the link's id; overrides the stack's
    #[arg(long, global = true, value_name = "URL", help_heading = "Global options")]
    pub webhook_url: Option<String>,
    /// Prefix of the links' secrets, up to the link's id; overrides the stack's
    #[arg(long, global = true, value_name = "PREFIX", help_heading = "Global options")]
    pub secrets_prefix: Option<String>,
    /// Path of the configuration file
    #[arg(long, global = true, value_name = "FILE", help_heading = "Global options")]
    pub config: Option<String>,
}

/// Format of results.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// Columns, for people.
    #[default]
    Table,
    /// JSON, for programs.
    Json,
    /// Comma-separated values; only for `stats`
    Csv,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Create a working link for a deployed stack, step by step
    #[command(after_help = "Examples:\n  bitrelay init\n  bitrelay init --stack bitrelay --link acme")]
    Init,
    /// Create, show and change links: the connections to Bitbucket
    #[command(subcommand)]
    Link(LinkCommand),
    /// Create, check and remove the hooks of a link
    #[command(subcommand)]
    Hooks(HooksCommand),
    /// Check everything that a link needs; exit code 6 if something is wrong
    Doctor(DoctorArgs),
    /// Send a sample delivery of any event key, signed as Bitbucket signs
    Trigger(TriggerArgs),
    /// Read the log
    #[command(subcommand)]
    Events(EventsCommand),
    /// Publish events of the log again
    Replay(ReplayArgs),
    /// List and publish events that are not on the bus: the dead-letter queue
    #[command(subcommand)]
    Dlq(DlqCommand),
    /// Put items back that the table lacks, from a copy that point-in-time recovery made
    #[command(
        long_about = "\
Put items back that the table lacks, from a copy that point-in-time recovery made.

Nothing is overwritten, so it can be stopped and run again. Each event that is put back is published again, with its id and
sequence. Stop the functions first: docs/OPERATIONS.md has the steps.",
        after_help = "Examples:\n  bitrelay restore --from bitrelay-restored"
    )]
    Restore {
        /// Name of the table to read
        #[arg(long, value_name = "TABLE")]
        from: String,
    },
    /// Show a pull request
    #[command(subcommand)]
    Pr(PrCommand),
    /// List the next polls
    #[command(subcommand)]
    Watch(WatchCommand),
    /// Show budget, watches and overdue polls of each link
    #[command(after_help = "Examples:\n  bitrelay status\n  bitrelay status --format json")]
    Status,
    /// Serve pages about the log on 127.0.0.1, for a browser of this machine
    Console(ConsoleArgs),
    /// Compute figures from the log
    #[command(subcommand)]
    Stats(StatsCommand),
    /// Wait for something to happen to a pull request
    Wait(WaitArgs),
    /// Print a completion script for a shell
    #[command(
        after_help = "Examples:\n  bitrelay completions bash > ~/.local/share/bash-completion/completions/bitrelay"
    )]
    Completions {
        /// The shell
        shell: Shell,
    },
}
