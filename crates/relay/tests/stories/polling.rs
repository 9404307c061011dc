//! Decisions about polls: order, reads, pace, postponement, lookups, sweeps, and pauses after failures.

use std::collections::BTreeMap;

use bitbucket::payload::Document;
use bitbucket::{CommentId, EventKey, PullRequestId};
use jiff::{SignedDuration, Timestamp};
use relay::observation::{PullRequestObservation, Sweep};
use relay::polling::{
    Allowance, Consequence, Extent, Failure, Pauses, Turn, finding, is_registration_due, most_urgent_first,
    moved, must_register_active, must_register_named, plan_reads, split_moved, without_left,
};
use relay::state::{Head, Listed, PullRequestState, Refusal, RepositoryState};
use relay::{Known, Settings, ShortHash, SubjectState};
use serde_json::{from_value, json};

use crate::world::a_pull_request;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

#[test]
fn turn_depends_on_due_time_and_pause() {
    for (due_at, paused_until, turn) in [
        (1, 0, Turn::Now),
        (3, 3, Turn::Now),
        (4, 0, Turn::Later),
        (1, 4, Turn::Later),
        (8, 0, Turn::Later),
        (9, 0, Turn::NextRun),
        (1, 9, Turn::NextRun),
    ] {
        assert_eq!(Turn::new(at(due_at), at(paused_until), at(3), at(9)), turn, "{due_at} {paused_until}");
    }
    assert_eq!(Turn::new(at(1), Timestamp::MAX, at(3), at(9)), Turn::NextRun);
}

#[test]
fn link_with_the_most_urgent_watch_goes_first() {
    let ready = BTreeMap::from([("a", vec![8, 3, 9]), ("b", vec![6, 1]), ("c", vec![2, 7])]);
    let order = most_urgent_first(ready, 2, |urgency| *urgency);
    assert_eq!(order, [("b", vec![1, 6]), ("c", vec![2, 7]), ("a", vec![3, 8])]);
}

fn allowance(granted: u32, left: u32) -> Allowance {
    Allowance { granted, left, max_per_run: 120, is_short: true }
}

#[test]
fn poll_waits_for_a_run_with_enough_calls() {
    for (granted, left, cost, minutes_overdue, postponed) in [
        (13, 13, 13, 0, false),
        (13, 5, 5, 0, false),
        (13, 12, 13, 0, true),
        (13, 12, 13, 99, true),
        (13, 13, 14, 20, true),
        (13, 13, 14, 21, false),
        (120, 120, 200, 0, false),
        (120, 119, 120, 99, true),
    ] {
        let found = allowance(granted, left).postpones(cost, at(0), at(minutes_overdue * 60));
        assert_eq!(found, postponed, "{granted} {left} {cost} {minutes_overdue}");
    }
}

#[test]
fn partial_poll_is_stored_only_if_it_had_all_calls() {
    assert!(allowance(13, 12).postpones_partial_poll());
    assert!(!allowance(13, 13).postpones_partial_poll());
}

#[test]
fn few_calls_are_spent_evenly() {
    let second = SignedDuration::from_secs;
    for (granted, left, elapsed, lasts, begins) in [
        (11, 11, 0, 55, true),
        (11, 10, 0, 55, true),
        (11, 9, 0, 55, false),
        (11, 9, 5, 55, true),
        (11, 0, 49, 55, false),
        (11, 0, 50, 55, true),
        (11, 0, 0, 19, true),
        (11, 0, 0, 20, false),
    ] {
        let found = allowance(granted, left).has_pace(second(elapsed), second(lasts));
        assert_eq!(found, begins, "{granted} {left} {elapsed} {lasts}");
    }
    let ample = Allowance { is_short: false, ..allowance(120, 0) };
    assert!(ample.has_pace(second(0), second(55)));
}

#[test]
fn extent_follows_from_listings_and_calls() {
    assert_eq!(Extent::new(true, 0), Extent::Everything);
    assert_eq!(Extent::new(false, 3), Extent::NewestPages);
    assert_eq!(Extent::new(false, 0), Extent::OutOfCalls);
}

/// An open pull request whose tasks and head were never read. Reading it takes a call for every 100 comments, and one
/// for the tasks.
fn pull_request(comments: u64) -> PullRequestState {
    let mut world = a_pull_request();
    world.reports(EventKey::PullRequestCreated);
    let mut pr = world.state.pull_request().unwrap().clone();
    let comment = json!({
        "version": 1, "revisions": [], "changed_at": at(0), "resolution": null, "lifted": null, "deleted": false,
    });
    pr.comments = (0..comments).map(|id| (CommentId(id), from_value(comment.clone()).unwrap())).collect();
    let hash = ShortHash::new("0123456789abcdef").unwrap();
    pr.head = Some(Head { hash, builds: BTreeMap::new(), size: None });
    pr
}

/// True for each of: the tasks, the head. The watch is due at second 0.
fn planned(comments: u64, now: i64, allowance: Allowance, reads_heads: bool) -> Option<(bool, bool)> {
    let settings = Settings::default();
    let needs = plan_reads(&pull_request(comments), at(0), at(now), &settings, &allowance, reads_heads)?;
    Some((needs.tasks, needs.head.is_some()))
}

#[test]
fn reads_fit_the_calls() {
    let allowance = |granted, left| Allowance { granted, left, max_per_run: 120, is_short: false };
    for (comments, now, granted, left, reads_heads, reads) in [
        (0, 0, 120, 120, true, Some((true, true))),
        (0, 0, 120, 120, false, Some((true, false))),
        (0, 0, 120, 40, true, Some((true, true))),
        (0, 0, 120, 39, true, Some((true, false))),
        (0, 0, 120, 2, true, Some((true, false))),
        (0, 0, 120, 1, true, None),
        (101, 0, 120, 2, true, None),
        (100, 0, 120, 2, true, Some((true, false))),
        (101, 1_200, 2, 2, true, None),
        (101, 1_201, 2, 2, true, Some((false, false))),
        // Twenty pages at most are read.
        (12_000, 0, 120, 120, true, Some((true, true))),
        (12_000, 1_201, 20, 20, true, Some((false, false))),
    ] {
        let found = planned(comments, now, allowance(granted, left), reads_heads);
        assert_eq!(found, reads, "{comments} {now} {granted} {left} {reads_heads}");
    }
}

#[test]
fn heads_wait_while_calls_are_short() {
    let allowance = Allowance { granted: 60, left: 60, max_per_run: 120, is_short: true };
    assert_eq!(planned(0, 0, allowance, true), Some((true, false)));
}

#[test]
fn registration_is_checked_once_an_hour() {
    for (asked_at, now, is_due) in [(None, 0, true), (Some(0), 3_599, false), (Some(0), 3_600, true)] {
        assert_eq!(is_registration_due(asked_at.map(at), at(now)), is_due, "{asked_at:?} {now}");
    }
}

#[test]
fn repository_is_registered_until_it_is_swept_often() {
    let repository = |is_refused: bool, last_activity_at: Option<i64>| {
        let last_activity_at = last_activity_at.map(at);
        let repository = RepositoryState { last_activity_at, ..RepositoryState::default() };
        SubjectState {
            known: Some(Known::Repository(repository)),
            refusal: is_refused.then(|| Refusal { since: at(0), at: at(0) }),
            ..SubjectState::default()
        }
    };
    for (state, active, named) in [
        (SubjectState::default(), true, true),
        (repository(false, None), true, false),
        (repository(false, Some(99_000)), false, false),
        (repository(false, Some(13_600)), true, false),
        (repository(true, Some(99_000)), true, true),
    ] {
        let found = (must_register_active(&state, at(100_000)), must_register_named(&state));
        assert_eq!(found, (active, named), "{state:?}");
    }
}

fn sweep(ids: std::ops::Range<u64>) -> Sweep {
    let open = ids.map(|id| Document::new(json!({ "id": id }))).collect();
    Sweep::new(Timestamp::UNIX_EPOCH, open, true)
}

fn moved_in(sweep: &Sweep, before: Option<&Sweep>) -> Vec<PullRequestId> {
    let shown = before.into_iter().flat_map(|sweep| &sweep.open);
    let open = shown.filter_map(|shown| Some((shown.id()?, Listed::from_listing(shown)))).collect();
    let repository = RepositoryState { open, ..RepositoryState::default() };
    let known = Some(Known::Repository(repository));
    moved(&SubjectState { known, ..SubjectState::default() }, sweep)
}

#[test]
fn pull_requests_beyond_the_most_move_again_in_the_next_sweep() {
    let whole = sweep(0..520);
    let all = moved_in(&whole, None);
    let (compared, left) = split_moved(&all);
    assert_eq!((compared.len(), left.len()), (500, 20));
    let left = left.to_vec();
    let stored = without_left(whole, &left);
    assert!(!stored.complete);
    assert_eq!(moved_in(&sweep(0..520), Some(&stored)), left);
}

#[test]
fn sweep_with_nothing_left_is_stored_as_it_is() {
    let whole = without_left(sweep(0..3), &[]);
    assert_eq!((whole.open.len(), whole.complete), (3, true));
    assert_eq!(split_moved(&[PullRequestId(1)]), (&[PullRequestId(1)][..], &[][..]));
}

#[test]
fn pull_request_is_news_if_it_was_created_after_the_first_sweep() {
    let shown = json!({ "id": 7, "created_on": at(100) });
    let sweep = Sweep::new(at(200), vec![Document::new(shown)], true);
    let found = |first_swept_at: Option<i64>, open| {
        let first_swept_at = first_swept_at.map(at);
        let repository = RepositoryState { first_swept_at, open, ..RepositoryState::default() };
        match finding(&repository, &SubjectState::default(), &sweep, PullRequestId(7)) {
            Some(PullRequestObservation::FirstListed(listing)) => ("first listed", listing.at),
            Some(PullRequestObservation::SeenInSweep(notice)) => ("seen", notice.since),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(found(None, BTreeMap::new()), ("first listed", at(200)), "the first sweep");
    assert_eq!(found(Some(150), BTreeMap::new()), ("first listed", at(200)), "the first sweep left it");
    assert_eq!(found(Some(50), BTreeMap::new()), ("seen", at(100)));
    let listed = Listed::from_listing(&sweep.open[0]);
    assert_eq!(found(Some(150), BTreeMap::from([(PullRequestId(7), listed)])), ("seen", at(200)));
}

const fn status(status: u16, retry_after_seconds: Option<u64>) -> Failure {
    Failure::Status { status, retry_after_seconds }
}

#[test]
fn failure_postpones_the_watch_or_pauses() {
    for (failure, consequence) in [
        (status(401, None), Consequence::PausesLink),
        (status(403, None), Consequence::PostponesWatch),
        (status(404, None), Consequence::PostponesWatch),
        (status(410, None), Consequence::PostponesWatch),
        (status(429, None), Consequence::PausesLink),
        (status(500, None), Consequence::PausesSubject),
        (status(503, None), Consequence::PausesSubject),
        (Failure::Unconfigured, Consequence::PostponesWatch),
        (Failure::NotNamed, Consequence::PostponesWatch),
        (Failure::Unavailable, Consequence::PausesLink),
        (Failure::OutOfCalls, Consequence::PausesSubject),
        (Failure::Other, Consequence::PausesSubject),
    ] {
        assert_eq!(failure.consequence(), consequence, "{failure:?}");
    }
}

#[test]
fn pause_is_as_long_as_bitbucket_asks_within_reason() {
    for (failure, seconds) in [
        (status(429, Some(7)), 7),
        (status(503, Some(30)), 30),
        (status(429, None), 120),
        (status(429, Some(u64::MAX)), 3_600),
        (status(503, None), 0),
        (Failure::Unconfigured, 0),
    ] {
        assert_eq!(failure.least_pause(), SignedDuration::from_secs(seconds), "{failure:?}");
    }
}

#[test]
fn each_failure_doubles_the_pause_up_to_five_minutes() {
    let mut pauses = Pauses::default();
    for seconds in [5, 10, 20, 40, 80, 160, 300, 300, 300] {
        pauses.record_failure("link", at(0), SignedDuration::ZERO);
        assert_eq!(pauses.until(&"link"), Some(at(seconds)));
    }
}

#[test]
fn success_ends_the_pause_and_its_growth() {
    let mut pauses = Pauses::default();
    pauses.record_failure("link", at(0), SignedDuration::from_secs(60));
    assert_eq!(pauses.until(&"link"), Some(at(60)));
    pauses.record_success(&"link");
    assert_eq!(pauses.until(&"link"), None);
    pauses.record_failure("link", at(0), SignedDuration::ZERO);
    assert_eq!(pauses.until(&"link"), Some(at(5)));
}
