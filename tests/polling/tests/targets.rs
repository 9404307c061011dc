//! What the comparison must show, on the workloads that are small enough for every test run.
#![allow(clippy::unwrap_used, reason = "test code")]

use polling::table::Row;
use polling::workload::Workload;
use polling::{docs, measure, ours, targets, workloads};

const DOCUMENT: &str = include_str!("../../../docs/POLLING.md");

/// How far a figure in the document may be from what is measured, in percent.
const TOLERANCE: usize = 5;

/// Measures, and compares with what the document says.
fn measured(workload: &Workload) -> Row {
    let row = measure(workload).unwrap();
    for (policy, figures) in [("per comment", &row.per_comment), ("bitrelay", &row.ours)] {
        let written = docs::calls(DOCUMENT, workload.name, policy);
        let differs = |written: usize| written.abs_diff(figures.calls) * 100 > figures.calls * TOLERANCE;
        assert!(
            !written.is_none_or(differs),
            "docs/POLLING.md says {written:?} calls for {policy} on ({}), and {} were made: make bench-polling OPTIONS=--write",
            workload.name,
            figures.calls
        );
    }
    row
}

#[test]
fn a_quiet_team_waits_for_seconds() {
    let row = measured(&workloads::quiet_team());
    assert_eq!(targets::missed(&row), [] as [&str; 0]);
}

#[test]
fn a_big_review_costs_a_fraction_of_the_calls_and_is_followed_as_closely() {
    let row = measured(&workloads::big_review());
    assert_eq!((row.ours.edits.lost, row.ours.refused), (0, 0));
    assert!(row.ours.delays().percentile(50) <= row.per_comment.delays().percentile(50), "{row:?}");
    // The target is ten times, and `make bench-polling` says whether it is met. This must not get worse.
    let times_fewer = targets::times_fewer(&row);
    assert!(times_fewer >= 9.5, "{times_fewer}");
}

#[test]
fn a_review_of_five_pull_requests_still_costs_less() {
    let row = measured(&workloads::spread_review());
    assert_eq!(targets::missed(&row), [] as [&str; 0]);
}

#[test]
fn what_is_watched_is_the_pull_request_however_many_comments_it_has() {
    let calls = |comments| ours::run(&workloads::comments_at_once(comments)).unwrap().calls.len();
    let one = calls(1);
    assert!(one > 20, "{one} calls: the window was not watched at all");
    assert_eq!([calls(10), calls(100)], [one, one]);
}
