//! `console`, `stats` and `wait`.

use std::str::FromStr;

use clap::{Args, Subcommand};
use store::reading::RepositoryFilter;

use super::{Moment, Span};

/// Serve pages about the log on 127.0.0.1, for a browser of this machine.
#[derive(Debug, Args)]
#[command(after_help = "\
Prints the address and serves until Ctrl-C. The address has a random token, which the browser exchanges for a cookie.
The pages load nothing from other hosts. They read the table with your own AWS credentials; only a button on the health
page calls Bitbucket.

The live feed reads the last minute of the log every 0.7 seconds. Other consoles and `events tail` can run at the same
time.

Examples:
  bitrelay console
  bitrelay console --open --link acme
  bitrelay console --port 4320")]
pub struct ConsoleArgs {
    /// Port on 127.0.0.1; 0 is any free one
    #[arg(long, default_value_t = 0)]
    pub port: u16,
    /// Open the address in the default browser
    #[arg(long)]
    pub open: bool,
}

/// Compute figures from the log.
#[derive(Debug, Subcommand)]
pub enum StatsCommand {
    /// Show how long reviews take: time to the first review, to approval, to merge
    #[command(after_help = "\
A table has the medians by repository and by the week in which the pull requests were opened. CSV has one line for each
pull request, JSON has both. Fields are named after OpenTelemetry's conventions; times are in seconds.

Examples:
  bitrelay stats reviews
  bitrelay stats reviews --since 90d --format csv > reviews.csv
  bitrelay stats reviews --repository acme/widgets --format json")]
    Reviews {
        /// Only pull requests with an event at or after this: a time, a day, or an age such as 28d
        #[arg(long, value_name = "TIME", default_value = "28d")]
        since: Moment,
        /// Only pull requests with an event before this time
        #[arg(long, value_name = "TIME")]
        until: Option<Moment>,
        /// `workspace/slug`, or the repository's UUID
        #[arg(long)]
        repository: Option<RepositoryFilter>,
    },
}

/// Wait for something to happen to a pull request.
#[derive(Debug, Args)]
#[command(after_help = "\
Reads the table only, and never calls Bitbucket. Prints one line and ends with

  0  it happened
  5  it did not happen before the timeout
  6  it cannot happen any more: the pull request has ended otherwise, or a build failed

`merged`, `approved` and `builds=successful` end at once if they are true already. `comment` and `task-resolved` wait
for a new event, also after the end of the pull request; --since also counts earlier ones. `approved` needs one approval
and no request for changes. `builds=successful` waits until no build of the head is in progress.

Examples:
  bitrelay wait --pr acme/widgets 7 --for merged --timeout 2h
  bitrelay wait --pr acme/widgets 7 --for builds=successful --timeout 20m --format json
  bitrelay wait --pr acme/widgets 7 --for comment --since 5m")]
pub struct WaitArgs {
    /// The pull request: `workspace/slug` or the repository's UUID, and its number
    #[arg(long, num_args = 2, required = true, value_names = ["REPOSITORY", "NUMBER"])]
    pub pr: Vec<String>,
    /// merged, approved, builds=successful, comment or task-resolved
    #[arg(long = "for", value_name = "CONDITION")]
    pub condition: Condition,
    /// Longest wait
    #[arg(long, value_name = "TIME", default_value = "30m")]
    pub timeout: Span,
    /// For comment and task-resolved: also count earlier events, observed at or after this time
    #[arg(long, value_name = "TIME")]
    pub since: Option<Moment>,
    /// Interval between reads of the table
    #[arg(long, value_name = "TIME", default_value = "2s")]
    pub every: Span,
}

/// The condition to wait for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Condition {
    /// The pull request is merged.
    Merged,
    /// It has an approval, and no request for changes.
    Approved,
    /// All builds of the head are successful.
    BuildsSuccessful,
    /// A comment was created.
    Comment,
    /// A task was resolved.
    TaskResolved,
}

impl FromStr for Condition {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "merged" => Ok(Self::Merged),
            "approved" => Ok(Self::Approved),
            "builds=successful" => Ok(Self::BuildsSuccessful),
            "comment" => Ok(Self::Comment),
            "task-resolved" => Ok(Self::TaskResolved),
            _ => Err("expected merged, approved, builds=successful, comment or task-resolved".to_owned()),
        }
    }
}
