//! Builds belong to a commit. Builds of a pull request's head are also in its sequence, and its commits and files are
//! counted.

use serde_json::{Value, json};
use simulator::{FaultRequest, Rules, StatusFault};
use system::{Pr, Setup, World};

/// A world that reads heads, and a pull request.
async fn start() -> (World, Pr) {
    let mut setup = Setup::default();
    setup.limits.read_heads = true;
    let world = World::with(setup).await;
    let pr = world.alice().opens("gear").await;
    (world, pr)
}

async fn counters(world: &World, pr: Pr) -> Value {
    world.last_event(pr).await.envelope(None).to_json()["counters"].clone()
}

#[tokio::test]
async fn head_build_is_published_for_pull_request_and_commit() {
    let (world, pr) = start().await;
    world.run_for(10).await;
    let head = world.alice().head_of(pr).await;
    world.alice().builds(pr.repo, &head, "test", "INPROGRESS").await;
    world.alice().builds(pr.repo, &head, "test", "SUCCESSFUL").await;
    assert_eq!(
        world.events_after(pr, 2).await,
        ["3 repo:commit_status_created webhook", "4 repo:commit_status_updated webhook"]
    );
    let builds = json!({ "successful": 1, "failed": 0, "in_progress": 0, "stopped": 0 });
    assert_eq!(counters(&world, pr).await["builds"], builds);
    assert_eq!(world.commit_log(pr.repo, &head).await.len(), 2, "the commit's log has both builds too");
}

#[tokio::test]
async fn a_build_reported_twice_is_one_event_in_both_sequences() {
    let (world, pr) = start().await;
    world.run_for(10).await;
    let head = world.alice().head_of(pr).await;
    world.double_next(1);
    world.alice().builds(pr.repo, &head, "test", "FAILED").await;
    assert_eq!(world.events_after(pr, 2).await, ["3 repo:commit_status_created webhook"]);
    assert_eq!(world.commit_log(pr.repo, &head).await.len(), 1);
}

#[tokio::test]
async fn after_a_push_the_builds_of_the_old_head_are_not_mixed_in() {
    let (world, pr) = start().await;
    let old = world.alice().head_of(pr).await;
    world.alice().builds(pr.repo, &old, "test", "SUCCESSFUL").await;
    world.alice().pushes(pr, "gear").await;
    world.run_for(10).await;
    let events = world.log(pr).await.len();
    world.alice().builds(pr.repo, &old, "test", "FAILED").await;
    assert_eq!(world.log(pr).await.len(), events, "a build of the old head is no event of the pull request");
    assert_eq!(counters(&world, pr).await["builds"]["failed"], 0);
}

#[tokio::test]
async fn build_from_before_the_pull_request_is_counted() {
    let (world, first) = start().await;
    let head = world.alice().head_of(first).await;
    world.alice().builds(first.repo, &head, "test", "SUCCESSFUL").await;
    let second = world.alice().opens("gear").await;
    world.run_for(10).await;
    assert_eq!(counters(&world, second).await["builds"]["successful"], 1);
}

#[tokio::test]
async fn push_recounts_commits_and_files_with_a_time() {
    let (world, pr) = start().await;
    world.run_for(10).await;
    let first = counters(&world, pr).await;
    assert_eq!((&first["commits"]["count"], &first["files_changed"]["count"]), (&json!(1), &json!(1)));
    world.alice().pushes(pr, "gear").await;
    assert_eq!(
        counters(&world, pr).await["commits"],
        Value::Null,
        "the commits of the new head are not counted yet"
    );
    world.run_for(10).await;
    assert_eq!(world.last_event(pr).await.key.as_str(), "pullrequest:counters_changed");
    let second = counters(&world, pr).await;
    assert_eq!((&second["commits"]["count"], &second["files_changed"]["count"]), (&json!(2), &json!(2)));
    assert!(second["commits"]["at"].as_str() > first["commits"]["at"].as_str());
}

#[tokio::test]
async fn approvals_withdrawn_by_a_push_are_published_one_by_one() {
    let rules = Rules { push_withdraws_approvals: true, ..Rules::default() };
    let world = World::with(Setup { rules, ..Setup::default() }).await;
    let pr = world.alice().opens("gear").await;
    world.bob().approves(pr).await;
    world.alice().pushes(pr, "gear").await;
    world.run_for(60).await;
    assert_eq!(
        world.events_after(pr, 1).await,
        ["2 pullrequest:approved webhook", "3 pullrequest:updated webhook", "4 pullrequest:unapproved poll"]
    );
    assert_eq!(counters(&world, pr).await["approvals"], 0);
}

#[tokio::test]
async fn only_a_passing_failure_of_the_head_fails_its_poll() {
    let table = [
        ("statuses", 403, 0),
        ("statuses", 500, 1),
        ("commits", 404, 0),
        ("commits", 500, 1),
        ("diffstat", 410, 0),
        ("diffstat", 503, 1),
    ];
    for (path, status, failed) in table {
        let (world, pr) = start().await;
        world.advance(5);
        world.fault(FaultRequest {
            api_status_next: Some(StatusFault { status, count: 1 }),
            only_for: Some(pr.repo.bot().to_owned()),
            only_under: Some(path.to_owned()),
            ..FaultRequest::default()
        });
        let summary = world.poll().await;
        assert_eq!((summary.polled, summary.failed), (1 - failed, failed), "{status} for {path}");
    }
}
