//! G3: no edit is lost.

use relay::Settings;
use simulator::Rules;
use system::log::{actor_of, text_of};
use system::{Pr, Setup, World};

/// Opens a pull request as Alice, with a comment by Bob.
async fn with_comment(world: &World) -> (Pr, u64) {
    let pr = world.alice().opens("gear").await;
    let comment = world.bob().comments(pr, "first").await;
    (pr, comment)
}

/// The events after the creation of those two.
async fn later_events(world: &World, pr: Pr) -> Vec<String> {
    let events = world.events(pr).await;
    assert_eq!(events[..2], ["1 pullrequest:created webhook", "2 pullrequest:comment_created webhook"]);
    events[2..].to_vec()
}

async fn texts_of_edits(world: &World, pr: Pr) -> Vec<String> {
    let log = world.log(pr).await;
    log.iter().filter(|event| event.key.as_str().ends_with("comment_updated")).map(text_of).collect()
}

#[tokio::test]
async fn edit_inside_the_window_is_published_once_by_polling() {
    let world = World::start().await;
    let (pr, comment) = with_comment(&world).await;
    world.run_for(60).await;
    world.bob().edits(pr, comment, "second").await;
    assert_eq!(later_events(&world, pr).await, [""; 0], "Bitbucket sends no webhook");
    world.run_for(900).await;
    assert_eq!(later_events(&world, pr).await, ["3 pullrequest:comment_updated poll"]);
}

#[tokio::test]
async fn polled_event_has_the_form_of_a_webhook_event() {
    let world = World::start().await;
    let (pr, comment) = with_comment(&world).await;
    world.run_for(60).await;
    world.bob().edits(pr, comment, "second").await;
    let edited_at = world.now();
    world.run_for(60).await;
    let event = world.last_event(pr).await;
    assert_eq!((text_of(&event).as_str(), actor_of(&event).as_deref()), ("second", Some("bob")));
    assert_eq!(event.occurred_at, Some(edited_at));
    let envelope = event.envelope(None).to_json();
    assert_eq!(envelope["payload"]["pullrequest"]["title"], "gear");
    assert_eq!(envelope["payload"]["repository"]["full_name"], "acme/widgets");
    assert_eq!(envelope["subject"]["repository"]["full_name"], "acme/widgets");
}

#[tokio::test]
async fn edit_in_open_window_is_published_within_one_interval() {
    let settings = Settings { poll_interval_seconds: 15, ..Settings::default() };
    let world = World::with(Setup { settings, ..Setup::default() }).await;
    let (pr, comment) = with_comment(&world).await;
    world.run_for(300).await;
    world.bob().edits(pr, comment, "second").await;
    world.run_for(15).await;
    assert_eq!(later_events(&world, pr).await, ["3 pullrequest:comment_updated poll"]);
}

#[tokio::test]
async fn edit_after_the_window_is_published_by_webhook_only() {
    let world = World::start().await;
    let (pr, comment) = with_comment(&world).await;
    world.run_for(700).await;
    world.bob().edits(pr, comment, "second").await;
    assert_eq!(later_events(&world, pr).await, ["3 pullrequest:comment_updated webhook"]);
    world.run_for(900).await;
    assert_eq!(later_events(&world, pr).await, ["3 pullrequest:comment_updated webhook"]);
}

#[tokio::test]
async fn edits_around_the_windows_end_are_each_published_once() {
    for (seconds, source) in [(599, "poll"), (600, "webhook"), (601, "webhook")] {
        let world = World::start().await;
        let (pr, comment) = with_comment(&world).await;
        world.run_for(seconds).await;
        world.bob().edits(pr, comment, "second").await;
        world.run_for(900).await;
        assert_eq!(
            later_events(&world, pr).await,
            [format!("3 pullrequest:comment_updated {source}")],
            "{seconds}"
        );
    }
}

#[tokio::test]
async fn each_edit_restarts_the_window() {
    let world = World::start().await;
    let (pr, comment) = with_comment(&world).await;
    for round in 1..=3 {
        world.run_for(590).await;
        world.bob().edits(pr, comment, &format!("edit {round}")).await;
    }
    world.run_for(900).await;
    assert_eq!(texts_of_edits(&world, pr).await, ["edit 1", "edit 2", "edit 3"]);
    assert!(world.subject_state(pr).await.watch.is_none(), "no watch remains");
}

#[tokio::test]
async fn a_reported_edit_opens_a_window_too() {
    let world = World::start().await;
    let (pr, comment) = with_comment(&world).await;
    world.run_for(700).await;
    world.bob().edits(pr, comment, "reported").await;
    world.run_for(599).await;
    world.bob().edits(pr, comment, "silent").await;
    world.run_for(900).await;
    assert_eq!(
        later_events(&world, pr).await,
        ["3 pullrequest:comment_updated webhook", "4 pullrequest:comment_updated poll"]
    );
}

#[tokio::test]
async fn edits_of_replies_and_inline_comments_are_published() {
    let world = World::start().await;
    let (pr, comment) = with_comment(&world).await;
    let inline = world.alice().comments_inline(pr, "inline").await;
    let reply = world.alice().replies(pr, comment, "reply").await;
    world.run_for(60).await;
    world.alice().edits(pr, inline, "inline, edited").await;
    world.advance(1);
    world.alice().edits(pr, reply, "reply, edited").await;
    world.run_for(900).await;
    assert_eq!(texts_of_edits(&world, pr).await, ["inline, edited", "reply, edited"]);
}

#[tokio::test]
async fn edit_that_leaves_the_comments_time_is_published() {
    let rules = Rules { silent_edit_moves_updated_on: false, ..Rules::default() };
    let world = World::with(Setup { rules, ..Setup::default() }).await;
    let (pr, comment) = with_comment(&world).await;
    for (text, wait) in [("second", 60), ("third", 60), ("second", 400), ("fourth", 599)] {
        world.run_for(wait).await;
        world.bob().edits(pr, comment, text).await;
    }
    world.run_for(900).await;
    assert_eq!(texts_of_edits(&world, pr).await, ["second", "third", "second", "fourth"]);
}

#[tokio::test]
async fn edits_between_two_polls_are_one_event_with_the_last_text() {
    let world = World::start().await;
    let (pr, comment) = with_comment(&world).await;
    world.run_for(60).await;
    for text in ["second", "third", "fourth"] {
        world.bob().edits(pr, comment, text).await;
        world.advance(1);
    }
    world.run_for(900).await;
    assert_eq!(texts_of_edits(&world, pr).await, ["fourth"]);
}

#[tokio::test]
async fn edit_undone_before_the_next_poll_only_opens_a_window() {
    let world = World::start().await;
    let (pr, comment) = with_comment(&world).await;
    world.run_for(590).await;
    world.bob().edits(pr, comment, "second").await;
    world.advance(1);
    world.bob().edits(pr, comment, "first").await;
    world.run_for(599).await;
    assert_eq!(later_events(&world, pr).await, [""; 0]);
    world.bob().edits(pr, comment, "third").await;
    world.run_for(900).await;
    assert_eq!(texts_of_edits(&world, pr).await, ["third"]);
}

#[tokio::test]
async fn an_edit_and_its_undoing_with_a_poll_between_are_two_events() {
    let world = World::start().await;
    let (pr, comment) = with_comment(&world).await;
    for text in ["second", "first"] {
        world.run_for(60).await;
        world.bob().edits(pr, comment, text).await;
    }
    world.run_for(900).await;
    assert_eq!(texts_of_edits(&world, pr).await, ["second", "first"]);
}

#[tokio::test]
async fn window_that_ends_during_an_outage_is_checked_late() {
    let world = World::start().await;
    let (pr, comment) = with_comment(&world).await;
    world.run_for(30).await;
    world.advance(560);
    world.bob().edits(pr, comment, "second").await;
    world.advance(86_400);
    world.run_for(1).await;
    assert_eq!(later_events(&world, pr).await, ["3 pullrequest:comment_updated poll"]);
    assert!(world.subject_state(pr).await.watch.is_none());
}

#[tokio::test]
async fn a_merged_pull_request_is_watched_until_its_windows_end() {
    let world = World::start().await;
    let (pr, comment) = with_comment(&world).await;
    world.run_for(60).await;
    world.alice().merges(pr).await;
    world.run_for(500).await;
    world.bob().edits(pr, comment, "second").await;
    world.run_for(900).await;
    assert_eq!(
        later_events(&world, pr).await,
        ["3 pullrequest:fulfilled webhook", "4 pullrequest:comment_updated poll"]
    );
    assert!(world.subject_state(pr).await.watch.is_none());
}

#[tokio::test]
async fn a_reported_edit_that_a_poll_saw_first_is_one_event() {
    let world = World::start().await;
    let (pr, comment) = with_comment(&world).await;
    world.run_for(655).await;
    world.hold();
    world.bob().edits(pr, comment, "second").await;
    world.run_for(60).await;
    world.release().await;
    world.run_for(900).await;
    assert_eq!(later_events(&world, pr).await, ["3 pullrequest:comment_updated poll"]);
}

#[tokio::test]
async fn late_report_of_an_older_edit_keeps_the_newer_text() {
    let world = World::start().await;
    let (pr, comment) = with_comment(&world).await;
    world.run_for(650).await;
    world.hold();
    world.bob().edits(pr, comment, "reported, but late").await;
    world.advance(5);
    world.bob().edits(pr, comment, "silent").await;
    world.run_for(60).await;
    world.release().await;
    world.run_for(900).await;
    assert_eq!(texts_of_edits(&world, pr).await, ["silent", "reported, but late"]);
    let (comments, _) = system::truth::stored_items(&world.state(pr).await);
    assert_eq!(comments, system::truth::Truth::of(&world, pr).await.comments);
}

#[tokio::test]
async fn late_edit_with_lost_webhook_is_found_by_the_tail() {
    let world = World::with(Setup {
        settings: Settings { tail_seconds: [1_800, 0, 0], ..Setup::default().settings },
        ..Setup::default()
    })
    .await;
    let (pr, comment) = with_comment(&world).await;
    world.run_for(900).await;
    world.lose_next(1);
    world.bob().edits(pr, comment, "reported, and lost on the way").await;
    world.run_for(600).await;
    assert!(later_events(&world, pr).await.is_empty(), "the window is closed, and no webhook came");
    world.run_for(1_000).await;
    assert_eq!(later_events(&world, pr).await, ["3 pullrequest:comment_updated poll"]);
}
