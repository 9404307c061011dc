//! The largest delays of events without a webhook, as README.md states them.

use std::time::Duration;

use relay::Settings;
use serde::Deserialize;

/// Longest wait for the next run of the poller.
const RUN_SECONDS: u32 = 60;

/// Factor between poll intervals if no window is fresh.
const LATER_FACTOR: u32 = 2;

/// Intervals of a deployment, by its parameters. `make up` writes them into `stack.json`.
#[derive(Debug, Clone, Copy, Deserialize)]
#[expect(missing_docs, reason = "the parameters' own names")]
pub struct Pace {
    pub poll_interval_seconds: u32,
    pub task_interval_seconds: u32,
    pub sweep_seconds: u32,
    pub grace_seconds: u32,
}

impl Pace {
    /// Returns the delay of an edit while a window is open: until the next run, and until the next poll.
    pub const fn edit(&self) -> Duration {
        seconds(RUN_SECONDS + self.poll_seconds())
    }

    /// Returns the delay of a task's change while a window is open. Not every poll reads tasks.
    pub const fn task(&self) -> Duration {
        seconds(RUN_SECONDS + self.task_interval_seconds + self.poll_seconds())
    }

    /// Returns the delay of a pull request or a comment whose webhook was lost: a run, a sweep, the grace period for
    /// the webhook, and the poll.
    pub const fn lost_webhook(&self) -> Duration {
        seconds(RUN_SECONDS + self.sweep_seconds + self.grace_seconds + self.poll_seconds())
    }

    const fn poll_seconds(&self) -> u32 {
        LATER_FACTOR * self.poll_interval_seconds
    }
}

impl From<Settings> for Pace {
    fn from(settings: Settings) -> Self {
        Self {
            poll_interval_seconds: settings.poll_interval_seconds,
            task_interval_seconds: settings.task_interval_seconds,
            sweep_seconds: settings.sweep_seconds,
            grace_seconds: settings.grace_seconds,
        }
    }
}

const fn seconds(seconds: u32) -> Duration {
    Duration::from_secs(seconds as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn readme_states_the_delays_of_the_default_settings() {
        let readme = std::fs::read_to_string(crate::paths::workspace().join("README.md")).unwrap();
        let pace = Pace::from(Settings::default());
        for (change, promised) in [
            ("an edit of a comment", pace.edit()),
            ("a change of a task", pace.task()),
            ("a pull request or a comment whose webhook was lost", pace.lost_webhook()),
        ] {
            let row = readme.lines().find(|line| line.starts_with(&format!("| {change}")));
            let row = row.unwrap_or_else(|| panic!("README.md has no row for {change}"));
            let named = row.split('|').nth(2).unwrap().trim();
            assert_eq!(named, format!("{} s", promised.as_secs()), "{row}");
        }
    }
}
