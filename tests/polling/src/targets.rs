//! What the figures must be.

use crate::table::Row;

/// Everything that a row misses, in words.
pub fn missed(row: &Row) -> Vec<String> {
    let (ours, theirs) = (&row.ours, &row.per_comment);
    let (delays, their_delays) = (ours.delays(), theirs.delays());
    let times_fewer = times_fewer(row);
    let (median, their_median) = (delays.percentile(50), their_delays.percentile(50));
    let mut checks = vec![
        (ours.edits.lost == 0, format!("{} edits are lost", ours.edits.lost)),
        (ours.tasks.lost == 0, format!("{} task changes are lost", ours.tasks.lost)),
        (ours.refused == 0, format!("{} calls are refused", ours.refused)),
    ];
    match row.name {
        "a" => {
            let p95 = delays.percentile(95);
            checks.push((median <= Some(10.0), format!("the median delay is {median:?}, not at most 10 s")));
            checks.push((p95 <= Some(30.0), format!("the 95th percentile is {p95:?}, not at most 30 s")));
        }
        "b" | "b2" => {
            let least = if row.name == "b" { FEWER_ON_ONE } else { FEWER_ON_FIVE };
            let fewer = format!("{times_fewer:.1} times fewer calls for each edit, not at least {least}");
            checks.push((times_fewer >= least, fewer));
            let longer = format!("the median delay is {median:?}, longer than {their_median:?}");
            checks.push((median <= their_median, longer));
        }
        "d" => {
            let late = ours.latest_after_window;
            let is_over = format!("{} calls in an hour, not at most 1,000", ours.busiest_hour);
            checks.push((ours.busiest_hour <= 1_000, is_over));
            checks
                .push((median <= Some(180.0), format!("the median delay is {median:?}, not at most 180 s")));
            let is_late = format!("an edit is found {late:?} after its window's end, not at most 120 s");
            checks.push((late <= Some(120.0), is_late));
        }
        _ => {}
    }
    checks.into_iter().filter(|(holds, _)| !holds).map(|(_, miss)| format!("({}) {miss}", row.name)).collect()
}

/// How many times fewer calls bitrelay makes for each change that it finds.
pub fn times_fewer(row: &Row) -> f64 {
    row.per_comment.calls_per_change() / row.ours.calls_per_change()
}

/// How many times fewer calls for each edit are asked for where all comments are on one pull request, and where they are on
/// five.
const FEWER_ON_ONE: f64 = 10.0;
const FEWER_ON_FIVE: f64 = 2.5;
