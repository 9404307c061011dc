//! Builds name a commit; the builds of its head commit belong to a pull request.

use bitbucket::EventKey::*;
use bitbucket::payload::Document;
use relay::observation::{HeadDetails, Observation, PullRequestObservation, PullRequestPoll};
use serde_json::{Value, json};

use crate::world::{World, a_pull_request, report};

const HEAD: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
const OTHER: &str = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";
const NOTHING: [&str; 0] = [];

fn snapshot(world: &World, head: &str) -> Value {
    json!({
        "id": 7, "title": "Gear", "state": "OPEN", "created_on": world.now, "updated_on": world.now,
        "source": { "branch": { "name": "gear" }, "commit": { "hash": head.get(..12) } },
    })
}

fn a_pull_request_with_a_head() -> World {
    let mut world = a_pull_request();
    let shown = snapshot(&world, HEAD);
    let created = world.webhook(PullRequestCreated, &json!({ "pullrequest": shown }));
    world.receives(&created);
    world
}

fn build(world: &World, commit: &str, key: &str, state: &str) -> Value {
    json!({ "key": key, "state": state, "updated_on": world.now, "commit": { "hash": commit } })
}

fn receive_build(world: &mut World, commit: &str, key: &str, state: &str) -> Vec<String> {
    let body = json!({ "repository": { "uuid": "{ab}" }, "commit_status": build(world, commit, key, state) });
    world.learns(&Observation::PullRequest(PullRequestObservation::HeadBuild(report(
        CommitStatusUpdated,
        &body,
    ))))
}

fn counted(world: &World) -> Value {
    world.last().envelope(None).to_json()["counters"].clone()
}

#[test]
fn head_build_is_an_event_of_its_pull_request() {
    let mut world = a_pull_request_with_a_head();
    assert_eq!(counted(&world)["builds"], Value::Null);
    assert_eq!(receive_build(&mut world, HEAD, "lint", "SUCCESSFUL"), ["repo:commit_status_updated"]);
    assert_eq!(receive_build(&mut world, HEAD, "test", "INPROGRESS"), ["repo:commit_status_updated"]);
    world.waits(5);
    assert_eq!(receive_build(&mut world, HEAD, "test", "FAILED"), ["repo:commit_status_updated"]);
    let builds = json!({ "successful": 1, "failed": 1, "in_progress": 0, "stopped": 0 });
    assert_eq!(counted(&world)["builds"], builds, "each build counts once, as it stands");
    assert_eq!(world.last().envelope(None).to_json()["subject"]["type"], "pullrequest");
}

#[test]
fn build_of_an_old_head_is_ignored() {
    let mut world = a_pull_request_with_a_head();
    receive_build(&mut world, HEAD, "test", "SUCCESSFUL");
    let pushed = snapshot(world.waits(60), OTHER);
    let updated = world.webhook(PullRequestUpdated, &json!({ "pullrequest": pushed }));
    world.receives(&updated);
    assert_eq!(counted(&world)["builds"], Value::Null, "nothing is known of the new head's builds");
    assert_eq!(receive_build(&mut world, HEAD, "test", "FAILED"), NOTHING);
}

#[test]
fn build_reported_by_two_hooks_is_one_event() {
    let mut world = a_pull_request_with_a_head();
    receive_build(&mut world, HEAD, "test", "SUCCESSFUL");
    assert_eq!(receive_build(&mut world, HEAD, "test", "SUCCESSFUL"), NOTHING);
}

#[test]
fn counters_give_polled_head_and_its_time() {
    let mut world = a_pull_request_with_a_head();
    world.waits(5).polls();
    let hash = relay::ShortHash::new(HEAD).unwrap();
    let builds = vec![Document::new(build(&world, HEAD, "test", "SUCCESSFUL"))];
    let head = HeadDetails { hash, commits: Some(3), files_changed: None, builds };
    let poll = PullRequestPoll { head: Some(head), ..world.begins_a_poll() };
    assert_eq!(world.ends_the_poll(poll), ["pullrequest:counters_changed"]);
    let counters = counted(&world);
    assert_eq!(counters["commits"], json!({ "count": 3, "at": world.now }));
    assert_eq!(counters["files_changed"], Value::Null, "more than are read: not known");
    assert_eq!(counters["builds"]["successful"], 1);
}

#[test]
fn older_build_state_does_not_replace_a_newer_one() {
    let mut world = a_pull_request_with_a_head();
    world.waits(4);
    let older = build(&world, HEAD, "test", "INPROGRESS");
    world.waits(4);
    receive_build(&mut world, HEAD, "test", "SUCCESSFUL");
    let body = json!({ "repository": { "uuid": "{ab}" }, "commit_status": older });
    let late = report(CommitStatusUpdated, &body);
    world.learns(&Observation::PullRequest(PullRequestObservation::HeadBuild(late)));
    assert_eq!(counted(&world)["builds"]["successful"], 1);
    assert_eq!(counted(&world)["builds"]["in_progress"], 0);
}
