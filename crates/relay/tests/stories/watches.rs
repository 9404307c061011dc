//! Time of the next poll of a pull request: no window is dropped (decision 6, G3).

use bitbucket::EventKey::*;
use relay::Reason::{self, *};
use relay::Settings;
use relay::observation::{Observation, PullRequestObservation, PullRequestPoll};
use relay::polling::Needs;

use crate::world::{World, a_polled_pull_request, a_pull_request};

/// Polls at each due time until nothing is due or `seconds` have passed. Returns the times, in seconds, and reasons.
fn follow(world: &mut World, seconds: i64) -> Vec<(i64, Reason)> {
    let (start, mut polls) = (world.now, Vec::new());
    while let Some((wait, reason)) = world.due() {
        world.waits(wait.max(0));
        let at = world.now.duration_since(start).as_secs();
        if at > seconds {
            break;
        }
        polls.push((at, reason));
        world.polls();
        assert!(polls.len() < 1_000, "it is polled without end: {polls:?}");
    }
    polls
}

fn a_comment() -> World {
    let mut world = a_polled_pull_request();
    world.writes(1, "a").reports_about(CommentCreated, 1);
    world
}

#[test]
fn untouched_pull_request_is_not_polled() {
    assert_eq!(a_polled_pull_request().due(), None);
}

#[test]
fn event_is_followed_by_one_read_of_the_tasks() {
    let mut world = a_pull_request();
    world.reports(PullRequestCreated);
    assert_eq!(follow(&mut world, 10_000), [(2, Tasks)]);
}

#[test]
fn burst_of_events_is_followed_by_one_early_poll() {
    let mut world = a_polled_pull_request();
    for _ in 0..4 {
        world.reports(PullRequestUpdated);
        world.waits(1);
    }
    assert_eq!(world.due(), Some((-2, Tasks)), "two seconds after the first, whatever came since");
    assert_eq!(follow(&mut world, 10_000), [(0, Tasks)]);
}

#[test]
fn poll_without_tasks_keeps_tasks_due() {
    let mut world = a_pull_request();
    world.reports(PullRequestCreated);
    let mut poll = world.waits(2).begins_a_poll();
    poll.tasks = None;
    world.ends_the_poll(poll);
    assert_eq!(world.due(), Some((600, Recheck)), "when calls are short, later");
}

#[test]
fn event_during_a_poll_gets_its_own_poll() {
    let mut world = a_polled_pull_request();
    world.reports(PullRequestUpdated);
    let poll = world.waits(2).begins_a_poll();
    // Bob approves and adds a task after the poll has read the tasks, and before the poll is stored.
    world.waits(1).reports(PullRequestApproved);
    world.adds_a_task(1, "a").ends_the_poll(poll);
    assert!(world.due().is_some());
    world.waits(2);
    assert_eq!(world.polls(), ["pullrequest:task_created"]);
    assert_eq!(world.due(), None);
}

#[test]
fn open_window_is_polled_at_intervals_and_after_its_end() {
    let mut world = a_comment();
    let polls = follow(&mut world, 100_000);
    assert_eq!(polls.first(), Some(&(2, Tasks)));
    assert_eq!(polls[1..4], [(17, WindowOpen), (32, WindowOpen), (47, WindowOpen)]);
    assert_eq!(polls.last(), Some(&(660, WindowClosed)), "window and margin after the comment");
    assert_eq!(world.due(), None);
}

#[test]
fn intervals_and_window_are_settings() {
    let mut world = a_polled_pull_request();
    world.settings = Settings {
        window_seconds: 20,
        margin_seconds: 5,
        poll_interval_seconds: 10,
        grace_seconds: 1,
        tail_seconds: [100, 0, 50],
        sweep_seconds: 300,
        full_read_seconds: 0,
        task_interval_seconds: 0,
        ..Settings::default()
    };
    world.writes(1, "a").reports_about(CommentCreated, 1);
    assert_eq!(
        follow(&mut world, 100_000),
        [(2, Tasks), (12, WindowOpen), (22, WindowOpen), (25, WindowClosed), (75, Tail), (125, Tail)]
    );
}

fn a_comment_with_a_tail() -> World {
    let mut world = a_polled_pull_request();
    world.settings = Settings { tail_seconds: Settings::default().tail_seconds, ..world.settings };
    world.writes(1, "a").reports_about(CommentCreated, 1);
    world
}

fn tail_of(polls: &[(i64, Reason)]) -> Vec<i64> {
    polls.iter().filter(|(_, reason)| *reason == Tail).map(|(at, _)| *at).collect()
}

#[test]
fn tail_polls_half_an_hour_two_hours_and_a_day_later() {
    let mut world = a_comment_with_a_tail();
    assert_eq!(tail_of(&follow(&mut world, 1_000_000)), [660 + 1_800, 660 + 7_200, 660 + 86_400]);
    assert_eq!(world.due(), None);
}

#[test]
fn edit_after_lost_webhook_is_published() {
    let mut world = a_comment_with_a_tail();
    follow(&mut world, 1_000);
    // Bitbucket reports edits made ten minutes after the comment; this webhook is lost.
    world.edits(1, "b");
    let (wait, reason) = world.due().unwrap();
    assert_eq!(reason, Tail);
    assert_eq!(world.waits(wait).polls(), ["pullrequest:comment_updated"]);
    assert!(
        world.due().is_some_and(|(wait, reason)| reason == WindowOpen && wait <= 15),
        "{:?}",
        world.due()
    );
}

#[test]
fn tail_costs_the_same_for_many_comments_as_for_one() {
    let mut world = a_comment_with_a_tail();
    for id in 2..=30 {
        world.waits(1).writes(id, "more").reports_about(CommentCreated, id);
    }
    assert_eq!(tail_of(&follow(&mut world, 1_000_000)).len(), 3);
}

#[test]
fn tail_finds_a_lone_task_change() {
    let mut world = a_polled_pull_request();
    world.settings = Settings { tail_seconds: [1_800, 0, 0], ..world.settings };
    world.reports(PullRequestApproved);
    follow(&mut world, 1_000);
    world.adds_a_task(1, "a");
    let (wait, reason) = world.due().unwrap();
    assert_eq!(reason, Tail);
    assert_eq!(world.waits(wait).polls(), ["pullrequest:task_created"]);
}

#[test]
fn one_late_poll_serves_every_due_check() {
    let mut world = a_comment_with_a_tail();
    world.waits(660 + 7_200).polls();
    assert_eq!(world.due(), Some((79_200, Tail)), "only the one after a day is left");
}

#[test]
fn late_check_after_a_window_stays_due() {
    let mut world = a_comment();
    world.waits(2).polls();
    world.edits(1, "at the last moment").waits(100_000);
    let folded_late = world.due().unwrap();
    assert!(folded_late.0 < -99_000, "{folded_late:?}");
    assert_eq!(world.polls(), ["pullrequest:comment_updated"]);
}

#[test]
fn poll_before_window_end_does_not_replace_the_check() {
    let mut world = a_comment();
    // The poll begins a second before the window's end and is stored long after it.
    let poll = world.waits(659).begins_a_poll();
    world.edits(1, "b").waits(60).ends_the_poll(poll);
    assert_eq!(world.due().map(|(wait, reason)| (wait <= 0, reason)), Some((true, WindowClosed)));
    assert_eq!(world.polls(), ["pullrequest:comment_updated"]);
}

#[test]
fn edit_reopens_the_window() {
    let mut world = a_comment();
    world.waits(600).edits(1, "b").polls();
    let polls = follow(&mut world, 100_000);
    assert_eq!(polls.last(), Some(&(660, WindowClosed)));
    assert_eq!(world.due(), None);
}

#[test]
fn edit_with_unchanged_time_reopens_the_window() {
    let mut world = a_comment();
    world.waits(600).edits_without_moving_its_time(1, "b").polls();
    assert_eq!(follow(&mut world, 100_000).last(), Some(&(660, WindowClosed)));
}

#[test]
fn reported_edit_reopens_the_window() {
    let mut world = a_comment();
    follow(&mut world, 100_000);
    world.waits(3_600).edits(1, "b").reports_about(CommentUpdated, 1);
    assert_eq!(follow(&mut world, 100_000).last(), Some(&(660, WindowClosed)));
}

#[test]
fn frequent_edits_keep_the_watch_alive() {
    let mut world = a_comment();
    for edit in 0..20 {
        follow(&mut world, 539);
        let text = format!("edit {edit}");
        world.edits(1, &text);
        follow(&mut world, 30);
        assert_eq!(world.last_payload()["comment"]["content"]["raw"], text);
    }
    assert!(world.due().is_some());
}

#[test]
fn earlier_window_is_checked_first_and_later_ends_the_watch() {
    let mut world = a_comment();
    world.waits(300).writes(2, "b").reports_about(CommentCreated, 2);
    let polls = follow(&mut world, 100_000);
    assert!(polls.contains(&(360, WindowClosed)), "{polls:?}");
    assert_eq!(polls.last(), Some(&(660, WindowClosed)));
}

#[test]
fn short_calls_serve_ended_windows_first_and_starve_nothing() {
    let now: jiff::Timestamp = crate::world::START.parse().unwrap();
    let watch = |reason, overdue_seconds| relay::Watch {
        due_at: now - jiff::SignedDuration::from_secs(overdue_seconds),
        reason,
        deadline: None,
    };
    let hidden =
        relay::Watch { deadline: Some(now - jiff::SignedDuration::from_secs(9)), ..watch(WindowOpen, 200) };
    let order = [
        hidden,
        watch(WindowOpen, 130),
        watch(Sweep, 40_000),
        watch(QuietSweep, 3_700),
        watch(Tail, 3_600),
        watch(Sweep, 120),
        watch(WindowOpen, 90),
        watch(WindowOpen, 1),
        watch(Tasks, 100),
        watch(Recheck, 100),
        watch(Reread, 100),
        watch(Sweep, 100),
        watch(WindowClosed, 5),
        watch(QuietSweep, 500),
        watch(Tail, 400),
        watch(FullRead, 9_000),
    ];
    assert!(order.is_sorted_by_key(|watch| watch.urgency(now)));
    let turn = now + jiff::SignedDuration::from_secs(40);
    assert!(
        watch(Sweep, 120).urgency(turn) < watch(Tasks, 9_000).urgency(turn),
        "patient watches have their turn"
    );
    assert!(hidden.urgency(turn) < watch(Sweep, 40_000).urgency(turn));
}

#[test]
fn patient_watches_are_those_on_which_no_window_depends() {
    let now: jiff::Timestamp = crate::world::START.parse().unwrap();
    for (reason, is_patient) in [
        (WindowClosed, false),
        (WindowOpen, false),
        (WindowQuiet, false),
        (Tasks, false),
        (Recheck, false),
        (Reread, false),
        (Sweep, true),
        (QuietSweep, true),
        (Repositories, true),
        (Tail, true),
        (FullRead, true),
        (Refused, true),
    ] {
        let watch = relay::Watch { due_at: now, reason, deadline: None };
        assert_eq!(watch.is_patient(), is_patient, "{reason:?}");
        assert!(!relay::Watch { deadline: Some(now), ..watch }.is_patient(), "{reason:?} hides a window");
    }
}

#[test]
fn deleted_comment_is_not_watched() {
    let mut world = a_comment();
    world.waits(1).deletes(1).reports_about(CommentDeleted, 1);
    assert_eq!(follow(&mut world, 100_000), [(1, Tasks)]);
}

#[test]
fn open_pull_request_is_read_in_full_half_a_day_after_its_last_read() {
    let mut world = a_comment();
    world.settings.full_read_seconds = 43_200;
    world.waits(660).polls();
    for _ in 0..3 {
        assert_eq!(world.due(), Some((43_200, FullRead)));
        world.waits(43_200).polls();
    }
    let merged = serde_json::json!({ "id": 7, "state": "MERGED", "updated_on": world.now });
    let merged = world.webhook(PullRequestFulfilled, &serde_json::json!({ "pullrequest": merged }));
    world.receives(&merged);
    world.waits(2).polls();
    assert_eq!(world.due(), None);
}

#[test]
fn delivery_ends_the_pause_of_a_refused_subject() {
    let mut world = a_comment();
    assert_eq!(world.is_refused(), [] as [&str; 0]);
    assert_eq!(world.due(), Some((60, Refused)));
    world.waits(30).reports(PullRequestUpdated);
    assert_eq!(world.due(), Some((-28, Tasks)), "since the comment");
    assert_eq!(world.edits(1, "b").waits(2).polls(), ["pullrequest:comment_updated"]);
}

#[test]
fn refused_poll_keeps_the_deadline_of_its_window() {
    let mut world = a_comment();
    let deadline = world.state.watch.unwrap().deadline;
    assert!(deadline.is_some());
    for _ in 0..10 {
        world.is_refused();
        let watch = world.state.watch.unwrap();
        assert_eq!((watch.reason, watch.deadline), (Refused, deadline));
        world.waits(60);
    }
    assert_eq!(world.edits(1, "b").waits(2).polls(), ["pullrequest:comment_updated"]);
    assert!(world.state.refusal.is_none());
}

#[test]
fn refusal_is_ignored_without_state() {
    let mut world = a_pull_request();
    world.is_refused();
    assert_eq!(world.due(), None);
    assert!(world.log.is_empty());
}

#[test]
fn event_without_a_pull_request_is_not_watched() {
    let mut world = crate::world::a_repository();
    let report =
        crate::world::report(RepositoryPush, &serde_json::json!({ "repository": { "uuid": "{ab}" } }));
    world.receives(&report);
    assert_eq!(world.due(), None);
}

#[test]
fn tasks_are_read_at_most_once_per_interval() {
    let mut world = a_polled_pull_request();
    world.settings.task_interval_seconds = 60;
    world.waits(10).reports(PullRequestApproved);
    assert_eq!(world.due(), Some((50, Tasks)), "they were read ten seconds ago");
    world.waits(100).reports(PullRequestUnapproved);
    assert!(world.due().unwrap().0 <= 2, "that is a while ago");
}

#[test]
fn tasks_wait_while_calls_are_short() {
    let mut world = a_polled_pull_request();
    world.writes(1, "a").reports_about(CommentCreated, 1);
    world.waits(5);
    assert!(!Needs::new(world.pr(), world.now, &world.settings, true).tasks);
    let poll = PullRequestPoll { tasks: None, ..world.begins_a_poll() };
    world.ends_the_poll(poll);
    world.waits(600);
    assert!(world.due().unwrap().0 <= 0);
    assert!(Needs::new(world.pr(), world.now, &world.settings, true).tasks);
}

#[test]
fn polled_comment_may_wait_for_its_last_check() {
    let mut world = a_comment();
    world.waits(300).polls();
    let watch = world.state.watch.unwrap();
    let now = world.now;
    let at = |seconds| now + jiff::SignedDuration::from_secs(seconds);
    // The window ends in five minutes. An edit after this poll would open its own window of eleven minutes.
    assert_eq!(watch.deadline, Some(at(660)));
    assert!(watch.may_wait(at(659)));
    assert!(watch.urgency(at(660)).0 < watch.urgency(at(659)).0, "then it goes before all others");
}

#[test]
fn poll_without_lookups_is_repeated() {
    let mut world = a_comment();
    world.deletes(1);
    let poll = world.waits(5).begins_a_poll();
    assert_eq!(world.learns(&world.poll_observation(poll.clone())), [] as [&str; 0]);
    assert_eq!(world.due().map(|(wait, _)| wait), Some(0));
    assert_eq!(world.polls_twice(), ["pullrequest:comment_deleted"]);
}

#[test]
fn partial_listing_proves_no_deletion() {
    let mut world = a_comment();
    world.deletes(1);
    let mut poll = world.waits(5).begins_a_poll();
    poll.comments.complete = false;
    assert_eq!(world.learns(&Observation::PullRequest(PullRequestObservation::Poll(poll))), [] as [&str; 0]);
    assert!(world.due().unwrap().0 > 0, "the next poll is not due at once");
}

#[test]
fn window_of_a_found_comment_starts_when_found() {
    let mut world = a_polled_pull_request();
    world.writes(1, "a").waits(500);
    assert_eq!(world.polls(), ["pullrequest:comment_created"]);
    // The comment may have been edited since it was written; its times do not show that.
    let polls = follow(&mut world, 700);
    assert_eq!(polls.last(), Some(&(660, WindowClosed)), "{polls:?}");
}

#[test]
fn subject_that_is_not_named_waits_an_hour_without_a_deadline() {
    let mut world = a_comment();
    assert!(world.state.watch.unwrap().deadline.is_some());
    world.learns(&Observation::NotNamed);
    assert_eq!(world.due(), Some((3_600, Refused)));
    assert_eq!(world.state.watch.unwrap().deadline, None);
    world.waits(3_600).polls();
    assert_eq!(world.state.refusal, None, "it was named meanwhile");
}
