//! `replay` and `dlq`: events that are published again, or at last.

use bitbucket::{EventKey, PullRequestId};
use clap::{ArgGroup, Args, Subcommand};
use store::reading::RepositoryFilter;

use super::Moment;
use super::events::{SourceArg, event_id, event_key, pull_request_id};

/// Publish events of the log again.
#[derive(Debug, Clone, Default, Args)]
#[command(
    group = ArgGroup::new("what").args(["event", "pr", "since", "resume", "forget"]).required(true).multiple(true),
    after_help = "\
A replayed event keeps its id and sequence. Its envelope has the field `replay` with --name and the time, so that a rule can
select or leave out replays (docs/RULES.md). Subscribers that drop known ids ignore it.

Ctrl-C stops a replay after the request that is under way; --resume publishes the rest. So does a failure of the bus.

Examples:
  bitrelay replay --since 24h --dry-run
  bitrelay replay --since 2026-11-23 --until 2026-11-24 --yes
  bitrelay replay --since 7d --repository acme/widgets --key pullrequest:fulfilled --name backfill
  bitrelay replay --pr acme/widgets 7
  bitrelay replay --event 0123456789abcdef0123456789abcdef
  bitrelay replay --resume"
)]
#[allow(clippy::struct_excessive_bools, reason = "each is one flag")]
pub struct ReplayArgs {
    /// The event with this id
    #[arg(long, value_name = "ID", value_parser = event_id, conflicts_with_all = ["pr", "repository"])]
    pub event: Option<String>,
    /// The events of a pull request: its repository, and its number
    #[arg(long, num_args = 2, value_names = ["WORKSPACE/SLUG", "NUMBER"], conflicts_with = "repository")]
    pub pr: Option<Vec<String>>,
    /// Observed at or after: a time, a day, or an age such as 2h
    #[arg(long, value_name = "TIME")]
    pub since: Option<Moment>,
    /// Observed before; the default is now
    #[arg(long, value_name = "TIME", conflicts_with_all = ["resume", "forget"])]
    pub until: Option<Moment>,
    /// Only events of this repository: `workspace/slug`, or its UUID
    #[arg(long, conflicts_with_all = ["resume", "forget"])]
    pub repository: Option<RepositoryFilter>,
    /// Only events with this key
    #[arg(long, value_parser = event_key, conflicts_with_all = ["resume", "forget"])]
    pub key: Option<EventKey>,
    /// Only events from this source
    #[arg(long, value_enum, conflicts_with_all = ["resume", "forget"])]
    pub source: Option<SourceArg>,
    /// Show the number of events and the first ten; publish nothing
    #[arg(long, conflicts_with_all = ["resume", "forget"])]
    pub dry_run: bool,
    /// Publish more than a hundred events without asking
    #[arg(long)]
    pub yes: bool,
    /// Most events in a second
    #[arg(long, value_name = "NUMBER", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub per_second: u32,
    /// Name of the replay in each envelope; the default is the time of its start
    #[arg(long, value_parser = name, conflicts_with_all = ["resume", "forget"])]
    pub name: Option<String>,
    /// Publish the rest of the replay that was stopped
    #[arg(long, conflicts_with_all = ["event", "pr", "since"])]
    pub resume: bool,
    /// Forget the replay that was stopped, without publishing the rest
    #[arg(long, conflicts_with_all = ["event", "pr", "since", "resume", "yes"])]
    pub forget: bool,
}

impl ReplayArgs {
    /// Returns the repository and the number of the pull request.
    ///
    /// # Errors
    ///
    /// The reason why they name none.
    pub fn pull_request(&self) -> Result<Option<(RepositoryFilter, PullRequestId)>, String> {
        let Some([repository, number]) = self.pr.as_deref() else { return Ok(None) };
        Ok(Some((repository.parse().map_err(str::to_owned)?, pull_request_id(number)?)))
    }
}

/// Events that are not on the bus, in the dead-letter queue.
#[derive(Debug, Subcommand)]
pub enum DlqCommand {
    /// List the messages of the dead-letter queue, each with its reason
    #[command(after_help = "\
A listed message stays in the queue. It is hidden from other readers for some seconds.

Examples:
  bitrelay dlq list
  bitrelay dlq list --limit 1000 --format json")]
    List {
        /// Largest number of results
        #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u16).range(1..=10_000))]
        limit: u16,
    },
    /// Show one message, and whether its event is in the log
    #[command(after_help = "Examples:\n  bitrelay dlq show 3f6a1d52-5d0b-4b7e-9f3a-2f1f6a5f0c11")]
    Show {
        /// The message's id, as `dlq list` shows it
        id: String,
    },
    /// Publish the events of messages from the log, and delete each message once the bus has its event
    #[command(
        group = ArgGroup::new("which").args(["ids", "all"]).required(true),
        after_help = "\
The event is published as for the first time, without the field `replay`. A message that Lambda wrote names a span of time and
no events: then every event of that span is published, and subscribers drop those that they know by their ids. A message whose
event cannot be published stays in the queue.

Examples:
  bitrelay dlq redrive 3f6a1d52-5d0b-4b7e-9f3a-2f1f6a5f0c11
  bitrelay dlq redrive --all
  bitrelay dlq redrive --all --per-second 20"
    )]
    Redrive {
        /// Ids of messages
        #[arg(value_name = "ID")]
        ids: Vec<String>,
        /// Every message of the queue
        #[arg(long)]
        all: bool,
        /// Most events in a second
        #[arg(long, value_name = "NUMBER", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=10_000))]
        per_second: u32,
    },
}

fn name(text: &str) -> Result<String, String> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | ':');
    if (1..=64).contains(&text.len()) && text.chars().all(allowed) {
        return Ok(text.to_owned());
    }
    Err("a name has 1 to 64 letters, digits and `-_.:`".to_owned())
}
