//! Long listings, and pull requests that are older than their first read.

use jiff::SignedDuration;
use system::truth::check;
use system::{Pr, Repo, Setup, World};

#[tokio::test]
async fn comments_that_cannot_be_sorted_are_listed_all_the_same() {
    let mut setup = Setup::default();
    setup.rules.comments_sort_by_time = false;
    let world = World::with(setup).await;
    let pr = world.alice().opens("gear").await;
    let comment = world.bob().comments(pr, "first").await;
    world.run_for(40).await;
    world.bob().edits(pr, comment, "second").await;
    let calls = world.calls(Repo::Widgets);
    world.run_for(700).await;
    assert_eq!(world.events_after(pr, 2).await, ["3 pullrequest:comment_updated poll"]);
    let calls = world.calls(Repo::Widgets) - calls;
    assert!(calls < 30, "{calls} calls: one refusal is remembered");
}

#[tokio::test]
async fn older_comments_of_a_new_pull_request_are_not_published() {
    let world = World::with(Setup { hooked: false, ..Setup::default() }).await;
    let pr = world.alice().opens("gear").await;
    let comment = world.bob().comments(pr, "old").await;
    let thread = world.bob().comments_inline(pr, "old and resolved").await;
    world.alice().resolves(pr, thread).await;
    let gone = world.bob().comments(pr, "old and gone").await;
    world.alice().replies(pr, gone, "a reply").await;
    world.bob().deletes(pr, gone).await;
    let task = world.bob().adds_task(pr, "old").await;
    world.bob().resolves_task(pr, task).await;
    world.advance(7_200);
    world.hook(Repo::Widgets).await;
    world.alice().approves(pr).await;
    world.run_for(60).await;
    assert_eq!(world.events(pr).await, ["1 pullrequest:approved webhook"]);
    let state = world.state(pr).await;
    assert_eq!((state.comments.len(), state.tasks.len()), (4, 1), "the state has all of them");

    world.bob().edits(pr, comment, "new").await;
    world.bob().reopens_task(pr, task).await;
    world.alice().reopens(pr, thread).await;
    world.run_for(60).await;
    assert_eq!(
        world.events_after(pr, 1).await,
        [
            "2 pullrequest:comment_updated webhook",
            "3 pullrequest:comment_reopened webhook",
            "4 pullrequest:task_reopened poll",
        ]
    );
}

#[tokio::test]
async fn recent_comments_of_a_new_pull_request_are_published() {
    let world = World::with(Setup { hooked: false, ..Setup::default() }).await;
    let pr = world.alice().opens("gear").await;
    world.advance(7_200);
    let comment = world.bob().comments(pr, "young").await;
    world.bob().adds_task(pr, "young").await;
    world.advance(300);
    world.hook(Repo::Widgets).await;
    world.alice().approves(pr).await;
    world.run_for(60).await;
    assert_eq!(
        world.events(pr).await,
        [
            "1 pullrequest:approved webhook",
            "2 pullrequest:comment_created poll",
            "3 pullrequest:task_created poll",
        ]
    );
    world.bob().edits(pr, comment, "young, edited").await;
    world.run_for(900).await;
    assert_eq!(world.events_after(pr, 3).await, ["4 pullrequest:comment_updated poll"]);
}

#[tokio::test]
async fn old_comment_edited_before_first_read_is_an_edit() {
    let world = World::with(Setup { hooked: false, ..Setup::default() }).await;
    let pr = world.alice().opens("gear").await;
    let comment = world.bob().comments(pr, "old").await;
    world.advance(7_200);
    world.hook(Repo::Widgets).await;
    world.alice().approves(pr).await;
    world.lose_next(1);
    world.bob().edits(pr, comment, "edited").await;
    world.run_for(60).await;
    assert_eq!(
        world.events(pr).await,
        ["1 pullrequest:approved webhook", "2 pullrequest:comment_updated poll"]
    );
}

async fn with_comments(world: &World, count: usize) -> (Pr, Vec<u64>) {
    let pr = world.alice().opens("gear").await;
    let mut comments = Vec::new();
    for number in 0..count {
        comments.push(world.bob().comments(pr, &format!("comment {number}")).await);
    }
    (pr, comments)
}

#[tokio::test]
async fn edits_on_every_page_of_a_long_listing_are_found() {
    let world = World::start().await;
    let (pr, comments) = with_comments(&world, 250).await;
    world.run_for(60).await;
    for index in [0, 99, 100, 101, 199, 200, 249] {
        world.bob().edits(pr, comments[index], &format!("edit {index}")).await;
    }
    world.run_for(60).await;
    assert_eq!(world.log(pr).await.len(), 251 + 7);
    check(&world, pr).await.unwrap();
}

#[tokio::test]
async fn deletions_on_every_page_of_a_long_listing_are_found() {
    let world = World::start().await;
    let (pr, comments) = with_comments(&world, 250).await;
    world.run_for(60).await;
    world.lose_next(7);
    for index in [0, 99, 100, 101, 199, 200, 249] {
        world.bob().deletes(pr, comments[index]).await;
    }
    world.run_for(60).await;
    assert_eq!(world.log(pr).await.len(), 251 + 7);
    check(&world, pr).await.unwrap();
}

#[tokio::test]
async fn more_events_than_one_transaction_holds_are_published() {
    let world = World::start().await;
    let pr = world.alice().opens("gear").await;
    world.lose_next(70);
    for number in 0..70 {
        let comment = world.bob().comments_inline(pr, &format!("comment {number}")).await;
        if number >= 60 {
            world.lose_next(1);
            world.alice().resolves(pr, comment).await;
        }
        let task = world.bob().adds_task(pr, &format!("task {number}")).await;
        world.bob().resolves_task(pr, task).await;
    }
    world.run_for(60).await;
    check(&world, pr).await.unwrap();
    let calls = world.calls(Repo::Widgets);
    assert!(calls <= 14, "{calls} calls: events of a later transaction need no second read");
}

#[tokio::test]
async fn changes_beyond_the_calls_of_one_sweep_are_found() {
    // Five calls list 250 pull requests. The longest listing, 1,000 of them, is cut in the same way.
    let mut setup = Setup { hooked: false, ..Setup::default() };
    setup.settings = relay::Settings { sweep_seconds: 300, ..setup.settings };
    setup.limits = poller::PollerSettings { max_calls_per_run: 5, ..setup.limits };
    let world = World::with(setup).await;
    let mut prs = Vec::new();
    for number in 0..260 {
        prs.push(world.alice().opens(&format!("branch-{number}")).await);
    }
    world.name_targets(Repo::Widgets, &["acme/widgets"]);
    world.hook(Repo::Widgets).await;
    world.bob().approves(prs[100]).await;
    let runs = async |count: u64| {
        for _ in 0..count {
            world.advance(60);
            world.poll().await;
        }
    };
    runs(30).await;
    world.lose_next(u32::MAX);
    let [oldest, newest, merged] = [prs[0], prs[259], prs[1]];
    for pr in [oldest, newest] {
        world.bob().approves(pr).await;
    }
    world.alice().merges(merged).await;
    runs(30).await;
    for pr in [oldest, newest] {
        assert_eq!(world.events(pr).await, ["1 pullrequest:approved poll"], "{pr:?}");
    }
    assert_eq!(world.events(merged).await, ["1 pullrequest:fulfilled poll"]);
}

/// A setup in which a poll may take a minute of real time, for long listings on a slow machine.
fn patient() -> Setup {
    let mut setup = Setup::default();
    setup.limits.overtime = SignedDuration::from_secs(60);
    setup
}

/// A text that nothing compresses much.
fn noise(bytes: usize, seed: u64) -> String {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        char::from(b'a' + u8::try_from(state % 26).unwrap())
    };
    (0..bytes).map(|_| next()).collect()
}

#[tokio::test]
async fn page_over_ten_mebibytes_is_read_in_smaller_pages() {
    let world = World::with(patient()).await;
    let pr = world.alice().opens("gear").await;
    let small = world.bob().comments(pr, "small").await;
    let mut large = Vec::new();
    for number in 0..6 {
        // Bitbucket repeats each text as HTML, and sends no webhook of that size.
        large.push(world.bob().comments(pr, &noise(900 * 1024, number)).await);
    }
    world.advance(60);
    world.poll().await;
    assert_eq!(world.log(pr).await.len(), 2 + 6);
    world.bob().edits(pr, small, "small, edited").await;
    world.bob().edits(pr, large[5], &noise(900 * 1024, 77)).await;
    world.advance(60);
    world.poll().await;
    assert_eq!(
        world.events_after(pr, 8).await,
        ["9 pullrequest:comment_updated poll", "10 pullrequest:comment_updated poll"]
    );
}

#[tokio::test]
async fn deletions_are_found_with_over_two_thousand_comments() {
    let world = World::with(Setup { hooked: false, ..patient() }).await;
    let (pr, _) = with_comments(&world, 2_010).await;
    world.advance(1);
    let newest = world.bob().comments(pr, "newest").await;
    let task = world.bob().adds_task(pr, "old").await;
    world.advance(7_200);
    world.hook(Repo::Widgets).await;
    world.alice().approves(pr).await;
    world.run_for(5).await;
    assert_eq!(world.events(pr).await, ["1 pullrequest:approved webhook"]);

    world.lose_next(1);
    world.bob().deletes(pr, newest).await;
    world.bob().deletes_task(pr, task).await;
    world.alice().unapproves(pr).await;
    world.run_for(60).await;
    assert_eq!(
        world.events_after(pr, 1).await,
        [
            "2 pullrequest:unapproved webhook",
            "3 pullrequest:comment_deleted poll",
            "4 pullrequest:task_deleted poll",
        ]
    );
    let calls = world.calls(Repo::Widgets);
    world.run_for(300).await;
    assert_eq!(world.calls(Repo::Widgets), calls, "nothing is due");
}

#[tokio::test]
async fn state_at_its_limit_loses_no_event_and_is_polled_as_usual() {
    let mut setup = Setup::default();
    setup.settings.max_state_weight = 20_000;
    let world = World::with(setup).await;
    let (pr, comments) = with_comments(&world, 300).await;
    world.run_for(700).await;
    assert_eq!(world.log(pr).await.len(), 301);
    assert!(world.state(pr).await.let_go.is_some());
    let calls = world.calls(Repo::Widgets);
    world.run_for(300).await;
    assert_eq!(world.calls(Repo::Widgets), calls, "nothing is due");

    world.lose_next(2);
    world.bob().edits(pr, comments[0], "edited").await;
    let new = world.bob().comments(pr, "new").await;
    world.bob().edits(pr, new, "new, edited").await;
    world.bob().comments(pr, "another").await;
    world.run_for(700).await;
    assert_eq!(
        world.events_after(pr, 301).await,
        [
            "302 pullrequest:comment_created webhook",
            "303 pullrequest:comment_updated poll",
            "304 pullrequest:comment_created poll",
        ]
    );
}
