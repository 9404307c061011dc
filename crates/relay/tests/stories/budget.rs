//! G8: no rolling hour has more calls than the limit.

use bitbucket::RateLimit;
use jiff::Timestamp;
use proptest::prelude::*;
use relay::budget::{Budget, Reservation};
use relay::{Account, AccountKind};

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_793_610_000 + second).unwrap()
}

#[test]
fn quiet_hour_leaves_room_for_a_burst() {
    assert_eq!(Budget::default().reserve(at(0), 1_000, 120).calls, 120);
    // Of 1,000 calls, 880 are guaranteed to the 62 minutes in which a call counts.
    assert_eq!(Budget::default().reserve(at(0), 1_000, 10_000).calls, 1_000 - 880);
}

#[test]
fn unspent_calls_move_to_the_next_minute() {
    for limit in [10, 30, 62, 100] {
        let mut budget = Budget::default();
        let mut needs_four = (0..240_i64).filter(|minute| {
            let reserved = budget.reserve(at(minute * 60), limit, 10);
            let suffices = reserved.calls >= 4;
            let unused = if suffices { reserved.calls - 4 } else { reserved.calls };
            budget.give_back(Reservation { calls: unused, ..reserved });
            suffices
        });
        assert!(needs_four.next().is_some(), "of {limit} an hour, four at once are never granted");
        let polls = 1 + needs_four.count();
        assert!(polls >= usize::try_from(limit).unwrap() * 8 / 10, "{polls} of {limit} an hour");
    }
}

#[test]
fn greedy_spender_gets_calls_every_minute() {
    let mut budget = Budget::default();
    for minute in 0..500 {
        let granted = budget.reserve(at(minute * 60), 1_000, 10_000).calls;
        assert!(granted >= 14, "{granted} in minute {minute}");
    }
}

#[test]
fn nearly_the_whole_limit_can_be_spent() {
    let mut budget = Budget::default();
    let granted = |budget: &mut Budget, minute: i64| budget.reserve(at(minute * 60), 1_000, 16).calls;
    let calls: u32 = (0..600).map(|minute| granted(&mut budget, minute)).skip(540).sum();
    assert!(calls >= 930, "{calls} in an hour");
}

#[test]
fn returned_calls_can_be_spent() {
    let mut budget = Budget::default();
    let reserved = budget.reserve(at(0), 100, 20);
    budget.give_back(Reservation { calls: reserved.calls - 3, ..reserved });
    assert_eq!(budget.spent(at(59)), 3);
}

#[test]
fn calls_lost_in_a_crash_count_for_an_hour() {
    let mut budget = Budget::default();
    let calls = budget.reserve(at(0), 1_000, 50).calls;
    assert_eq!(budget.spent(at(3_600)), calls);
    assert_eq!(budget.spent(at(3_800)), 0);
}

#[test]
fn no_call_is_made_while_bitbucket_throttles() {
    let mut budget = Budget::default();
    budget.block(at(120));
    budget.block(at(60));
    assert_eq!(budget.reserve(at(119), 1_000, 50).calls, 0);
    assert_eq!(budget.reserve(at(120), 1_000, 50).calls, 50);
}

#[test]
fn clock_going_back_frees_no_calls() {
    let mut budget = Budget::default();
    for minute in 0..62 {
        budget.reserve(at(4_000 + 60 * minute), 1_000, 10_000);
    }
    assert_eq!(budget.spent(at(0)), budget.spent(at(4_000 + 60 * 61)));
    assert_eq!(budget.reserve(at(0), 1_000, 10_000).calls, 0);
}

#[test]
fn two_spenders_share_the_guaranteed_calls_of_a_minute() {
    let (mut alone, mut shared) = (Budget::default(), Budget::default());
    for minute in 0..100 {
        let now = at(60 * minute);
        let one = alone.reserve(now, 1_000, 10_000).calls;
        let two = shared.reserve(now, 1_000, 10_000).calls + shared.reserve(now, 1_000, 10_000).calls;
        assert_eq!(one, two, "in minute {minute}");
        assert!(one > 0, "no minute is without");
    }
}

#[test]
fn unsigned_and_signed_links_share_the_calls_of_a_minute() {
    let mut budget = Budget::default();
    // No call is left but the guaranteed ones.
    budget.minutes.insert(at(-1_800).as_second() / 60, 940);
    // A minute's guaranteed share has 880 / 62 = 14 calls, of which an unsigned link gets half.
    assert_eq!(budget.reserve_unsigned(at(60), 1_000, 10_000).calls, 7);
    assert_eq!(budget.reserve_unsigned(at(60), 1_000, 10_000).calls, 0);
    assert_eq!(budget.reserve(at(60), 1_000, 10_000).calls, 7);
    assert_eq!(budget.reserve(at(120), 1_000, 10_000).calls, 14);
    assert_eq!(budget.reserve_unsigned(at(120), 1_000, 10_000).calls, 0);
}

#[test]
fn last_calls_of_an_hour_are_not_for_unsigned_links() {
    let mut budget = Budget::default();
    // Ten calls are left of 1,000. Seven of them are for signed links in this minute.
    budget.minutes.insert(at(0).as_second() / 60, 990);
    assert_eq!(budget.clone().reserve_unsigned(at(60), 1_000, 10_000).calls, 3);
    assert_eq!(budget.reserve(at(60), 1_000, 10_000).calls, 10);
}

#[test]
fn reservation_of_no_call_counts_nothing() {
    let mut budget = Budget::default();
    assert_eq!(budget.reserve(at(0), 1_000, 0).calls, 0);
    assert_eq!((budget.minutes.len(), budget.version), (0, 1));
}

#[test]
fn run_is_short_with_less_than_a_quarter_of_its_most_calls() {
    let is_short = |calls, is_near_limit| {
        Reservation { minute: 0, calls, is_near_limit, is_unsigned: false }.is_short_of(120)
    };
    assert!(is_short(29, false));
    assert!(!is_short(30, false));
    assert!(!is_short(31, false));
    assert!(is_short(120, true), "other programs use the credential");
}

/// Percentage of its reserved calls that a run uses.
fn greed() -> impl Strategy<Value = u32> {
    prop_oneof![9 => Just(100), 1 => 0..=100_u32]
}

proptest! {
    #[test]
    fn no_rolling_hour_exceeds_the_limit(
        runs in prop::collection::vec((0_i64..70, 1_u32..2_000, greed(), 0_i64..=75, any::<bool>()), 1..300),
        set in 1_u32..2_000,
        named in prop::option::of((1_u32..2_000, any::<bool>())),
    ) {
        let (mut budget, mut now, mut made) = (Budget::default(), 0, Vec::new());
        let said = named.map(|(calls, near)| RateLimit { calls_per_hour: Some(calls), near_limit: Some(near) });
        let nothing = budget.reserve(at(0), set, 0);
        budget.settle(at(0), nothing, said);
        let limit = named.map_or(set, |(calls, _)| calls.min(set));
        for (wait, most, percent, later, crashes) in runs {
            now += wait;
            let reserved = budget.reserve(at(now), set, most);
            prop_assert!(reserved.calls <= most);
            // A run makes its calls at any time until its overtime ends.
            let used = reserved.calls * percent / 100;
            made.push((now + later, used));
            if !crashes {
                budget.settle(at(now), Reservation { calls: reserved.calls - used, ..reserved }, said);
            }
            let stored = serde_json::to_string(&budget).unwrap();
            budget = serde_json::from_str(&stored).unwrap();
        }
        for (start, _) in &made {
            let hour = made.iter().filter(|(time, _)| (*start..start + 3_600).contains(time));
            let calls: u32 = hour.map(|(_, calls)| calls).sum();
            prop_assert!(calls <= limit, "{calls} of {limit} from second {start}");
        }
    }
}

#[test]
fn account_follows_from_kind_and_identity() {
    let account = |kind, identity: &str| Account::new(kind, identity).to_string();
    let alice = account(AccountKind::User, "alice@example.com");
    assert_eq!(alice, account(AccountKind::User, "alice@example.com"));
    assert_eq!(alice.len(), 32);
    assert_ne!(alice, account(AccountKind::User, "bob@example.com"));
    let kinds =
        [AccountKind::User, AccountKind::AccessToken, AccountKind::Consumer, AccountKind::ConsumerForPeople];
    let accounts: std::collections::BTreeSet<_> = kinds.iter().map(|kind| account(*kind, "key")).collect();
    assert_eq!(accounts.len(), 4);
}

#[test]
fn unsigned_links_leave_half_of_each_minute_and_hour() {
    for limit in [1, 20, 100, 200, 900, 5_000] {
        let mut budget = Budget::default();
        let (mut of_unsigned, mut of_signed) = (Vec::new(), Vec::new());
        for minute in 0..240 {
            // The unsigned link comes first and takes all that it gets.
            of_unsigned.push(budget.reserve_unsigned(at(minute * 60), limit, 10_000).calls);
            let signed = if minute < 120 { 0 } else { limit };
            of_signed.push(budget.reserve(at(minute * 60), limit, signed).calls);
        }
        let busiest = of_unsigned.windows(60).map(|hour| hour.iter().sum::<u32>()).max().unwrap();
        assert!(busiest <= (limit / 2).max(1), "{busiest} of {limit}");
        assert!(busiest >= limit * 2 / 5, "{busiest} of {limit}");
        // Each minute guarantees 88 % of an even share.
        let guaranteed = limit * 88 / 100 / 62;
        let least = of_signed.iter().skip(120).min().unwrap();
        assert!(*least >= guaranteed / 2, "{least} of {guaranteed} guaranteed calls of a minute");
        let hour: u32 = of_signed.iter().skip(180).sum();
        assert!(hour >= limit * 2 / 5, "{hour} of {limit} in an hour");
    }
}

#[test]
fn unused_calls_of_unsigned_links_can_be_spent_again() {
    let mut budget = Budget::default();
    for minute in 0..120 {
        let reserved = budget.reserve_unsigned(at(minute * 60), 100, 10_000);
        assert!(reserved.calls >= 6, "{} in minute {minute}", reserved.calls);
        budget.give_back(reserved);
    }
    assert_eq!(budget.spent(at(120 * 60)), 0);
}
