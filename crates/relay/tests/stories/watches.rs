//! When a pull request is polled again: the promise that no window is dropped (decision 6, G3).

use bitbucket::EventKey::*;
use relay::Reason::{self, *};
use relay::Settings;
use relay::observation::{Observation, PullRequestObservation, PullRequestPoll};
use relay::polling::Needs;

use crate::world::{World, a_known_pull_request, a_pull_request};

/// Polls whenever it is due, until nothing is or `seconds` have passed. Gives the times, in seconds, and reasons.
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
    let mut world = a_known_pull_request();
    world.writes(1, "a").reports_about(CommentCreated, 1);
    world
}

#[test]
fn a_pull_request_nobody_touches_is_not_polled() {
    assert_eq!(a_known_pull_request().due(), None);
}

#[test]
fn an_event_is_followed_by_one_look_at_the_tasks() {
    let mut world = a_pull_request();
    world.reports(PullRequestCreated);
    assert_eq!(follow(&mut world, 10_000), [(2, Tasks)]);
}

#[test]
fn many_events_at_once_are_followed_by_one_look_soon_after_the_first() {
    let mut world = a_known_pull_request();
    for _ in 0..4 {
        world.reports(PullRequestUpdated);
        world.waits(1);
    }
    assert_eq!(world.due(), Some((-2, Tasks)), "two seconds after the first, whatever came since");
    assert_eq!(follow(&mut world, 10_000), [(0, Tasks)]);
}

#[test]
fn a_poll_without_tasks_leaves_them_to_be_read() {
    let mut world = a_pull_request();
    world.reports(PullRequestCreated);
    let mut poll = world.waits(2).begins_a_poll();
    poll.tasks = None;
    world.ends_the_poll(poll);
    assert_eq!(world.due(), Some((600, Recheck)), "when calls are short, later");
}

#[test]
fn an_event_that_came_while_a_poll_was_reading_gets_its_own_look() {
    let mut world = a_known_pull_request();
    world.reports(PullRequestUpdated);
    let poll = world.waits(2).begins_a_poll();
    // Bob approves and adds a task, after the poll has read the tasks and before it is stored.
    world.waits(1).reports(PullRequestApproved);
    world.adds_a_task(1, "a").ends_the_poll(poll);
    assert!(world.due().is_some());
    world.waits(2);
    assert_eq!(world.polls(), ["pullrequest:task_created"]);
    assert_eq!(world.due(), None);
}

#[test]
fn an_open_window_is_polled_at_the_interval_and_once_more_after_its_end() {
    let mut world = a_comment();
    let polls = follow(&mut world, 100_000);
    assert_eq!(polls.first(), Some(&(2, Tasks)));
    assert_eq!(polls[1..4], [(17, WindowOpen), (32, WindowOpen), (47, WindowOpen)]);
    assert_eq!(polls.last(), Some(&(660, WindowClosed)), "window and margin after the comment");
    assert_eq!(world.due(), None);
}

#[test]
fn the_intervals_and_the_window_are_settings() {
    let mut world = a_known_pull_request();
    world.settings = Settings {
        window_seconds: 20,
        margin_seconds: 5,
        poll_interval_seconds: 10,
        grace_seconds: 1,
        tail_seconds: [100, 0, 50],
        sweep_seconds: 300,
        task_interval_seconds: 0,
    };
    world.writes(1, "a").reports_about(CommentCreated, 1);
    assert_eq!(
        follow(&mut world, 100_000),
        [(2, Tasks), (12, WindowOpen), (22, WindowOpen), (25, WindowClosed), (75, Tail), (125, Tail)]
    );
}

fn a_comment_with_a_tail() -> World {
    let mut world = a_known_pull_request();
    world.settings = Settings { tail_seconds: Settings::default().tail_seconds, ..world.settings };
    world.writes(1, "a").reports_about(CommentCreated, 1);
    world
}

fn tail_of(polls: &[(i64, Reason)]) -> Vec<i64> {
    polls.iter().filter(|(_, reason)| *reason == Tail).map(|(at, _)| *at).collect()
}

#[test]
fn after_its_windows_a_pull_request_is_looked_at_half_an_hour_two_hours_and_a_day_later() {
    let mut world = a_comment_with_a_tail();
    assert_eq!(tail_of(&follow(&mut world, 1_000_000)), [660 + 1_800, 660 + 7_200, 660 + 86_400]);
    assert_eq!(world.due(), None);
}

#[test]
fn an_edit_that_bitbucket_owed_a_report_of_is_found_by_the_tail_and_opens_the_window_anew() {
    let mut world = a_comment_with_a_tail();
    follow(&mut world, 1_000);
    // More than ten minutes after the comment: Bitbucket reports it, and the webhook is lost.
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
fn the_tail_costs_the_same_for_many_comments_as_for_one() {
    let mut world = a_comment_with_a_tail();
    for id in 2..=30 {
        world.waits(1).writes(id, "more").reports_about(CommentCreated, id);
    }
    assert_eq!(tail_of(&follow(&mut world, 1_000_000)).len(), 3);
}

#[test]
fn a_task_that_changes_while_nothing_else_happens_is_found_by_the_tail() {
    let mut world = a_known_pull_request();
    world.settings = Settings { tail_seconds: [1_800, 0, 0], ..world.settings };
    world.reports(PullRequestApproved);
    follow(&mut world, 1_000);
    world.adds_a_task(1, "a");
    let (wait, reason) = world.due().unwrap();
    assert_eq!(reason, Tail);
    assert_eq!(world.waits(wait).polls(), ["pullrequest:task_created"]);
}

#[test]
fn one_late_poll_serves_every_look_that_was_due() {
    let mut world = a_comment_with_a_tail();
    world.waits(660 + 7_200).polls();
    assert_eq!(world.due(), Some((79_200, Tail)), "only the one after a day is left");
}

#[test]
fn the_look_after_a_window_stays_due_however_late_it_comes() {
    let mut world = a_comment();
    world.waits(2).polls();
    world.edits(1, "at the last moment").waits(100_000);
    let folded_late = world.due().unwrap();
    assert!(folded_late.0 < -99_000, "{folded_late:?}");
    assert_eq!(world.polls(), ["pullrequest:comment_updated"]);
}

#[test]
fn a_poll_before_the_end_of_a_window_is_not_the_look_after_it() {
    let mut world = a_comment();
    // It begins a second before the window's end and is stored long after it.
    let poll = world.waits(659).begins_a_poll();
    world.edits(1, "b").waits(60).ends_the_poll(poll);
    assert_eq!(world.due().map(|(wait, reason)| (wait <= 0, reason)), Some((true, WindowClosed)));
    assert_eq!(world.polls(), ["pullrequest:comment_updated"]);
}

#[test]
fn an_edit_opens_the_window_anew() {
    let mut world = a_comment();
    world.waits(600).edits(1, "b").polls();
    let polls = follow(&mut world, 100_000);
    assert_eq!(polls.last(), Some(&(660, WindowClosed)));
    assert_eq!(world.due(), None);
}

#[test]
fn an_edit_that_does_not_move_its_time_opens_the_window_anew_too() {
    let mut world = a_comment();
    world.waits(600).edits_without_moving_its_time(1, "b").polls();
    assert_eq!(follow(&mut world, 100_000).last(), Some(&(660, WindowClosed)));
}

#[test]
fn a_reported_edit_opens_the_window_anew() {
    let mut world = a_comment();
    follow(&mut world, 100_000);
    world.waits(3_600).edits(1, "b").reports_about(CommentUpdated, 1);
    assert_eq!(follow(&mut world, 100_000).last(), Some(&(660, WindowClosed)));
}

#[test]
fn somebody_who_edits_every_nine_minutes_is_watched_as_long_as_it_takes() {
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
fn of_two_windows_the_first_to_end_is_looked_at_first_and_the_last_ends_the_watch() {
    let mut world = a_comment();
    world.waits(300).writes(2, "b").reports_about(CommentCreated, 2);
    let polls = follow(&mut world, 100_000);
    assert!(polls.contains(&(360, WindowClosed)), "{polls:?}");
    assert_eq!(polls.last(), Some(&(660, WindowClosed)));
}

#[test]
fn when_calls_run_short_ended_windows_go_first_and_nothing_waits_for_ever() {
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
        watch(Tail, 3_700),
        watch(WindowOpen, 130),
        watch(WindowOpen, 90),
        watch(WindowOpen, 1),
        watch(Tasks, 100),
        watch(Recheck, 100),
        watch(Reread, 100),
        watch(Sweep, 100),
        watch(WindowClosed, 5),
        watch(Tail, 500),
    ];
    assert!(order.is_sorted_by_key(|watch| watch.urgency(now)));
}

#[test]
fn a_deleted_comment_is_not_watched() {
    let mut world = a_comment();
    world.waits(1).deletes(1).reports_about(CommentDeleted, 1);
    assert_eq!(follow(&mut world, 100_000), [(1, Tasks)]);
}

#[test]
fn what_is_unreachable_is_left_alone_until_the_next_delivery() {
    let mut world = a_comment();
    assert!(world.due().is_some());
    assert_eq!(world.is_unreachable(), [] as [&str; 0]);
    assert_eq!(world.due(), None);
    world.waits(60).reports(PullRequestUpdated);
    assert!(world.due().is_some());
    assert_eq!(world.edits(1, "b").waits(2).polls(), ["pullrequest:comment_updated"]);
}

#[test]
fn being_unreachable_says_nothing_about_what_nothing_is_known_of() {
    let mut world = a_pull_request();
    world.is_unreachable();
    assert_eq!(world.due(), None);
    assert!(world.log.is_empty());
}

#[test]
fn an_event_without_a_pull_request_is_not_watched() {
    let mut world = crate::world::a_repository();
    let report =
        crate::world::report(RepositoryPush, &serde_json::json!({ "repository": { "uuid": "{ab}" } }));
    world.hears(&report);
    assert_eq!(world.due(), None);
}

#[test]
fn many_events_do_not_have_the_tasks_read_more_often_than_the_interval() {
    let mut world = a_known_pull_request();
    world.settings.task_interval_seconds = 60;
    world.waits(10).reports(PullRequestApproved);
    assert_eq!(world.due(), Some((50, Tasks)), "they were read ten seconds ago");
    world.waits(100).reports(PullRequestUnapproved);
    assert!(world.due().unwrap().0 <= 2, "that is a while ago");
}

#[test]
fn while_calls_are_short_tasks_wait_and_are_not_forgotten() {
    let mut world = a_known_pull_request();
    world.writes(1, "a").reports_about(CommentCreated, 1);
    world.waits(5);
    assert!(!Needs::new(world.known(), world.now, &world.settings, true).tasks);
    let poll = PullRequestPoll { tasks: None, ..world.begins_a_poll() };
    world.ends_the_poll(poll);
    world.waits(600);
    assert!(world.due().unwrap().0 <= 0);
    assert!(Needs::new(world.known(), world.now, &world.settings, true).tasks);
}

#[test]
fn what_a_poll_has_seen_may_wait_for_its_last_check_while_calls_are_short() {
    let mut world = a_comment();
    world.waits(300).polls();
    let watch = world.state.watch.unwrap();
    let now = world.now;
    let at = |seconds| now + jiff::SignedDuration::from_secs(seconds);
    // Its window ends in five minutes. An edit after this poll would have a window of its own, and eleven minutes.
    assert_eq!(watch.deadline, Some(at(660)));
    assert!(watch.may_wait(at(659)));
    assert!(watch.urgency(at(660)).0 < watch.urgency(at(659)).0, "then it goes before all others");
}

#[test]
fn a_poll_that_could_not_ask_for_what_is_missing_is_made_again() {
    let mut world = a_comment();
    world.deletes(1);
    let poll = world.waits(5).begins_a_poll();
    assert_eq!(world.learns(&world.poll_observation(poll.clone())), [] as [&str; 0]);
    assert_eq!(world.due().map(|(wait, _)| wait), Some(0));
    assert_eq!(world.polls(), ["pullrequest:comment_deleted"]);
}

#[test]
fn what_is_missing_from_a_part_of_a_listing_tells_nothing() {
    let mut world = a_comment();
    world.deletes(1);
    let poll = PullRequestPoll { is_complete: false, ..world.waits(5).begins_a_poll() };
    assert_eq!(world.learns(&Observation::PullRequest(PullRequestObservation::Poll(poll))), [] as [&str; 0]);
    assert!(world.due().unwrap().0 > 0, "the next look is an ordinary one");
}

#[test]
fn the_window_of_a_comment_that_no_webhook_told_counts_from_when_it_was_found() {
    let mut world = a_known_pull_request();
    world.writes(1, "a").waits(500);
    assert_eq!(world.polls(), ["pullrequest:comment_created"]);
    // It may have been edited since it was written: that leaves no trace in its times.
    let polls = follow(&mut world, 700);
    assert_eq!(polls.last(), Some(&(660, WindowClosed)), "{polls:?}");
}
