//! The targets of the comparison, on the workloads that are small enough for every test run.
#![allow(clippy::unwrap_used, reason = "test code")]

use polling::table::Row;
use polling::workload::Workload;
use polling::workloads::{self, Edits};
use polling::{docs, measure, ours, targets};

const DOCUMENT: &str = include_str!("../../../docs/POLLING.md");

/// Largest difference between a figure in the document and the measured one, in percent.
const TOLERANCE: usize = 5;

/// Measures a workload, and compares the calls with those in the document.
fn measured(workload: &Workload) -> Row {
    let row = measure(workload).unwrap();
    for (policy, figures) in [("per comment", &row.per_comment), ("bitrelay", &row.ours)] {
        let written = docs::calls(DOCUMENT, workload.name, policy);
        let differs = |written: usize| written.abs_diff(figures.calls) * 100 > figures.calls * TOLERANCE;
        assert!(
            !written.is_none_or(differs),
            "docs/POLLING.md states {written:?} calls of {policy} on ({}), measured are {}; \
             `make bench-polling OPTIONS=--write` updates it",
            workload.name,
            figures.calls
        );
    }
    row
}

#[test]
fn quiet_team_waits_for_seconds() {
    let row = measured(&workloads::quiet_team(Edits::Early));
    assert_eq!(targets::missed(&row), [] as [&str; 0]);
}

#[test]
fn big_review_costs_a_fraction_of_the_calls() {
    let row = measured(&workloads::big_review(Edits::Early));
    assert_eq!((row.ours.edits.lost, row.ours.refused), (0, 0));
    assert!(row.ours.delays().percentile(50) <= row.per_comment.delays().percentile(50), "{row:?}");
    // The target is a factor of ten, which `make bench-polling` checks. This bound only keeps it from getting worse.
    let times_fewer = targets::times_fewer(&row);
    assert!(times_fewer >= 9.5, "{times_fewer}");
}

#[test]
fn big_review_with_even_edits_loses_none() {
    let row = measured(&workloads::big_review(Edits::Even));
    assert_eq!(targets::missed(&row), [] as [&str; 0]);
}

#[test]
fn review_of_five_pull_requests_costs_less() {
    let row = measured(&workloads::spread_review(Edits::Early));
    assert_eq!(targets::missed(&row), [] as [&str; 0]);
}

#[test]
fn calls_do_not_grow_with_the_comments_of_a_pull_request() {
    let calls = |comments| ours::run(&workloads::comments_at_once(comments)).unwrap().calls.len();
    let one = calls(1);
    assert!(one > 20, "{one} calls: the window was not polled");
    assert_eq!([calls(10), calls(100)], [one, one]);
}
