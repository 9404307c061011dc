//! Commands that read: the log, a pull request, watches.

use bitbucket::{EventKey, PullRequestId};
use clap::{Args, Subcommand, ValueEnum};
use relay::Source;
use store::reading::RepositoryFilter;

use super::{Moment, Span};

/// Read the log.
#[derive(Debug, Subcommand)]
pub enum EventsCommand {
    /// List the newest events, the newest first
    #[command(after_help = "\
The log is read by time, from the newest event back to the last one that is shown. --since ends it earlier. Without --link,
the list has the events of all links that exist.

Examples:
  bitrelay events list
  bitrelay events list --repository acme/widgets --pr 7
  bitrelay events list --key pullrequest:task_created --since 24h --format json
  bitrelay events list --source poll --since 2026-11-24T09:00:00Z --until 2026-11-25 --limit 100")]
    List {
        /// Filters.
        #[command(flatten)]
        filters: Filters,
        /// Largest number of results
        #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u16).range(1..=10_000))]
        limit: u16,
    },
    /// Show one event with its payload
    #[command(after_help = "\
The log is read from its newest event back to this one. With --since, the search ends at that time.

Examples:\n  bitrelay events show 0123456789abcdef0123456789abcdef
  bitrelay events show 0123456789abcdef0123456789abcdef --since 7d")]
    Show {
        /// The event's id, 32 hex digits
        #[arg(value_parser = event_id)]
        id: String,
        /// Observed at or after: a time, a day, or an age such as 2h
        #[arg(long, value_name = "TIME")]
        since: Option<Moment>,
    },
    /// Follow the log live, from now on
    #[command(after_help = "Examples:
  bitrelay events tail
  bitrelay events tail --repository acme/widgets --format json
  bitrelay events tail --key pullrequest:comment_updated --limit 1")]
    Tail {
        /// Filters.
        #[command(flatten)]
        filters: Filters,
        /// Stop after this many events
        #[arg(long)]
        limit: Option<u32>,
        /// Interval between reads of the log
        #[arg(long, default_value = "1s")]
        every: Span,
    },
}

/// Filters of events.
#[derive(Debug, Clone, Default, Args)]
pub struct Filters {
    /// `workspace/slug`, or the repository's UUID
    #[arg(long)]
    pub repository: Option<RepositoryFilter>,
    /// The pull request's number
    #[arg(long, value_name = "NUMBER", value_parser = pull_request_id)]
    pub pr: Option<PullRequestId>,
    /// The event key
    #[arg(long, value_parser = event_key)]
    pub key: Option<EventKey>,
    /// Reported by a webhook, or found by a poll
    #[arg(long, value_enum)]
    pub source: Option<SourceArg>,
    /// Observed at or after: a time, a day, or an age such as 2h
    #[arg(long, value_name = "TIME")]
    pub since: Option<Moment>,
    /// Observed before
    #[arg(long, value_name = "TIME")]
    pub until: Option<Moment>,
}

/// Source of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum SourceArg {
    /// Bitbucket reported it.
    Webhook,
    /// A poll found it.
    Poll,
}

impl From<SourceArg> for Source {
    fn from(source: SourceArg) -> Self {
        match source {
            SourceArg::Webhook => Self::Webhook,
            SourceArg::Poll => Self::Poll,
        }
    }
}

/// Show a pull request.
#[derive(Debug, Subcommand)]
pub enum PrCommand {
    /// Show its state, counters, open windows and next poll
    #[command(
        after_help = "Examples:\n  bitrelay pr show acme/widgets 7\n  bitrelay pr show acme/widgets 7 --format json"
    )]
    Show {
        /// `workspace/slug`, or the repository's UUID
        repository: RepositoryFilter,
        /// The pull request's number
        #[arg(value_parser = pull_request_id)]
        number: PullRequestId,
    },
}

/// List the next polls.
#[derive(Debug, Subcommand)]
pub enum WatchCommand {
    /// List the next polls, with time and reason
    #[command(
        after_help = "Examples:\n  bitrelay watch list\n  bitrelay watch list --limit 100 --format json"
    )]
    List {
        /// Largest number of results
        #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u16).range(1..=1_000))]
        limit: u16,
    },
}

pub(super) fn event_key(text: &str) -> Result<EventKey, String> {
    EventKey::parse(text).map_err(|_| "an event key consists of letters, digits and `:_-.`".to_owned())
}

pub(super) fn pull_request_id(text: &str) -> Result<PullRequestId, String> {
    text.trim_start_matches('#')
        .parse()
        .map(PullRequestId)
        .map_err(|_| "a pull request is named by its number, such as 7".to_owned())
}

pub(super) fn event_id(text: &str) -> Result<String, String> {
    let is_id = text.len() == 32 && text.chars().all(|c| matches!(c, '0'..='9' | 'a'..='f'));
    if is_id { Ok(text.to_owned()) } else { Err("an event's id has 32 hex digits".to_owned()) }
}
