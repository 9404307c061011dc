//! Repositories, pull requests, and the settings of a world.

use jiff::SignedDuration;
use poller::PollerSettings;
use relay::{LinkId, Settings};
use simulator::Rules;

/// One of the two repositories. Each has a link with a credential of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Repo {
    /// `acme/widgets`, link `widgets`, polled as `bot`.
    Widgets,
    /// `acme/gadgets`, link `gadgets`, polled as `spare`.
    Gadgets,
}

impl Repo {
    /// The slug, which is also the id of its link.
    pub const fn slug(self) -> &'static str {
        match self {
            Self::Widgets => "widgets",
            Self::Gadgets => "gadgets",
        }
    }

    /// Account of its link's credential.
    pub const fn bot(self) -> &'static str {
        match self {
            Self::Widgets => "bot",
            Self::Gadgets => "spare",
        }
    }

    /// Id of its link.
    pub fn link(self) -> LinkId {
        self.slug().parse().unwrap()
    }
}

/// A pull request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Pr {
    /// The repository.
    pub repo: Repo,
    /// The number in that repository.
    pub id: u64,
}

/// Settings of a world.
#[derive(Debug, Clone, Copy)]
pub struct Setup {
    /// Behaviour of Bitbucket that is not documented.
    pub rules: Rules,
    /// Windows and intervals. The simulator's window is the same.
    pub settings: Settings,
    /// Limits of a poller's run.
    pub limits: PollerSettings,
    /// True if hooks are registered at the start.
    pub hooked: bool,
    /// Number of further repositories in the workspace, in which nothing happens.
    pub quiet_repositories: usize,
}

impl Default for Setup {
    fn default() -> Self {
        let limits = PollerSettings {
            // Most stories are not about the budget.
            calls_per_hour: 1_000_000,
            max_calls_per_run: 1_000,
            read_heads: false,
            pass_spacing: SignedDuration::from_millis(1),
            overtime: SignedDuration::from_secs(5),
            ..PollerSettings::default()
        };
        // Polls are rarer than by default: most stories ask what is found, not how soon, and a poll takes real time.
        // Sweeps, full reads, heads and the tail have stories of their own.
        let settings = Settings {
            poll_interval_seconds: 60,
            tail_seconds: [0; 3],
            task_interval_seconds: 0,
            sweep_seconds: 0,
            full_read_seconds: 0,
            ..Settings::default()
        };
        Self { rules: Rules::default(), settings, limits, hooked: true, quiet_repositories: 0 }
    }
}
