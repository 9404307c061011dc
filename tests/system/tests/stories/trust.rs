//! A genuine body under a false event key: it is published as untrusted, and concludes nothing.

use relay::Settings;
use simulator::Rules;
use system::log::text_of;
use system::mailbox::Letter;
use system::truth::check;
use system::{Pr, Setup, World};

/// Starts a world, and a pull request by Alice. Returns the webhook of its creation too.
async fn opened() -> (World, Pr, Letter) {
    opened_with(Rules::default()).await
}

async fn opened_with(rules: Rules) -> (World, Pr, Letter) {
    let world = World::with(Setup { rules, ..Setup::default() }).await;
    world.hold();
    let pr = world.alice().opens("gear").await;
    let letter = world.stop_holding().remove(0);
    world.deliver(std::slice::from_ref(&letter)).await;
    (world, pr, letter)
}

/// Delivers a body under a false key. Checks that an untrusted event is all that comes of it.
async fn replays(world: &World, pr: Pr, letter: &Letter, key: &str) {
    let (before, count) = (world.state(pr).await, world.log(pr).await.len());
    world.deliver(&[letter.under(key)]).await;
    let mut after = world.state(pr).await;
    let log = world.log(pr).await;
    assert_eq!(log.len(), count + 1, "{key}");
    let envelope = log[count].envelope(None).to_json();
    assert_eq!((&envelope["key"], &envelope["trusted"]), (&key.into(), &false.into()));
    for field in ["actor", "occurred_at", "changes", "counters"] {
        assert!(envelope[field].is_null(), "{key}: {field}");
    }
    (after.seen_in_sweep_at, after.reread_at) = (before.seen_in_sweep_at, before.reread_at);
    assert_eq!(after, before, "{key}: only a poll is planned");
    world.deliver(&[letter.under(key)]).await;
    assert_eq!(world.log(pr).await.len(), count + 1, "{key}: the same body is one event");
}

/// The untrusted events of a pull request.
async fn untrusted(world: &World, pr: Pr) -> Vec<u64> {
    let log = world.log(pr).await.into_iter().filter(|event| !event.trusted);
    log.map(|event| event.sequence).collect()
}

#[tokio::test]
async fn body_of_an_open_pull_request_is_no_merge() {
    for (lost, merge) in [(0, "4 pullrequest:fulfilled webhook"), (1, "4 pullrequest:fulfilled poll")] {
        let mut setup = Setup::default();
        setup.settings = Settings { sweep_seconds: 300, ..setup.settings };
        let world = World::with(setup).await;
        world.hold();
        let pr = world.alice().opens("gear").await;
        let letter = world.stop_holding().remove(0);
        world.deliver(std::slice::from_ref(&letter)).await;
        replays(&world, pr, &letter, "pullrequest:fulfilled").await;
        replays(&world, pr, &letter, "pullrequest:rejected").await;
        world.run_for(900).await;
        assert!(world.state(pr).await.is_open());
        world.lose_next(lost);
        world.bob().merges(pr).await;
        world.run_for(900).await;
        assert_eq!(world.events_after(pr, 3).await, [merge]);
        assert_eq!(untrusted(&world, pr).await, [2, 3]);
    }
}

#[tokio::test]
async fn body_of_a_comment_is_no_deletion() {
    let (world, pr, _) = opened().await;
    world.hold();
    let comment = world.bob().comments(pr, "first").await;
    let letter = world.stop_holding().remove(0);
    world.deliver(std::slice::from_ref(&letter)).await;
    replays(&world, pr, &letter, "pullrequest:comment_deleted").await;
    world.run_for(60).await;
    world.bob().edits(pr, comment, "second").await;
    world.run_for(900).await;
    assert_eq!(world.events_after(pr, 3).await, ["4 pullrequest:comment_updated poll"]);
    assert_eq!(text_of(&world.last_event(pr).await), "second");
    assert_eq!(untrusted(&world, pr).await, [3]);
}

#[tokio::test]
async fn resolved_body_is_no_reopening() {
    let rules = Rules { webhooks_show_resolutions: true, ..Rules::default() };
    let (world, pr, _) = opened_with(rules).await;
    let comment = world.bob().comments_inline(pr, "first").await;
    world.hold();
    world.alice().resolves(pr, comment).await;
    let letter = world.stop_holding().remove(0);
    world.deliver(std::slice::from_ref(&letter)).await;
    replays(&world, pr, &letter, "pullrequest:comment_reopened").await;
    world.run_for(900).await;
    assert_eq!(world.log(pr).await.len(), 4);
    assert!(world.state(pr).await.comments[&bitbucket::CommentId(comment)].resolution.is_some());
}

#[tokio::test]
async fn body_of_one_review_proves_no_other() {
    let keys = [
        "pullrequest:approved",
        "pullrequest:unapproved",
        "pullrequest:changes_request_created",
        "pullrequest:changes_request_removed",
    ];
    let (world, pr, opening) = opened().await;
    for (number, key) in keys.into_iter().enumerate() {
        world.hold();
        match number {
            0 => world.bob().approves(pr).await,
            1 => world.bob().unapproves(pr).await,
            2 => world.bob().requests_changes(pr).await,
            _ => world.bob().withdraws_changes_request(pr).await,
        }
        let letter = world.stop_holding().remove(0);
        assert_eq!(letter.key(), key);
        world.deliver(std::slice::from_ref(&letter)).await;
        for other in keys.into_iter().filter(|other| *other != key) {
            replays(&world, pr, &letter, other).await;
        }
    }
    for key in keys {
        replays(&world, pr, &opening, key).await;
    }
    world.run_for(900).await;
    assert_eq!(world.log(pr).await.len(), 1 + 4 * 4 + 4, "nothing is left to publish");
    assert_eq!(untrusted(&world, pr).await.len(), 3 * 4 + 4);
}

#[tokio::test]
async fn body_without_the_part_of_its_key_is_untrusted() {
    let (world, pr, opening) = opened().await;
    world.hold();
    world.bob().comments(pr, "first").await;
    let comment = world.stop_holding().remove(0);
    world.deliver(std::slice::from_ref(&comment)).await;
    for key in ["pullrequest:comment_created", "repo:push", "repo:commit_status_created", "issue:created"] {
        replays(&world, pr, &opening, key).await;
    }
    for key in ["pullrequest:created", "pullrequest:updated", "pullrequest:push", "pullrequest:approved"] {
        replays(&world, pr, &comment, key).await;
    }
}

#[tokio::test]
async fn poll_after_an_untrusted_report_finds_what_happened() {
    let (world, pr, _) = opened().await;
    world.hold();
    let comment = world.bob().comments(pr, "first").await;
    let letter = world.stop_holding().remove(0);
    world.deliver(std::slice::from_ref(&letter)).await;
    world.run_for(1_200).await;
    world.lose_next(1);
    world.bob().deletes(pr, comment).await;
    world.deliver(&[letter.under("pullrequest:comment_deleted")]).await;
    world.run_for(60).await;
    assert_eq!(
        world.events_after(pr, 2).await,
        ["3 pullrequest:comment_deleted webhook", "4 pullrequest:comment_deleted poll"]
    );
    assert_eq!(untrusted(&world, pr).await, [3]);
}

#[tokio::test]
async fn reports_of_true_acts_are_trusted() {
    let (world, pr, _) = opened().await;
    let comment = world.bob().comments_inline(pr, "first").await;
    world.bob().resolves(pr, comment).await;
    world.bob().reopens(pr, comment).await;
    world.bob().approves(pr).await;
    world.bob().unapproves(pr).await;
    world.bob().requests_changes(pr).await;
    world.bob().withdraws_changes_request(pr).await;
    world.alice().retitles(pr, "gears").await;
    world.advance(700);
    world.bob().edits(pr, comment, "second").await;
    world.bob().deletes(pr, comment).await;
    let other = world.alice().opens("wheel").await;
    world.alice().declines(other).await;
    world.alice().merges(pr).await;
    world.run_for(900).await;
    assert_eq!(world.log(pr).await.len(), 12);
    for pr in [pr, other] {
        assert_eq!(untrusted(&world, pr).await, [0; 0]);
        check(&world, pr).await.unwrap();
    }
}
