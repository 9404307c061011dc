//! What a policy did, and what that is worth.

use std::collections::VecDeque;

use crate::changes::{self, Kind, Report, WINDOW};
use crate::workload::{Second, Workload};

const HOUR: Second = 3_600;

/// What a policy did with a workload.
#[derive(Debug, Clone, Default)]
pub struct Outcome {
    /// When it called Bitbucket, calls that were refused too.
    pub calls: Vec<Second>,
    /// How many of those were answered 429.
    pub refused: usize,
    /// What it told.
    pub reports: Vec<Report>,
}

/// The figures of one policy with one workload.
#[derive(Debug, Clone, PartialEq)]
pub struct Figures {
    /// Calls, refused ones too.
    pub calls: usize,
    /// Calls that were answered 429.
    pub refused: usize,
    /// The most calls in any hour.
    pub busiest_hour: usize,
    /// Edits of comments inside their window.
    pub edits: Found,
    /// Changes of tasks.
    pub tasks: Found,
    /// How long after its window's end the last edit was found, in seconds; negative is before it.
    pub latest_after_window: Option<f64>,
}

/// What was found of one kind of silent changes.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Found {
    /// How many there were.
    pub made: usize,
    /// How many of them had to be found: they stood for a window and its margin.
    pub standing: usize,
    /// How many were found.
    pub found: usize,
    /// How many had to be found and were not.
    pub lost: usize,
    /// How long each one took that was found, in seconds, the shortest first.
    pub delays: Vec<f64>,
}

impl Figures {
    /// Compares what was told with what was done.
    pub fn of(workload: &Workload, outcome: &Outcome) -> Self {
        let changes = changes::silent(workload);
        let found = changes::found(&changes, &outcome.reports);
        let edits = found.iter().filter(|(change, _)| change.kind == Kind::Edit);
        let after_window =
            edits.filter_map(|(change, at)| Some(at.as_ref()? - f64::from(change.at + WINDOW)));
        Self {
            calls: outcome.calls.len(),
            refused: outcome.refused,
            busiest_hour: busiest_hour(&outcome.calls),
            edits: Found::of(&found, Kind::Edit),
            tasks: Found::of(&found, Kind::Task),
            latest_after_window: after_window.max_by(f64::total_cmp),
        }
    }

    /// Calls for each silent change that was found.
    pub fn calls_per_change(&self) -> f64 {
        ratio(self.calls, self.edits.found + self.tasks.found)
    }

    /// Delays of all that was found, the shortest first.
    pub fn delays(&self) -> Found {
        let mut delays = [&self.edits.delays[..], &self.tasks.delays[..]].concat();
        delays.sort_by(f64::total_cmp);
        Found { delays, ..Found::default() }
    }
}

impl Found {
    fn of(found: &[(&changes::Change, Option<f64>)], kind: Kind) -> Self {
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

    /// The delay that so many of a hundred changes stay below or at; `None` where nothing was found.
    pub fn percentile(&self, percent: usize) -> Option<f64> {
        let place = (self.delays.len() * percent).div_ceil(100).max(1) - 1;
        self.delays.get(place).copied()
    }
}

/// The most calls in any rolling hour.
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
    fn a_percentile_is_a_delay_that_happened() {
        let found = Found { delays: vec![1.0, 2.0, 3.0, 40.0], ..Found::default() };
        assert_eq!(
            [50, 75, 95, 100].map(|percent| found.percentile(percent)),
            [2.0, 3.0, 40.0, 40.0].map(Some)
        );
        assert_eq!(Found::default().percentile(50), None);
    }

    #[test]
    fn an_hour_rolls() {
        assert_eq!(busiest_hour(&[0, 1_800, 3_599, 3_600, 7_199]), 3);
        assert_eq!(busiest_hour(&[]), 0);
    }
}
