//! The targets that the figures must meet.

use relay::Settings;

use crate::table::Row;
use crate::workload::Calls;

/// Smallest factor between the calls of the two policies for each edit, with all comments on one pull request.
const FEWER_ON_ONE: f64 = 10.0;

/// The same with the comments on five pull requests.
const FEWER_ON_FIVE: f64 = 2.5;

/// Seconds that a check may wait to serve the next window as well (docs/design/polling-and-budget.md).
const SLACK_SECONDS: u32 = 50;

/// Lists the targets that a row misses, each as a sentence.
pub fn missed(row: &Row) -> Vec<String> {
    let ours = &row.ours;
    let late = ours.latest_after_window;
    let mut checks = vec![
        (ours.edits.lost == 0, format!("{} edits are lost", ours.edits.lost)),
        (ours.tasks.lost == 0, format!("{} task changes are lost", ours.tasks.lost)),
        (ours.refused == 0, format!("{} calls are refused", ours.refused)),
    ];
    match row.calls {
        Calls::Ample => {
            let most = f64::from(Settings::default().margin_seconds + SLACK_SECONDS);
            let is_late = format!("an edit is found {late:?} s after its window's end, not at most {most} s");
            checks.push((late <= Some(most), is_late));
        }
        Calls::Limited { bitrelay, .. } => {
            let is_over = format!("{} calls in an hour, not at most {bitrelay}", ours.busiest_hour);
            checks.push((u32::try_from(ours.busiest_hour).is_ok_and(|calls| calls <= bitrelay), is_over));
        }
    }
    checks.extend(of_workload(row));
    checks.into_iter().filter(|(holds, _)| !holds).map(|(_, miss)| format!("({}) {miss}", row.name)).collect()
}

/// Targets of single workloads.
fn of_workload(row: &Row) -> Vec<(bool, String)> {
    let (delays, their_delays) = (row.ours.delays(), row.per_comment.delays());
    let (median, their_median) = (delays.percentile(50), their_delays.percentile(50));
    let at_most = |delay: Option<f64>, most: f64, name: &str| {
        (delay <= Some(most), format!("{name} is {delay:?} s, not at most {most} s"))
    };
    match row.name {
        "a" => {
            let p95 = delays.percentile(95);
            vec![
                at_most(median, 10.0, "the median delay"),
                at_most(p95, 30.0, "the 95th percentile of the delays"),
            ]
        }
        "b" | "b2" => {
            let least = if row.name == "b" { FEWER_ON_ONE } else { FEWER_ON_FIVE };
            let times_fewer = times_fewer(row);
            let fewer = format!("{times_fewer:.1} times fewer calls for each edit, not at least {least}");
            let longer = format!("the median delay is {median:?} s, longer than {their_median:?} s");
            vec![(times_fewer >= least, fewer), (median <= their_median, longer)]
        }
        "d" => {
            let late = row.ours.latest_after_window;
            let latest = "the latest report after a window's end";
            vec![at_most(median, 180.0, "the median delay"), at_most(late, 120.0, latest)]
        }
        _ => Vec::new(),
    }
}

/// Returns how many times fewer calls bitrelay makes for each change that it finds.
pub fn times_fewer(row: &Row) -> f64 {
    row.per_comment.calls_per_change() / row.ours.calls_per_change()
}
