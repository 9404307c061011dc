use super::*;
use crate::testing::at;

const DAY: i64 = 86_400;

#[test]
fn window_closes_after_its_margin() {
    let settings = Settings { window_seconds: 600, margin_seconds: 60, ..Settings::default() };
    assert_eq!(settings.window_closes(at(0)), at(660));
    assert_eq!(settings.baseline(at(660)), at(0));
}

#[test]
fn window_is_long_closed_after_its_tail_and_at_least_a_day() {
    let with = |tail_seconds| Settings {
        window_seconds: 600,
        margin_seconds: 60,
        tail_seconds,
        ..Settings::default()
    };
    let now = at(10 * DAY);
    assert_eq!(with([0; 3]).long_closed_before(now), at(9 * DAY - 660));
    assert_eq!(with([60, 2 * 86_400, 0]).long_closed_before(now), at(8 * DAY - 660));
}

#[test]
fn polls_are_closest_while_a_window_is_fresh() {
    let settings = Settings { poll_interval_seconds: 15, ..Settings::default() };
    assert_eq!(settings.next_poll(at(0), true), at(15));
    assert_eq!(settings.next_poll(at(0), false), at(30));
    assert!(Settings::is_fresh(at(120), at(0)));
    assert!(!Settings::is_fresh(at(121), at(0)));
}

#[test]
fn tasks_are_read_at_most_once_an_interval() {
    let settings = Settings { task_interval_seconds: 60, ..Settings::default() };
    assert!(settings.tasks_are_stale(None, at(0)));
    assert!(!settings.tasks_are_stale(Some(at(0)), at(59)));
    assert!(settings.tasks_are_stale(Some(at(0)), at(60)));
    assert_eq!(settings.tasks_due(at(100), None), at(102), "people add a task right after a comment");
    assert_eq!(settings.tasks_due(at(100), Some(at(90))), at(150));
    assert_eq!(settings.tasks_due(at(100), Some(at(30))), at(102));
    assert_eq!(Settings::tasks_put_off(at(0)), at(600));
}

#[test]
fn quiet_repository_is_swept_seldom() {
    let with = |sweep_seconds| Settings { sweep_seconds, ..Settings::default() };
    assert_eq!((with(300).sweep_interval(false), with(300).sweep_interval(true)), (300, 3_600));
    assert_eq!(with(7_200).sweep_interval(true), 86_400, "but every day");
    assert_eq!(Settings::refresh_deadline(at(0)), at(60));
}

#[test]
fn full_reads_are_spread_over_their_interval() {
    let settings = Settings { full_read_seconds: 43_200, ..Settings::default() };
    assert_eq!(settings.full_read_due(at(0)), Some(at(43_200)));
    let seconds = |number| settings.first_full_read(at(0), number).unwrap().as_second();
    let mut firsts: Vec<i64> = (0..1_000).map(seconds).collect();
    firsts.sort_unstable();
    assert!(firsts[0] < 100 && firsts[999] > 43_100 && firsts[999] < 43_200, "{firsts:?}");
    let widest = firsts.windows(2).map(|pair| pair[1] - pair[0]).max().unwrap();
    assert!(widest < 3 * 43_200 / 1_000, "two reads are up to {widest} s apart");

    let without = Settings { full_read_seconds: 0, ..settings };
    assert_eq!((without.full_read_due(at(0)), without.first_full_read(at(0), 7)), (None, None));
}

#[test]
fn only_a_poll_after_the_grace_period_confirms_that_an_item_is_gone() {
    let settings = Settings { grace_seconds: 30, ..Settings::default() };
    assert_eq!(settings.grace_ends(at(0)), at(30));
    let doubt = |finding| Doubt { finding, since: at(10) };
    assert_eq!(settings.gone_confirmed_at(&[]), None);
    assert_eq!(settings.gone_confirmed_at(&[doubt(Finding::Exists)]), None);
    let doubts = [doubt(Finding::Exists), doubt(Finding::Gone)];
    assert_eq!(settings.gone_confirmed_at(&doubts), Some(at(40)));
}

#[test]
fn tail_has_a_check_for_each_number_but_0() {
    let settings = Settings { tail_seconds: [60, 0, 120], ..Settings::default() };
    assert_eq!(settings.tail_checks(at(0)).collect::<Vec<_>>(), [at(60), at(120)]);
}

#[test]
fn times_stop_at_the_ends_of_their_range() {
    let settings = Settings::default();
    assert_eq!(later(Timestamp::MAX, 1), Timestamp::MAX);
    assert_eq!(settings.long_closed_before(Timestamp::MIN), Timestamp::MIN);
    assert_eq!(settings.baseline(Timestamp::MIN), Timestamp::MIN);
}
