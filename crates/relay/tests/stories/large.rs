//! Large texts, and listings that are too long to be read to their end.

use relay::Report;
use relay::observation::{LookedUp, PullRequestPoll};
use serde_json::{Value, json};

use crate::world::{World, a_polled_pull_request, hash};

const NOTHING: [&str; 0] = [];

const MIB: usize = 1024 * 1024;

/// A text of this length that nothing compresses.
fn noise(bytes: usize) -> String {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        char::from(b' ' + u8::try_from(state % 94).unwrap())
    };
    (0..bytes).map(|_| next()).collect()
}

#[test]
fn many_large_comments_are_published_in_parts() {
    let mut world = a_polled_pull_request();
    for id in 1..=17 {
        world.writes(id, &noise(200 * 1024));
    }
    // `World` checks the bytes of each part.
    assert_eq!(world.waits(60).polls(), ["pullrequest:comment_created"; 17]);
    let payload = world.last_payload();
    assert_eq!(payload["comment"]["content"]["raw"], noise(200 * 1024), "such a text is not cut");
    assert_eq!(payload.get("cut"), None);
    assert_eq!(world.waits(60).polls(), NOTHING);
}

/// Writes a comment of 1.1 MiB, which Bitbucket renders too.
fn a_huge_comment() -> (World, String) {
    let mut world = a_polled_pull_request();
    let text = noise(MIB + MIB / 10);
    world.writes(1, &text);
    world.comment(1)["content"]["html"] = json!(format!("<p>{text}</p>"));
    world.comment(1)["links"] = json!({ "self": { "href": "https://api.bitbucket.org/2.0/comments/1" } });
    (world, text)
}

#[test]
fn huge_text_is_cut_with_a_note_where_the_whole_is() {
    let (mut world, text) = a_huge_comment();
    let whole = world.comment_shown(1).to_string().len();
    assert_eq!(world.waits(60).polls(), ["pullrequest:comment_created"]);
    assert!(world.last().payload.len() <= 256 * 1024);
    let payload = world.last_payload();
    let kept = payload["comment"]["content"]["raw"].as_str().unwrap();
    assert!(text.starts_with(kept) && kept.len() > 200 * 1024, "{}", kept.len());
    assert_eq!(
        payload["cut"],
        json!({
            "fields": ["comment.content.html", "comment.content.raw"],
            "bytes": whole,
            "whole": "https://api.bitbucket.org/2.0/comments/1",
        })
    );
    assert_eq!(payload["comment"]["id"], 1);
    assert_eq!(world.waits(60).polls(), NOTHING);
}

#[test]
fn note_of_a_cut_has_room_for_a_long_link() {
    let (mut world, _) = a_huge_comment();
    for bytes in [900, 1_800, 2_000] {
        let href = format!("https://api.bitbucket.org/{}", "2".repeat(bytes));
        world.comment(1)["links"] = json!({ "self": { "href": href } });
        world.waits(60).edits(1, &noise(MIB + MIB / 10 + bytes)).polls();
        assert!(world.last().payload.len() <= 256 * 1024, "{}", world.last().payload.len());
    }
}

#[test]
fn edit_at_the_end_of_a_huge_text_is_found() {
    let (mut world, text) = a_huge_comment();
    world.waits(60).polls();
    assert_eq!(
        world.comment_state(1).standing().unwrap().hash,
        Some(hash(&text)),
        "the hash of the whole text"
    );
    world.edits_without_moving_its_time(1, &format!("{text}!"));
    assert_eq!(world.waits(15).polls(), ["pullrequest:comment_updated"]);
}

#[test]
fn huge_webhook_is_published_as_it_came() {
    let (mut world, _) = a_huge_comment();
    let report: Report = world.webhook_about(bitbucket::EventKey::CommentCreated, 1);
    let text = json!({ "id": 1, "content": { "raw": "x" } });
    let mut body: Value = serde_json::from_slice(&report.body).unwrap();
    body["comment"] = text;
    let report = crate::world::report(report.key, &body);
    world.receives(&report);
    assert_eq!(world.last().payload, report.body);
}

/// A pull request with five comments, the last one written last, and two tasks.
fn a_pull_request_with_comments() -> World {
    let mut world = a_polled_pull_request();
    for id in 1..=5 {
        world.waits(60).writes(id, "a");
    }
    world.adds_a_task(1, "a").adds_a_task(2, "a");
    world.waits(60).polls();
    world
}

/// A poll that lists the `count` comments that changed last, and no more.
fn poll_of_newest(world: &World, count: usize) -> PullRequestPoll {
    let mut poll = world.begins_a_poll();
    poll.comments.items.sort_by_key(|comment| std::cmp::Reverse(comment.updated_on));
    poll.comments.items.truncate(count);
    poll.comments.complete = false;
    poll
}

#[test]
fn deletion_among_the_newest_comments_of_a_long_listing_is_found() {
    let mut world = a_pull_request_with_comments();
    world.deletes(4).deletes(1);
    let poll = poll_of_newest(&world, 2);
    assert_eq!(world.ends_the_poll(poll), NOTHING, "two looks are needed");
    let poll = poll_of_newest(world.waits(30), 2);
    assert_eq!(world.ends_the_poll(poll), ["pullrequest:comment_deleted"]);
    assert_eq!(world.last_payload()["comment"]["id"], 4, "the listing did not reach comment 1");
}

#[test]
fn long_listing_in_another_order_shows_no_deletion() {
    let mut world = a_pull_request_with_comments();
    world.deletes(4);
    for _ in 0..2 {
        let mut poll = poll_of_newest(world.waits(30), 2);
        poll.comments.items.reverse();
        assert_eq!(world.ends_the_poll(poll), NOTHING);
        assert!(world.due().unwrap().0 > 0, "the next poll is not due at once");
    }
}

#[test]
fn deleted_task_is_found_although_the_comments_are_too_many() {
    let mut world = a_pull_request_with_comments();
    world.deletes_the_task(1);
    let poll = poll_of_newest(&world, 2);
    assert_eq!(world.ends_the_poll(poll), NOTHING);
    let poll = poll_of_newest(world.waits(30), 2);
    assert_eq!(world.ends_the_poll(poll), ["pullrequest:task_deleted"]);
}

#[test]
fn deleted_comment_is_found_although_the_tasks_are_too_many() {
    let mut world = a_pull_request_with_comments();
    world.deletes(2).deletes_the_task(1);
    for expected in [&NOTHING[..], &["pullrequest:comment_deleted"]] {
        let mut poll = world.waits(30).begins_a_poll();
        poll.tasks.as_mut().unwrap().complete = false;
        assert_eq!(world.ends_the_poll(poll), expected);
    }
}

#[test]
fn item_that_is_too_large_to_read_is_not_deleted() {
    let mut world = a_pull_request_with_comments();
    for _ in 0..3 {
        let mut poll = world.waits(30).begins_a_poll();
        poll.comments.items.retain(|comment| comment.id() != Some(bitbucket::CommentId(3)));
        poll.comments.answer(bitbucket::CommentId(3), LookedUp::TooLarge);
        assert_eq!(world.ends_the_poll(poll), NOTHING);
        assert!(world.due().unwrap().0 > 0, "the next poll is not due at once");
    }
}
