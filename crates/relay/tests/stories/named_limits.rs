//! G8 with a limit that Bitbucket names, and its reports that the limit is near.

use bitbucket::RateLimit;
use jiff::Timestamp;
use relay::budget::{Budget, Reservation};

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_793_610_000 + second).unwrap()
}

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;

fn names(calls_per_hour: u32) -> RateLimit {
    RateLimit { calls_per_hour: Some(calls_per_hour), near_limit: Some(false) }
}

fn near(calls_per_hour: u32) -> RateLimit {
    RateLimit { near_limit: Some(true), ..names(calls_per_hour) }
}

/// Runs once: uses `used` of the reserved calls, and records a limit that Bitbucket named.
fn run(budget: &mut Budget, second: i64, used: u32, said: Option<RateLimit>) -> Reservation {
    let reserved = budget.reserve(at(second), 900, 120);
    let unused = reserved.calls.saturating_sub(used);
    budget.settle(at(second), Reservation { calls: unused, ..reserved }, said);
    reserved
}

fn calls(budget: &Budget, second: i64) -> u32 {
    budget.clone().reserve(at(second), 900, 120).calls
}

fn is_thrifty(budget: &Budget, second: i64) -> bool {
    budget.clone().reserve(at(second), 900, 120).is_short_of(120)
}

#[test]
fn lower_named_limit_caps_reservations() {
    let mut budget = Budget::default();
    assert_eq!(run(&mut budget, 0, 10, Some(names(200))).calls, 900 - 792);
    assert_eq!(budget.allowed(at(1), 900), 200);
    // Ten of 200 calls count until the 62nd minute begins; the 61 minutes before it have 173 guaranteed calls.
    assert_eq!(calls(&budget, MINUTE), 200 - 10 - 173);
    let hour: u32 =
        (1..60).map(|minute| run(&mut budget, minute * MINUTE, 120, Some(names(200))).calls).sum();
    assert!((150..=190).contains(&hour), "{hour}");
}

#[test]
fn higher_named_limit_changes_nothing() {
    let mut budget = Budget::default();
    run(&mut budget, 0, 0, Some(names(2_500)));
    assert_eq!(budget.allowed(at(1), 900), 900);
    assert_eq!(calls(&budget, MINUTE), 900 - 792);
}

#[test]
fn named_limit_holds_for_a_day() {
    let mut budget = Budget::default();
    run(&mut budget, 0, 0, Some(names(200)));
    run(&mut budget, 23 * HOUR, 0, None);
    assert_eq!(budget.allowed(at(24 * HOUR - 1), 900), 200);
    assert_eq!(budget.allowed(at(24 * HOUR), 900), 900);
    assert!(budget.forgotten_at() >= at(24 * HOUR), "what holds is kept");

    let without_number = RateLimit { near_limit: Some(false), ..RateLimit::default() };
    run(&mut budget, 23 * HOUR, 0, Some(without_number));
    assert_eq!(budget.allowed(at(24 * HOUR), 900), 200);
    run(&mut budget, 24 * HOUR, 0, Some(names(800)));
    assert_eq!(budget.allowed(at(24 * HOUR), 900), 800, "the newest number counts");
}

#[test]
fn near_limit_saves_calls_for_ten_minutes() {
    let mut budget = Budget::default();
    assert!(!run(&mut budget, 0, 10, Some(near(1_000))).is_short_of(120));
    assert!(is_thrifty(&budget, MINUTE));
    assert_eq!(calls(&budget, MINUTE), 792 / 62, "what a minute is sure of, although much is left");
    assert!(is_thrifty(&budget, 10 * MINUTE - 1));
    assert!(!is_thrifty(&budget, 10 * MINUTE), "the hour has rolled on");
}

#[test]
fn near_limit_ends_when_the_limit_is_far() {
    let mut budget = Budget::default();
    run(&mut budget, 0, 10, Some(near(1_000)));
    run(&mut budget, MINUTE, 10, None);
    assert!(is_thrifty(&budget, 2 * MINUTE), "no answer says nothing");
    run(&mut budget, 2 * MINUTE, 10, Some(names(1_000)));
    assert!(!is_thrifty(&budget, 3 * MINUTE));
    assert_eq!(calls(&budget, 3 * MINUTE), 900 - 792, "as if nobody else spent");
}

#[test]
fn near_limit_by_our_own_calls_changes_nothing() {
    let mut budget = Budget::default();
    for minute in 0..60 {
        run(&mut budget, minute * MINUTE, 120, Some(near(900)));
    }
    assert!(budget.spent(at(HOUR)) > 800, "{}", budget.spent(at(HOUR)));
    assert!(!budget.is_near_by_others(at(HOUR), 900));
}

#[test]
fn three_quarters_of_the_limit_explain_that_it_is_near() {
    let mut budget = Budget::default();
    run(&mut budget, 0, 0, Some(near(100)));
    for (spent, is_near_by_others) in [(74, true), (75, false), (76, false)] {
        budget.minutes.insert(at(0).as_second() / 60, spent);
        assert_eq!(budget.is_near_by_others(at(MINUTE), 900), is_near_by_others, "{spent} calls");
    }
}

#[test]
fn two_saving_links_share_the_calls_of_a_minute() {
    let mut budget = Budget::default();
    run(&mut budget, 0, 0, Some(near(1_000)));
    let (one, other) = (budget.reserve(at(MINUTE), 900, 120), budget.reserve(at(MINUTE), 900, 120));
    assert_eq!((one.calls, other.calls), (12, 0));
}

#[test]
fn small_near_limit_allows_a_poll_every_minute() {
    let mut budget = Budget::default();
    budget.settle(at(0), budget.clone().reserve(at(0), 30, 0), Some(near(1_000)));
    let reserved = budget.reserve(at(MINUTE), 30, 120);
    assert_eq!((reserved.calls, reserved.is_short_of(10)), (8, true));
}

#[test]
fn older_stored_budget_has_no_named_limit() {
    let budget: Budget = serde_json::from_str(r#"{"version": 7, "minutes": {"29893500": 3}}"#).unwrap();
    assert_eq!((budget.named, budget.allowed(at(0), 900)), (None, 900));
    let mut told = budget;
    run(&mut told, 0, 0, Some(near(200)));
    let stored = serde_json::to_string(&told).unwrap();
    assert_eq!(serde_json::from_str::<Budget>(&stored).unwrap(), told);
}
