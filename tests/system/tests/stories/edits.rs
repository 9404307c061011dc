//! G3: no edit is lost.

use simulator::Rules;
use system::world::{actor_of, text_of};
use system::{Pr, Setup, World};

const CREATED: [&str; 2] = ["1 pullrequest:created webhook", "2 pullrequest:comment_created webhook"];

/// A pull request of Alice's with a comment of Bob's.
async fn with_comment(world: &World) -> (Pr, u64) {
    let pr = world.alice().opens("gear").await;
    let comment = world.bob().comments(pr, "first").await;
    (pr, comment)
}

async fn news(world: &World, pr: Pr) -> Vec<String> {
    let events = world.events(pr).await;
    assert_eq!(events[..2], CREATED);
    events[2..].to_vec()
}

#[tokio::test]
async fn an_edit_inside_the_window_becomes_one_event_by_polling() {
    let world = World::start().await;
    let (pr, comment) = with_comment(&world).await;
    world.run_for(60).await;
    world.bob().edits(pr, comment, "second").await;
    assert_eq!(news(&world, pr).await, [""; 0], "Bitbucket says nothing");
    world.run_for(900).await;
    assert_eq!(news(&world, pr).await, ["3 pullrequest:comment_updated poll"]);
    let event = world.last_event(pr).await;
    assert_eq!((text_of(&event).as_str(), actor_of(&event).as_deref()), ("second", Some("bob")));
    let envelope = event.envelope(None);
    assert_eq!(envelope["payload"]["pullrequest"]["title"], "gear");
    assert_eq!(envelope["subject"]["repository"]["full_name"], "acme/widgets");
}
