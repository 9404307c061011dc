//! Repositories, pull requests, and how a world starts.

use jiff::SignedDuration;
use poller::PollerSettings;
use relay::{LinkId, Settings};
use simulator::Rules;

/// Where a pull request is. Each repository has a link with a credential of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Repo {
    /// `acme/widgets`, link `widgets`, polled as `bot`.
    Widgets,
    /// `acme/gadgets`, link `gadgets`, polled as `spare`.
    Gadgets,
}

impl Repo {
    /// Its slug, which is its link's id too.
    pub const fn slug(self) -> &'static str {
        match self {
            Self::Widgets => "widgets",
            Self::Gadgets => "gadgets",
        }
    }

    /// Who polls it.
    pub const fn bot(self) -> &'static str {
        match self {
            Self::Widgets => "bot",
            Self::Gadgets => "spare",
        }
    }

    /// Its link.
    pub fn link(self) -> LinkId {
        self.slug().parse().unwrap()
    }
}

/// A pull request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Pr {
    /// Where.
    pub repo: Repo,
    /// Its number there.
    pub id: u64,
}

/// How a world starts.
#[derive(Debug, Clone, Copy)]
pub struct Setup {
    /// What is not known about Bitbucket.
    pub rules: Rules,
    /// Windows and intervals. The simulator's window is the same.
    pub settings: Settings,
    /// What a run of the poller may spend.
    pub limits: PollerSettings,
    /// Whether hooks are registered at the start.
    pub hooked: bool,
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
        // Less often than by default: most stories are about what is found, not how soon, and a poll takes real time. Sweeps, heads and
        // the tail are for stories of their own.
        let settings = Settings {
            poll_interval_seconds: 60,
            tail_seconds: [0; 3],
            task_interval_seconds: 0,
            sweep_seconds: 0,
            ..Settings::default()
        };
        Self { rules: Rules::default(), settings, limits, hooked: true }
    }
}
