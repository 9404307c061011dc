//! Arithmetic over the whole range of its numbers and times: no panic, no wrapping, and nothing promised that is not
//! so.

use bitbucket::EventKey::{CommentCreated, CommentUpdated};
use bitbucket::RateLimit;
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use relay::budget::{Budget, NamedLimit, Reservation};
use relay::observation::{RepositoryObservation, Sweep};
use relay::polling::{Allowance, Failure, Pauses, SweepLoad, Turn, first_sweep};
use relay::state::SweepPace;
use relay::{Observation, Reason, Settings, Watch};
use serde_json::json;

use crate::world::{START, World, a_pull_request, a_repository};

/// Any time: of this year, at the ends of the range, anywhere.
fn time() -> impl Strategy<Value = Timestamp> {
    let (first, last) = (Timestamp::MIN.as_second(), Timestamp::MAX.as_second());
    let second = prop_oneof![
        4 => 1_793_600_000..1_793_700_000_i64,
        1 => first..first + 10_000,
        2 => last - 10_000..=last,
        1 => first..=last,
        1 => Just(0),
    ];
    let near = second.prop_map(|second| Timestamp::from_second(second).unwrap_or(Timestamp::MAX));
    prop_oneof![8 => near, 1 => Just(Timestamp::MIN), 1 => Just(Timestamp::MAX)]
}

fn number() -> impl Strategy<Value = u32> {
    prop_oneof![4 => 0..2_000_u32, 1 => any::<u32>(), 1 => Just(u32::MAX), 1 => Just(0)]
}

fn duration() -> impl Strategy<Value = SignedDuration> {
    prop_oneof![
        4 => (-10_000..10_000_i64).prop_map(SignedDuration::from_secs),
        1 => Just(SignedDuration::MIN),
        1 => Just(SignedDuration::MAX),
        1 => any::<i64>().prop_map(SignedDuration::from_secs),
    ]
}

fn later(time: Timestamp, seconds: u32) -> Timestamp {
    time.saturating_add(SignedDuration::from_secs(seconds.into())).unwrap_or(Timestamp::MAX)
}

/// One use of a budget.
#[derive(Debug, Clone, Copy)]
enum Use {
    Reserve { limit: u32, most: u32, returned_percent: u32 },
    Block(Timestamp),
    Report(RateLimit),
}

fn budget_use() -> impl Strategy<Value = Use> {
    let reserve = (number(), number(), 0..=100_u32)
        .prop_map(|(limit, most, returned_percent)| Use::Reserve { limit, most, returned_percent });
    let report = (prop::option::of(number()), prop::option::of(any::<bool>()))
        .prop_map(|(calls_per_hour, near_limit)| Use::Report(RateLimit { calls_per_hour, near_limit }));
    prop_oneof![6 => reserve, 1 => time().prop_map(Use::Block), 1 => report]
}

/// Reserves calls and returns some; checks that each figure is true.
fn reserve(budget: &mut Budget, now: Timestamp, limit: u32, most: u32, returned_percent: u32) {
    let (spent, left, blocked) = (budget.spent(now), budget.left(now, limit), budget.blocked(now));
    let reserved = budget.reserve(now, limit, most);
    assert!(reserved.calls <= most.min(left), "{} calls of {left}", reserved.calls);
    assert!(reserved.calls == 0 || blocked.is_none(), "calls were reserved while Bitbucket refuses them");
    assert_eq!(budget.spent(now), spent + reserved.calls, "reserved calls count at once");
    assert_eq!(budget.left(now, limit), budget.allowed(now, limit).saturating_sub(budget.spent(now)));
    // An hour, and a minute for the call itself.
    let hour_later = later(now, 3_660);
    assert!(budget.spent(hour_later) >= reserved.calls, "calls are forgotten within the hour");
    let calls = u32::try_from(u64::from(reserved.calls) * u64::from(returned_percent) / 100).unwrap();
    budget.settle(now, Reservation { calls, ..reserved }, None);
    assert_eq!(budget.spent(now), spent + reserved.calls - calls, "returned calls are free again");
}

fn config() -> ProptestConfig {
    ProptestConfig { failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn budget_is_true_at_any_times(
        uses in prop::collection::vec((time(), budget_use()), 1..60),
        probes in prop::collection::vec(time(), 4),
        version in prop_oneof![Just(0), Just(u64::MAX), any::<u64>()],
    ) {
        let mut budget = Budget { version, ..Budget::default() };
        for (now, used) in uses {
            match used {
                Use::Reserve { limit, most, returned_percent } => {
                    reserve(&mut budget, now, limit, most, returned_percent);
                }
                Use::Block(until) => budget.block(until),
                Use::Report(reported) => {
                    let nothing = budget.reserve(now, 0, 0);
                    budget.settle(now, nothing, Some(reported));
                }
            }
            let stored = serde_json::to_string(&budget).unwrap();
            prop_assert_eq!(&serde_json::from_str::<Budget>(&stored).unwrap(), &budget);
            let mut probes = probes.clone();
            probes.sort();
            prop_assert!(probes.is_sorted_by_key(|at| std::cmp::Reverse(budget.spent(*at))), "calls count less and less");
            let end = budget.forgotten_at();
            if end < Timestamp::MAX {
                prop_assert_eq!((budget.spent(end), budget.blocked(end), budget.named_calls(end)), (0, None, None));
            }
        }
    }

    /// As `no_rolling_hour_exceeds_the_limit`, anywhere in the range of times.
    #[test]
    fn limit_holds_in_any_year(begin in time(), waits in prop::collection::vec(0..200_i64, 1..100), limit in 0..500_u32) {
        let (mut budget, mut now, mut made) = (Budget::default(), begin, Vec::new());
        for wait in waits {
            now = now.saturating_add(SignedDuration::from_secs(wait)).unwrap_or(Timestamp::MAX);
            made.push((now, budget.reserve(now, limit, 1_000).calls));
        }
        for (start, _) in &made {
            let hour = made.iter().filter(|(at, _)| start <= at && at.duration_since(*start).as_secs() < 3_600);
            let calls: u32 = hour.map(|(_, calls)| calls).sum();
            prop_assert!(calls <= limit, "{calls} of {limit} from {start}");
        }
    }

    /// 88 percent of the limit are guaranteed, evenly to the 62 minutes in which a call counts.
    #[test]
    fn guaranteed_share_of_any_limit_is_granted(limit in number().prop_filter("too few to share", |limit| *limit >= 80)) {
        let mut budget = Budget::default();
        let share = u64::from(limit) * 88 / 100 / 62;
        for minute in 0..150_u32 {
            let granted = budget.reserve(later(START.parse().unwrap(), 60 * minute), limit, u32::MAX).calls;
            prop_assert!(u64::from(granted) >= share, "{granted} of {share} in minute {minute}");
        }
    }

    #[test]
    fn named_limit_is_valid_for_a_day(at in time(), now in time(), calls in prop::option::of(number()), near in any::<bool>(), spent in number(), limit in number()) {
        let reported = RateLimit { calls_per_hour: calls, near_limit: Some(near) };
        let named = NamedLimit::after(None, reported, at);
        let age = now.duration_since(at);
        prop_assert_eq!(named.calls_per_hour(now), calls.filter(|_| age < SignedDuration::from_hours(24)));
        prop_assert!(near || !named.is_near_by_others(now, spent, limit));
    }

    #[test]
    fn pauses_grow_and_never_end_early(failures in prop::collection::vec((time(), duration()), 1..40)) {
        let mut pauses = Pauses::default();
        for (now, least) in failures {
            pauses.record_failure("x", now, least);
            let until = *pauses.until(&"x").as_ref().unwrap();
            let shortest = now.saturating_add(least.max(SignedDuration::from_secs(5))).unwrap_or(Timestamp::MAX);
            let longest = now.saturating_add(least.max(SignedDuration::from_secs(300))).unwrap_or(Timestamp::MAX);
            prop_assert!((shortest..=longest).contains(&until), "{until} is not between {shortest} and {longest}");
        }
        pauses.record_success(&"x");
        prop_assert_eq!(pauses.until(&"x"), None);
    }

    #[test]
    fn retry_after_is_bounded(status in any::<u16>(), seconds in prop::option::of(any::<u64>())) {
        let pause = Failure::Status { status, retry_after_seconds: seconds }.least_pause();
        prop_assert!((SignedDuration::ZERO..=SignedDuration::from_hours(1)).contains(&pause));
    }

    /// Sweeps take at most half of the hour's calls, and one call more by rounding for each kind.
    #[test]
    fn sweeps_of_any_number_fit_into_half_of_the_calls(active in number(), quiet in number(), calls in number(), sweep_seconds in 1..=86_400_u32) {
        let settings = Settings { sweep_seconds, ..Settings::default() };
        let pace = SweepLoad { active, quiet }.pace(calls, &settings);
        let quiet_interval = (sweep_seconds * 12).min(86_400);
        let an_hour = |count: u32, seconds: u32| u64::from(count) * 3_600 / u64::from(seconds.max(1));
        // An interval of more than a century does as well.
        let swept = |count: u32, seconds: u32| if seconds == u32::MAX { 0 } else { an_hour(count, seconds) };
        let made = swept(active, pace.active_seconds.max(sweep_seconds)) + swept(quiet, pace.quiet_seconds.max(quiet_interval));
        prop_assert!(made <= u64::from(calls / 2).max(1) + 2, "{made} of {calls} by {pace:?}");
    }

    #[test]
    fn first_sweeps_follow_in_their_order(now in time(), position in number(), further in number(), calls in number()) {
        let first = first_sweep(now, position, calls);
        let next = first_sweep(now, position.saturating_add(further), calls);
        prop_assert!(now <= first && first <= next);
    }

    #[test]
    fn turn_never_comes_too_early(due_at in time(), paused_until in time(), now in time(), deadline in time()) {
        let from = due_at.max(paused_until);
        match Turn::new(due_at, paused_until, now, deadline) {
            Turn::Now => prop_assert!(from <= now),
            Turn::Later => prop_assert!(now < from && from < deadline),
            Turn::NextRun => prop_assert!(now < from && deadline <= from),
        }
    }

    #[test]
    fn missed_deadline_goes_first(due_at in time(), deadline in prop::option::of(time()), now in time(), other in time()) {
        for reason in [Reason::WindowClosed, Reason::WindowOpen, Reason::Sweep, Reason::Tail, Reason::FullRead, Reason::Refused] {
            let watch = Watch { due_at, reason, deadline };
            let missed = deadline.filter(|deadline| *deadline <= now);
            let without = Watch { due_at: other, reason, deadline: None };
            prop_assert_eq!(watch.urgency(now).0 == 0, missed.is_some());
            prop_assert!(missed.is_none() || watch.urgency(now) < without.urgency(now));
            let is_sure = missed.is_some_and(|missed| now.duration_since(missed) >= SignedDuration::from_secs(50));
            prop_assert!(!is_sure || !watch.may_wait(now), "an old deadline waits");
        }
    }

    #[test]
    fn pace_of_a_run_is_monotonic(granted in number(), left in number(), max_per_run in number(), is_short in any::<bool>(), elapsed in duration(), lasts in duration(), due_at in time(), now in time(), cost in number()) {
        let allowance = Allowance { granted, left: left.min(granted), max_per_run, is_short };
        let more = Allowance { left: allowance.left.saturating_add(1).min(granted), ..allowance };
        prop_assert!(!allowance.has_pace(elapsed, lasts) || more.has_pace(elapsed, lasts));
        let after = elapsed.saturating_add(SignedDuration::from_secs(1));
        prop_assert!(!allowance.has_pace(elapsed, lasts) || allowance.has_pace(after, lasts));
        prop_assert!(!allowance.postpones(cost, due_at, now) || allowance.left < cost);
    }
}

fn settings() -> impl Strategy<Value = Settings> {
    let seconds = || prop_oneof![3 => 0..1_000_u32, 1 => any::<u32>(), 1 => Just(u32::MAX)];
    let all = (
        seconds(),
        seconds(),
        seconds(),
        seconds(),
        [seconds(), seconds(), seconds()],
        seconds(),
        seconds(),
        seconds(),
    );
    all.prop_map(|(window, margin, interval, grace, tail, task_interval, sweep, full_read)| Settings {
        window_seconds: window,
        margin_seconds: margin,
        poll_interval_seconds: interval,
        grace_seconds: grace,
        tail_seconds: tail,
        task_interval_seconds: task_interval,
        sweep_seconds: sweep,
        full_read_seconds: full_read,
        ..Settings::default()
    })
}

/// Checks that the window of each comment is watched until a complete poll has begun after it.
fn assert_windows_are_watched(world: &World) {
    let Settings { window_seconds, margin_seconds, .. } = world.settings;
    for comment in world.pr().comments.values().filter(|comment| !comment.deleted) {
        let closes = later(comment.changed_at, window_seconds.saturating_add(margin_seconds));
        if world.pr().polled_at.is_none_or(|polled| polled < closes) {
            let watch = world.state.watch.expect("an open window is watched");
            assert!(
                watch.due_at <= closes,
                "the window that closes at {closes} is checked at {}",
                watch.due_at
            );
        }
    }
}

#[derive(Debug, Clone, Copy)]
enum Step {
    Write(Timestamp),
    Edit(Timestamp),
    Resolve(Timestamp),
    AddTask(Timestamp),
    Poll,
}

fn step() -> impl Strategy<Value = (Timestamp, Step)> {
    let step = prop_oneof![
        2 => time().prop_map(Step::Write),
        3 => time().prop_map(Step::Edit),
        1 => time().prop_map(Step::Resolve),
        1 => time().prop_map(Step::AddTask),
        4 => Just(Step::Poll),
    ];
    (time(), step)
}

/// Takes a step at any time, also an earlier one than before, about items with any times.
fn take(world: &mut World, number: u64, step: Step) {
    match step {
        Step::Write(at) => {
            world.writes(number, "text");
            (world.comment(number)["created_on"], world.comment(number)["updated_on"]) =
                (json!(at), json!(at));
            world.reports_about(CommentCreated, number);
        }
        Step::Edit(at) if world.has_comment(1) => {
            world.edits(1, &format!("text {number}"));
            world.comment(1)["updated_on"] = json!(at);
            world.reports_about(CommentUpdated, 1);
        }
        Step::Resolve(at) if world.has_comment(1) => {
            world.comment(1)["resolution"] = json!({ "created_on": at });
        }
        Step::AddTask(at) => {
            let now = std::mem::replace(&mut world.now, at);
            world.adds_a_task(number, "task");
            world.now = now;
        }
        Step::Edit(_) | Step::Resolve(_) | Step::Poll => {}
    }
    if world.state.pull_request().is_some() {
        let poll = world.begins_a_poll();
        if matches!(step, Step::Poll) {
            world.ends_the_poll(poll);
        }
        assert_windows_are_watched(world);
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn windows_are_watched_at_any_times(settings in settings(), steps in prop::collection::vec(step(), 1..20)) {
        let mut world = a_pull_request();
        world.settings = settings;
        for (number, (now, step)) in (1..).zip(steps) {
            world.now = now;
            take(&mut world, number, step);
        }
    }

    #[test]
    fn sequence_continues_from_any_number(version in any::<u64>(), sequence in any::<u64>()) {
        let mut world = a_pull_request();
        (world.state.version, world.state.sequence) = (version, sequence);
        let report = Observation::Delivery(world.webhook(CommentCreated, &json!({ "comment": { "id": 1 } })));
        let state = world.state.clone();
        let folded = relay::fold(state, &crate::world::link(), &world.subject, &report, world.now, &world.settings);
        prop_assert_eq!(folded.state.version, version.saturating_add(1));
        prop_assert_eq!(folded.events[0].sequence, sequence.saturating_add(1));
        prop_assert_eq!(folded.state.sequence, folded.events[0].sequence);
    }

    #[test]
    fn next_sweep_is_never_early(settings in settings(), at in time(), now in time(), active in number(), quiet in number()) {
        let mut world = a_repository();
        world.settings = settings;
        world.now = now;
        let pace = SweepPace { active_seconds: active, quiet_seconds: quiet };
        world.learns(&Observation::Repository(RepositoryObservation::Active(json!({ "uuid": "{ab}" }))));
        let sweep = Sweep::new(at, Vec::new(), true).with_pace(pace);
        world.learns(&Observation::Repository(RepositoryObservation::Swept(sweep)));
        let Some(watch) = world.state.watch else {
            prop_assert_eq!(settings.sweep_seconds, 0);
            return Ok(());
        };
        let pause = if watch.reason == Reason::QuietSweep { quiet } else { active };
        prop_assert!(watch.due_at >= later(at, settings.sweep_seconds.min(86_400).max(pause)));
        world.is_refused();
        let refused = world.state.watch.unwrap();
        prop_assert!(refused.due_at >= later(now, 60).max(watch.due_at), "a refusal does not bring it forward");
    }

    #[test]
    fn refused_polls_come_later_and_later(times in prop::collection::vec(time(), 1..20)) {
        let mut world = a_pull_request();
        world.writes(1, "text").reports_about(CommentCreated, 1);
        for now in times {
            world.now = now;
            world.is_refused();
            let watch = world.state.watch.unwrap();
            prop_assert!(watch.due_at >= later(now, 60));
            prop_assert_eq!(watch.reason, Reason::Refused);
        }
    }
}
