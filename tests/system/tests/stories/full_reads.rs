//! G9: full reads find the changes that no webhook reported and no sweep shows.

use relay::{Reason, Settings};
use system::{Pr, Setup, World};

const HOUR: u64 = 3_600;

/// Starts a world with sweeps every five minutes and full reads every four hours.
async fn with_full_reads() -> World {
    let mut setup = Setup::default();
    let full_read_seconds = 14_400;
    setup.settings = Settings { sweep_seconds: 300, full_read_seconds, ..setup.settings };
    World::with(setup).await
}

/// Opens a pull request with an open thread, and lets its windows and its tail pass.
async fn quiet(world: &World) -> (Pr, u64) {
    let pr = world.alice().opens("gear").await;
    let comment = world.bob().comments_inline(pr, "first").await;
    world.run_for(30 * HOUR).await;
    (pr, comment)
}

#[tokio::test]
async fn lost_edit_of_an_old_comment_is_found_by_a_full_read() {
    let world = with_full_reads().await;
    let (pr, comment) = quiet(&world).await;
    world.lose_next(1);
    world.bob().edits(pr, comment, "second").await;
    world.run_for(4 * HOUR + 60).await;
    assert_eq!(world.events_after(pr, 2).await, ["3 pullrequest:comment_updated poll"]);
}

#[tokio::test]
async fn lost_resolution_of_an_old_thread_is_found_by_a_full_read() {
    let world = with_full_reads().await;
    let (pr, comment) = quiet(&world).await;
    world.lose_next(1);
    world.alice().resolves(pr, comment).await;
    world.run_for(4 * HOUR + 60).await;
    assert_eq!(world.events_after(pr, 2).await, ["3 pullrequest:comment_resolved poll"]);
}

#[tokio::test]
async fn full_reads_end_with_the_pull_request() {
    let world = with_full_reads().await;
    let (pr, _) = quiet(&world).await;
    assert_eq!(world.subject_state(pr).await.watch.map(|watch| watch.reason), Some(Reason::FullRead));
    world.alice().merges(pr).await;
    world.run_for(30 * HOUR).await;
    assert_eq!(world.subject_state(pr).await.watch, None);
}
