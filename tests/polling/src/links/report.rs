//! The figures as lines of a table.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::process::SHARE;
use super::{INTERVAL_SECONDS, RUN_SECONDS};

/// The figures of one measured run.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Measured {
    /// Number of links.
    pub links: usize,
    /// Number of polls of pull requests that began.
    pub polls: usize,
    /// Number of polls that failed or were cut off.
    pub failed: u32,
    /// Number of API calls.
    pub calls: u32,
    /// Lateness of the polls in milliseconds, in ascending order. A poll that never began counts with its lateness at
    /// the end of the run.
    pub late_ms: Vec<i64>,
    /// Processor time that the run used.
    pub cpu: Duration,
    /// Peak of the memory in MB.
    pub peak_mb: u64,
}

/// The head of the table.
pub const HEAD: &str =
    "| links | polls made | wanted | late, p50 | p95 | API calls | failed | CPU | of its share | memory |
| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |";

impl Measured {
    /// Returns the number of polls that fall due if none is late. A late poll delays the next one.
    fn wanted(&self) -> usize {
        let run = self.links * usize::try_from(RUN_SECONDS).unwrap_or_default();
        run / usize::try_from(INTERVAL_SECONDS).unwrap_or(1)
    }

    fn late(&self, percent: usize) -> String {
        let place = (self.late_ms.len() * percent / 100).min(self.late_ms.len().saturating_sub(1));
        self.late_ms.get(place).map_or_else(
            || "–".to_owned(),
            |ms| format!("{:.1} s", Duration::from_millis(ms.unsigned_abs()).as_secs_f64()),
        )
    }

    /// Formats the figures as a line of the table.
    pub fn line(&self) -> String {
        let share =
            f64::from(SHARE) / 1_000.0 * Duration::from_secs(RUN_SECONDS.unsigned_abs()).as_secs_f64();
        format!(
            "| {} | {} | {} | {} | {} | {} | {} | {:.2} s | {:.0} % | {} MB |",
            self.links,
            self.polls,
            self.wanted(),
            self.late(50),
            self.late(95),
            self.calls,
            self.failed,
            self.cpu.as_secs_f64(),
            100.0 * self.cpu.as_secs_f64() / share,
            self.peak_mb,
        )
    }
}
