//! The order of watches when calls run short.

use jiff::{SignedDuration, Timestamp};
use relay::Reason::{self, *};
use relay::Watch;

use crate::world::START;

const REASONS: [Reason; 12] = [
    WindowOpen,
    WindowQuiet,
    WindowClosed,
    Tasks,
    Recheck,
    Reread,
    Sweep,
    QuietSweep,
    Repositories,
    Tail,
    Refused,
    FullRead,
];

/// The start of a minute.
fn start() -> Timestamp {
    START.parse().unwrap()
}

fn after(seconds: i64) -> Timestamp {
    start() + SignedDuration::from_secs(seconds)
}

fn due(reason: Reason) -> Watch {
    Watch { due_at: start(), reason, deadline: None }
}

fn with_deadline(reason: Reason) -> Watch {
    Watch { deadline: Some(start()), ..due(reason) }
}

#[test]
fn fresh_watches_go_by_their_reason() {
    let class = |reason| due(reason).urgency(after(119)).0;
    let classes = [
        (WindowOpen, 4),
        (Tasks, 5),
        (Recheck, 6),
        (Reread, 7),
        (Sweep, 8),
        (Repositories, 8),
        (WindowQuiet, 9),
        (WindowClosed, 9),
        (QuietSweep, 10),
        (Tail, 10),
        (Refused, 10),
        (FullRead, 11),
    ];
    for (reason, expected) in classes {
        assert_eq!(class(reason), expected, "{reason:?}");
    }
}

#[test]
fn missed_deadline_goes_first() {
    for reason in REASONS {
        assert_eq!(with_deadline(reason).urgency(start()), (0, start()), "{reason:?}");
        let early = Watch { deadline: Some(after(1)), ..due(reason) };
        assert_ne!(early.urgency(start()).0, 0, "{reason:?}");
    }
}

#[test]
fn watch_that_waited_long_goes_before_fresh_ones() {
    for (reason, patience) in [
        (WindowOpen, 120),
        (Tasks, 120),
        (Sweep, 120),
        (QuietSweep, 3_600),
        (Tail, 3_600),
        (Refused, 3_600),
        (FullRead, 21_600),
    ] {
        assert!(due(reason).urgency(after(patience - 1)).0 > 3, "{reason:?}");
        assert!(due(reason).urgency(after(patience)).0 <= 3, "{reason:?}");
    }
}

#[test]
fn patient_watches_have_two_thirds_of_each_minute() {
    for (second, class) in [(0, 3), (19, 3), (20, 1), (59, 1)] {
        assert_eq!(due(Sweep).urgency(after(300 + second)).0, class, "in second {second}");
        assert_eq!(due(WindowOpen).urgency(after(300 + second)).0, 2, "in second {second}");
    }
}

#[test]
fn ended_window_waits_for_others_while_calls_are_short() {
    for reason in REASONS {
        let is_ended = reason == WindowClosed;
        assert_eq!(with_deadline(reason).may_wait(after(49)), is_ended, "{reason:?}");
        assert!(!with_deadline(reason).may_wait(after(50)), "{reason:?}");
        let early = Watch { deadline: Some(after(1_000)), ..due(reason) };
        for watch in [due(reason), early] {
            assert!(watch.may_wait(after(119)), "{reason:?}");
            let waits_on = matches!(reason, WindowQuiet | WindowClosed);
            assert_eq!(watch.may_wait(after(120)), waits_on, "{reason:?}");
        }
    }
    assert!(with_deadline(WindowClosed).may_wait(start()));
}
