//! The calls and reports of a policy, and the figures made of them.

use std::collections::VecDeque;

use store::units::Written;

use crate::changes::{self, Kind, Report, WINDOW};
use crate::workload::{Second, Workload};

const HOUR: Second = 3_600;

/// The calls and reports of a policy on a workload.
#[derive(Debug, Clone, Default)]
pub struct Outcome {
    /// Times of its calls to Bitbucket, refused ones included.
    pub calls: Vec<Second>,
    /// Number of calls that Bitbucket answered 429.
    pub refused: usize,
    /// Its reports.
    pub reports: Vec<Report>,
    /// The write units of everything that it stored; empty for the other policy.
    pub written: Written,
}

/// The figures of one policy on one workload.
#[derive(Debug, Clone, PartialEq)]
pub struct Figures {
    /// Number of calls, refused ones included.
    pub calls: usize,
    /// Number of calls that Bitbucket answered 429.
    pub refused: usize,
    /// Largest number of calls in any rolling hour.
    pub busiest_hour: usize,
    /// Edits of comments inside their window.
    pub edits: Found,
    /// Changes of tasks.
    pub tasks: Found,
    /// Seconds from an edit's window's end to its report, of the edit with the largest such time. Negative: inside it.
    pub latest_after_window: Option<f64>,
}

/// Silent changes of one kind, and those that were found.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Found {
    /// Number of changes.
    pub made: usize,
    /// Number of changes that must be found: they stood for a window and its margin.
    pub standing: usize,
    /// Number of changes that were found.
    pub found: usize,
    /// Number of changes that must be found and were not.
    pub lost: usize,
    /// Delay of each change that was found, in seconds, the shortest first.
    pub delays: Vec<f64>,
}

impl Figures {
    /// Compares the reports with the changes.
    pub fn new(workload: &Workload, outcome: &Outcome) -> Self {
        let changes = changes::silent(workload);
        let found = changes::found(&changes, &outcome.reports);
        let edits = found.iter().filter(|(change, _)| change.kind == Kind::Edit);
        let after_window =
            edits.filter_map(|(change, at)| Some(at.as_ref()? - f64::from(change.at + WINDOW)));
        Self {
            calls: outcome.calls.len(),
            refused: outcome.refused,
            busiest_hour: busiest_hour(&outcome.calls),
            edits: Found::new(&found, Kind::Edit),
            tasks: Found::new(&found, Kind::Task),
            latest_after_window: after_window.max_by(f64::total_cmp),
        }
    }

    /// Returns the calls for each silent change that was found.
    pub fn calls_per_change(&self) -> f64 {
        ratio(self.calls, self.edits.found + self.tasks.found)
    }

    /// Returns the delays of all changes that were found, the shortest first.
    pub fn delays(&self) -> Found {
        let mut delays = [&self.edits.delays[..], &self.tasks.delays[..]].concat();
        delays.sort_by(f64::total_cmp);
        Found { delays, ..Found::default() }
    }
}

impl Found {
    fn new(found: &[(&changes::Change, Option<f64>)], kind: Kind) -> Self {
        let mut of_kind = Self::default();
        for (change, at) in found.iter().filter(|(change, _)| change.kind == kind) {
            of_kind.made += 1;
            of_kind.standing += usize::from(change.must_be_found);
            of_kind.lost += usize::from(change.must_be_found && at.is_none());
            of_kind.found += usize::from(at.is_some());
            of_kind.delays.extend(at.map(|at| at - f64::from(change.at)));
        }
        of_kind.delays.sort_by(f64::total_cmp);
        of_kind
    }

    /// Returns the delay that so many percent of the found changes do not exceed; `None` if none was found.
    pub fn percentile(&self, percent: usize) -> Option<f64> {
        let place = (self.delays.len() * percent).div_ceil(100).max(1) - 1;
        self.delays.get(place).copied()
    }
}

/// Returns the largest number of calls in any rolling hour.
fn busiest_hour(calls: &[Second]) -> usize {
    let mut hour = VecDeque::new();
    let mut most = 0;
    for at in calls {
        while hour.front().is_some_and(|first| at - first >= HOUR) {
            hour.pop_front();
        }
        hour.push_back(*at);
        most = most.max(hour.len());
    }
    most
}

#[allow(clippy::cast_precision_loss, reason = "counts of a few thousands")]
fn ratio(calls: usize, changes: usize) -> f64 {
    calls as f64 / changes as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentile_is_a_measured_delay() {
        let found = Found { delays: vec![1.0, 2.0, 3.0, 40.0], ..Found::default() };
        assert_eq!(
            [50, 75, 95, 100].map(|percent| found.percentile(percent)),
            [2.0, 3.0, 40.0, 40.0].map(Some)
        );
        assert_eq!(Found::default().percentile(50), None);
    }

    #[test]
    fn busiest_hour_is_a_rolling_hour() {
        assert_eq!(busiest_hour(&[0, 1_800, 3_599, 3_600, 7_199]), 3);
        assert_eq!(busiest_hour(&[]), 0);
    }
}
