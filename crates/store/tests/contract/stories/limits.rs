//! Pull requests that are larger than an item or a transaction of the table.

use bitbucket::payload::Document;
use jiff::SignedDuration;
use relay::observation::{Listing, Observation, PullRequestObservation, PullRequestPoll};
use relay::{Event, Reason};
use serde_json::{Value, json};
use store::{Error, Recorded, Table};

use crate::world::{Delivery, World, comment, noise, poll, time};

/// A comment or a task that is old when bitrelay first sees the pull request. Its id, time and text repeat no other's.
fn old_item(number: u64) -> Value {
    let random = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 24;
    let changed_at = time(-100_000) - SignedDuration::from_micros(i64::try_from(random).unwrap());
    let mut item = comment(number * 10_000 + random % 10_000, &format!("text {number}"), 0);
    item["created_on"] = json!(changed_at);
    item["updated_on"] = json!(changed_at);
    item
}

fn old_items(count: u64) -> Vec<Value> {
    (1..=count).map(old_item).collect()
}

fn events(recorded: Recorded) -> Vec<Event> {
    match recorded {
        Recorded::Stored { events, .. } => events,
        Recorded::Known => panic!("known"),
    }
}

pub(crate) async fn events_flow_with_ten_thousand_comments<T: Table>(world: World<T>) {
    world.deliver(&Delivery::comment(1)).await.unwrap();
    world.clock.advance_seconds(100);
    let mut shown = old_items(10_000);
    shown.push(comment(1, "first", 0));
    assert_eq!(events(world.poll(&shown).await.unwrap()), []);

    for id in [900_000_001, 900_000_002] {
        assert_eq!(events(world.deliver(&Delivery::comment(id)).await.unwrap()).len(), 1);
        shown.push(comment(id, "first", 0));
    }
    world.clock.advance_seconds(100);
    shown.push(comment(900_000_003, "found", 120));
    world.clock.advance_seconds(100);
    let found = events(world.poll(&shown).await.unwrap());
    assert_eq!(
        found.iter().map(|event| event.key.as_str()).collect::<Vec<_>>(),
        ["pullrequest:comment_created"]
    );
    let watch = world.state().await.watch.unwrap();
    assert!(watch.due_at > world.now() && watch.reason != Reason::Recheck, "the ordinary watch: {watch:?}");
}

pub(crate) async fn events_flow_with_fourteen_thousand_tasks<T: Table>(world: World<T>) {
    world.deliver(&Delivery::comment(1)).await.unwrap();
    world.clock.advance_seconds(100);
    let poll_of_tasks = async |tasks: &[Value]| {
        let known = world.state().await;
        let observation = Observation::PullRequest(PullRequestObservation::Poll(PullRequestPoll {
            tasks: Some(Listing::new(tasks.iter().cloned().map(Document::new).collect(), true)),
            ..poll_of(&known, &world)
        }));
        events(world.observe(&observation, None, Some(known)).await.unwrap())
    };
    let mut tasks = old_items(14_000);
    assert_eq!(poll_of_tasks(&tasks).await, []);
    world.clock.advance_seconds(100);
    tasks.push(comment(900_000_000, "new", 150));
    let found = poll_of_tasks(&tasks).await;
    assert_eq!(
        found.iter().map(|event| event.key.as_str()).collect::<Vec<_>>(),
        ["pullrequest:task_created"]
    );
}

fn poll_of<T: Table>(known: &relay::SubjectState, world: &World<T>) -> PullRequestPoll {
    let Observation::PullRequest(PullRequestObservation::Poll(read)) =
        poll(known.version, world.now(), &[comment(1, "first", 0)])
    else {
        unreachable!("a poll")
    };
    read
}

pub(crate) async fn replays_under_long_hook_ids_are_stored<T: Table>(world: World<T>) {
    let mut push = Delivery::comment(1);
    push.key = "pullrequest:push";
    push.body = json!({
        "actor": {}, "repository": { "uuid": "{0a1b}" }, "pullrequest": { "id": 7, "updated_on": time(0) },
    })
    .to_string()
    .into_bytes();
    world.deliver(&push).await.unwrap();
    let hooks = text(60 * 8_000);
    for hook in hooks.as_bytes().chunks(8_000) {
        let hook = std::str::from_utf8(hook).unwrap();
        world.deliver(&push.clone().by_hook(hook).under_request(&hook[..99])).await.unwrap();
    }
    assert_eq!(events(world.deliver(&push.under_request("another push")).await.unwrap()).len(), 1);
}

/// True if a poll is stored. False if a slow machine did not store all of its parts in time: those that are stored stay
/// so, and the poll is made again.
fn is_stored(recorded: Result<Recorded, Error>) -> bool {
    match recorded {
        Err(Error::TooSlow { .. }) => false,
        recorded => recorded.map(|_| true).unwrap(),
    }
}

/// A text of this length that nothing compresses.
fn text(bytes: usize) -> String {
    noise(bytes).into_iter().map(|byte| char::from(b' ' + byte % 94)).collect()
}

pub(crate) async fn seventeen_large_comments_are_stored_in_parts<T: Table>(world: World<T>) {
    world.deliver(&Delivery::comment(1)).await.unwrap();
    world.clock.advance_seconds(120);
    let mut shown = vec![comment(1, "first", 0)];
    let large = text(200 * 1024);
    shown.extend((2..=18).map(|id| {
        let mut comment = comment(id, &format!("{id} {large}"), 0);
        comment["content"]["html"] = json!(format!("<p>{id} {large}</p>"));
        comment
    }));
    for _ in 0..2 {
        for _ in 0..20 {
            if is_stored(world.poll(&shown).await) {
                break;
            }
        }
        assert_eq!(world.keys().await.len(), 18);
    }
}

pub(crate) async fn comment_of_over_a_mebibyte_is_stored_with_a_note<T: Table>(world: World<T>) {
    world.deliver(&Delivery::comment(1)).await.unwrap();
    world.clock.advance_seconds(120);
    let huge = text(1_100 * 1024);
    let mut large = comment(2, &huge, 0);
    large["content"]["html"] = json!(format!("<p>{huge}</p>"));
    let found = events(world.poll(&[comment(1, "first", 0), large]).await.unwrap());
    let payload: Value = serde_json::from_slice(&found[0].payload).unwrap();
    assert_eq!(payload["cut"]["fields"], json!(["comment.content.html", "comment.content.raw"]));
    assert_eq!(world.log().await.len(), 2);
}

pub(crate) async fn five_hundred_reviews_are_stored_in_parts<T: Table>(world: World<T>) {
    world.deliver(&Delivery::comment(1)).await.unwrap();
    world.clock.advance_seconds(120);
    let participant = |number: u64| {
        let user =
            json!({ "uuid": format!("{{{number:032x}}}"), "display_name": format!("reviewer {number}") });
        json!({ "user": user, "approved": true, "state": "approved", "participated_on": time(60) })
    };
    let participants: Vec<_> = (0..500).map(participant).collect();
    let shown = json!({ "id": 7, "title": "Widgets", "updated_on": time(60), "participants": participants });
    let poll = async || {
        let known = world.state().await;
        let observation = Observation::PullRequest(PullRequestObservation::Poll(PullRequestPoll {
            pull_request: Some(Document::new(shown.clone())),
            ..poll_of(&known, &world)
        }));
        world.observe(&observation, None, Some(known)).await
    };
    assert!(is_stored(poll().await));
    assert_eq!(world.keys().await.len(), 1, "their webhooks may still come");
    world.clock.advance_seconds(30);
    for _ in 0..20 {
        if is_stored(poll().await) {
            break;
        }
    }
    assert_eq!(world.keys().await.len(), 501);
}
