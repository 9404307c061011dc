//! Rereads: of tasks that a poll left out, of a pull request that a sweep found changed, of one that moved.

use bitbucket::EventKey::*;
use relay::observation::{Observation, PullRequestObservation};
use serde_json::json;

use crate::world::{World, a_polled_pull_request, a_pull_request};

#[test]
fn tasks_that_a_poll_skips_are_read_later() {
    let mut world = a_polled_pull_request();
    world.settings.task_interval_seconds = 60;
    let skips_tasks = |world: &mut World| {
        let mut poll = world.begins_a_poll();
        poll.tasks = None;
        world.ends_the_poll(poll);
        world.pr().tasks_dirty_since.is_some()
    };
    world.waits(10).writes(1, "a").reports_about(CommentCreated, 1);
    assert!(skips_tasks(world.waits(49)), "they are not due yet");
    assert!(!skips_tasks(world.waits(1)), "they are put off");
    assert_eq!(world.pr().recheck_at.unwrap().duration_since(world.now).as_secs(), 540, "ten minutes in all");
}

#[test]
fn reread_is_served_by_a_poll_that_reads_what_it_is_for() {
    let mut world = a_polled_pull_request();
    let shown = json!({ "id": 7, "title": "Round corners", "updated_on": world.now });
    let noticed = |world: &mut World| {
        let notice = relay::observation::Notice {
            repository: json!({}),
            since: world.now,
            is_new: false,
            updated_on: Some(world.now),
        };
        world.learns(&Observation::PullRequest(PullRequestObservation::SeenInSweep(notice)));
        world.pr().reread_at.map(|at| at.duration_since(world.now).as_secs())
    };
    assert_eq!(noticed(&mut world), Some(30));
    world.waits(29).polls_all(&shown);
    assert!(world.pr().reread_at.is_some(), "it is planned for later than this poll");
    world.waits(1).polls_all(&shown);
    assert_eq!(world.pr().reread_at, None);

    noticed(&mut world);
    world.waits(31).polls();
    assert!(world.pr().reread_at.is_some(), "the pull request itself was not read");
    let newer = world.now + jiff::SignedDuration::from_secs(1);
    let shown = json!({ "id": 7, "title": "Round corners", "updated_on": newer });
    let explains = world.webhook(PullRequestUpdated, &json!({ "pullrequest": shown }));
    world.receives(&explains);
    world.polls();
    assert_eq!(world.pr().reread_at, None, "the webhook explains it, so comments and tasks suffice");
}

#[test]
fn signed_pull_request_follows_its_repository() {
    for signed in [true, false] {
        let mut world = a_pull_request();
        let created = relay::Report { signed, ..world.webhook(PullRequestCreated, &json!({})) };
        world.receives(&created);
        let there = json!({ "uuid": "{ab}", "full_name": "globex/widgets" });
        let mut poll = world.waits(3).begins_a_poll();
        poll.repository = Some(there.clone());
        world.ends_the_poll(poll);
        assert_eq!(world.pr().repository == there, signed);
    }
}
