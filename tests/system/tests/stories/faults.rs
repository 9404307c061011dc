//! Failures of Bitbucket's API or of a link: the watch stays due, and all other links are served.

use poller::PollerSettings;
use serde_json::json;
use simulator::{FaultRequest, StatusFault};
use system::{Pr, Repo, Setup, World};

/// Opens two pull requests on `widgets` and one on `gadgets`, each with a silent edit that only polling finds.
async fn with_edits(world: &World) -> [Pr; 3] {
    let mut prs = Vec::new();
    for (repo, branch) in [(Repo::Widgets, "gear"), (Repo::Widgets, "wheel"), (Repo::Gadgets, "lever")] {
        let bob = world.member("bob", repo);
        let pr = bob.opens(branch).await;
        let comment = bob.comments(pr, "first").await;
        world.run_for(40).await;
        world.advance(1);
        bob.edits(pr, comment, "second").await;
        prs.push(pr);
    }
    world.advance(60);
    [prs[0], prs[1], prs[2]]
}

async fn found(world: &World, prs: [Pr; 3]) -> [bool; 3] {
    let mut found = [false; 3];
    for (pr, found) in prs.into_iter().zip(&mut found) {
        *found = world.events(pr).await.len() > 2;
    }
    found
}

/// Starts a world with unfound edits, and injects a fault into the calls of `widgets`.
async fn with_fault(fault: FaultRequest) -> (World, [Pr; 3]) {
    let world = World::start().await;
    let prs = with_unfound_edits(&world).await;
    world.fault(FaultRequest { only_for: Some("bot".to_owned()), ..fault });
    (world, prs)
}

async fn with_unfound_edits(world: &World) -> [Pr; 3] {
    let prs = with_edits(world).await;
    // Some edits were found while the later ones were made. Hence one more edit each, all at the same time.
    for pr in prs {
        let bob = world.member("bob", pr.repo);
        bob.comments(pr, "another").await;
    }
    world.run_for(40).await;
    for pr in prs {
        let state = world.state(pr).await;
        let comment = state.comments.keys().next().unwrap().0;
        world.member("bob", pr.repo).edits(pr, comment, "third").await;
    }
    world.advance(60);
    prs
}

/// True for each pull request whose third edit was published.
async fn published(world: &World, prs: [Pr; 3]) -> [bool; 3] {
    let mut published = [false; 3];
    for (pr, published) in prs.into_iter().zip(&mut published) {
        *published = world.events(pr).await.len() == 5;
    }
    published
}

fn status(status: u16, count: u32) -> FaultRequest {
    FaultRequest { api_status_next: Some(StatusFault { status, count }), ..FaultRequest::default() }
}

#[tokio::test]
async fn without_faults_all_edits_are_found() {
    let world = World::start().await;
    let prs = with_edits(&world).await;
    world.poll().await;
    assert_eq!(found(&world, prs).await, [true; 3]);
}

#[tokio::test]
async fn one_failed_call_delays_one_pull_request_by_a_pause() {
    let (world, prs) = with_fault(status(503, 1)).await;
    let summary = world.poll().await;
    assert_eq!((summary.polled, summary.failed), (2, 1));
    assert_eq!(published(&world, prs).await, [false, true, true]);
    world.run_for(4).await;
    assert_eq!(published(&world, prs).await, [false, true, true], "the pause lasts five seconds");
    world.run_for(1).await;
    assert_eq!(published(&world, prs).await, [true; 3]);
}

#[tokio::test]
async fn failing_api_is_called_less_often_and_loses_no_edit() {
    let (world, prs) = with_fault(status(500, 1_000)).await;
    let before = world.calls(Repo::Widgets);
    world.run_for(1_500).await;
    let calls = world.calls(Repo::Widgets) - before;
    assert!((12..=30).contains(&calls), "{calls} calls for two pull requests in 25 minutes");
    assert_eq!(published(&world, prs).await, [false, false, true]);
    world.end_faults().await;
    world.run_for(301).await;
    assert_eq!(published(&world, prs).await, [true; 3]);
}

#[tokio::test]
async fn a_rate_limit_pauses_the_link_for_minutes_and_no_other() {
    let fault = FaultRequest { rate_limit_next: 1, ..FaultRequest::default() };
    let (world, prs) = with_fault(fault).await;
    world.poll().await;
    assert_eq!(published(&world, prs).await, [false, false, true]);
    let before = world.calls(Repo::Widgets);
    world.run_for(119).await;
    assert_eq!(world.calls(Repo::Widgets), before, "the paused link makes no call");
    world.run_for(1).await;
    assert_eq!(published(&world, prs).await, [true; 3]);
}

#[tokio::test]
async fn rate_limit_with_a_duration_is_obeyed() {
    let fault = FaultRequest { rate_limit_next: 1, retry_after_seconds: Some(33), ..FaultRequest::default() };
    let (world, prs) = with_fault(fault).await;
    world.poll().await;
    let before = world.calls(Repo::Widgets);
    world.run_for(32).await;
    assert_eq!(world.calls(Repo::Widgets), before, "the paused link makes no call");
    world.run_for(1).await;
    assert_eq!(published(&world, prs).await, [true; 3]);
}

#[tokio::test]
async fn refused_credential_is_tried_once_and_delays_no_other() {
    let (world, prs) = with_fault(status(401, 1)).await;
    let before = world.calls(Repo::Widgets);
    world.poll().await;
    assert_eq!(world.calls(Repo::Widgets) - before, 1, "the second pull request would fail in the same way");
    assert_eq!(published(&world, prs).await, [false, false, true]);
    world.run_for(5).await;
    assert_eq!(published(&world, prs).await, [true; 3]);
}

#[tokio::test]
async fn one_wrong_refusal_delays_a_poll_by_a_minute() {
    for code in [403, 404, 410] {
        let (world, prs) = with_fault(status(code, 1)).await;
        let summary = world.poll().await;
        assert_eq!((summary.polled, summary.refused, summary.failed), (2, 1, 0));
        assert_eq!(published(&world, prs).await, [false, true, true]);
        world.run_for(59).await;
        assert_eq!(published(&world, prs).await, [false, true, true]);
        world.run_for(1).await;
        assert_eq!(published(&world, prs).await, [true; 3], "no delivery came");
    }
}

#[tokio::test]
async fn edit_after_ten_wrong_refusals_in_its_window_is_published() {
    for code in [403, 404] {
        let world = World::start().await;
        let bob = world.bob();
        let pr = bob.opens("gear").await;
        let comment = bob.comments(pr, "first").await;
        world.run_for(30).await;
        world.fault(FaultRequest { only_for: Some("bot".to_owned()), ..status(code, 10) });
        world.run_for(500).await;
        bob.edits(pr, comment, "second").await;
        world.run_for(200).await;
        assert_eq!(world.events_after(pr, 2).await, ["3 pullrequest:comment_updated poll"]);
    }
}

#[tokio::test]
async fn lost_access_is_asked_for_seldom_and_everything_is_caught_up() {
    let (world, prs) = with_fault(status(403, 100_000)).await;
    let before = world.calls(Repo::Widgets);
    world.run_for(3 * 3_600).await;
    let calls = world.calls(Repo::Widgets) - before;
    assert!((40..=50).contains(&calls), "{calls} calls for two pull requests in 3 hours");
    assert_eq!(published(&world, prs).await, [false, false, true]);
    // Access is back. Nobody comments, so no delivery comes.
    world.end_faults().await;
    world.run_for(3_600).await;
    assert_eq!(published(&world, prs).await, [true; 3]);
}

#[tokio::test]
async fn hanging_link_delays_no_other_and_ends_with_the_run() {
    let overtime = jiff::SignedDuration::from_millis(200);
    let setup = Setup::default();
    let world = World::with(Setup { limits: PollerSettings { overtime, ..setup.limits }, ..setup }).await;
    let prs = with_unfound_edits(&world).await;
    world.fault(FaultRequest {
        hang_next_ms: Some(3_000),
        only_for: Some("bot".to_owned()),
        ..FaultRequest::default()
    });
    let begun = std::time::Instant::now();
    let summary = world.poll().await;
    assert!(begun.elapsed().as_secs() < 2, "{:?}", begun.elapsed());
    assert_eq!((summary.polled, summary.failed), (1, 1));
    assert_eq!(published(&world, prs).await, [false, false, true]);
    world.poll().await;
    assert_eq!(published(&world, prs).await, [true; 3], "their watches stayed due");
}

#[tokio::test]
async fn link_is_caught_up_when_its_credential_comes() {
    let world = World::start().await;
    world.set_link(Repo::Widgets, None);
    let prs = with_edits(&world).await;
    world.poll().await;
    assert_eq!(found(&world, prs).await, [false, false, true]);
    assert_eq!(world.calls(Repo::Widgets), 0);
    // Links are cached for five minutes. No delivery comes.
    world.set_link(Repo::Widgets, Some(json!({ "type": "bearer", "token": "bot-access-token" })));
    world.run_for(360).await;
    assert_eq!(found(&world, prs).await, [true; 3]);
}

#[tokio::test]
async fn deleted_link_is_caught_up_when_it_is_made_again() {
    let world = World::start().await;
    let prs = with_unfound_edits(&world).await;
    world.links.remove(&Repo::Widgets.link());
    world.advance(300);
    let summary = world.poll().await;
    assert_eq!((summary.refused, summary.failed), (2, 0));
    assert_eq!(published(&world, prs).await, [false, false, true]);
    world.set_link(Repo::Widgets, Some(json!({ "type": "bearer", "token": "bot-access-token" })));
    world.run_for(360).await;
    assert_eq!(published(&world, prs).await, [true; 3]);
}

#[tokio::test]
async fn unreadable_secrets_delay_a_link_and_lose_nothing() {
    let world = World::start().await;
    let prs = with_unfound_edits(&world).await;
    world.links.set(&Repo::Widgets.link(), "broken by hand");
    world.advance(300);
    let poller = world.another_poller();
    let summary = world.run(&poller, "one").await;
    assert_eq!(summary.failed, 1);
    assert_eq!(published(&world, prs).await, [false, false, true]);
    world.set_link(Repo::Widgets, Some(json!({ "type": "bearer", "token": "bot-access-token" })));
    // An unreadable document is not read again for half a minute.
    world.advance(30);
    world.run(&poller, "one").await;
    assert_eq!(published(&world, prs).await, [true; 3]);
}

#[tokio::test]
async fn failed_poll_after_another_one_is_a_failure() {
    let world = World::start().await;
    for branch in ["gear", "wheel"] {
        world.alice().opens(branch).await;
        world.advance(1);
    }
    world.advance(5);
    world.fault(FaultRequest {
        api_status_next: Some(StatusFault { status: 500, count: 1 }),
        only_under: Some("pullrequests/2".to_owned()),
        ..FaultRequest::default()
    });
    let summary = world.poll().await;
    assert_eq!((summary.polled, summary.failed), (1, 1));
}
