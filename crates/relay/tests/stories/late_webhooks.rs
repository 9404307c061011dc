//! Late webhooks about pull requests: facts that polls have published, and facts that no poll could know.

use bitbucket::EventKey::*;
use serde_json::json;

use crate::reconcile::{a_published_pull_request, approved_by, says, shown};
use crate::world::{by_another_hook, unsigned};

const NOTHING: [&str; 0] = [];

#[test]
fn approval_that_a_poll_found_and_two_hooks_report_is_one_event() {
    let mut world = a_published_pull_request();
    let mut approved = approved_by(world.waits(60), "bob");
    // Without a time, only the state tells that it is the same approval.
    approved["participants"][0].as_object_mut().unwrap().remove("participated_on");
    world.polls_all(&approved);
    assert_eq!(world.waits(30).polls_all(&approved), ["pullrequest:approved"]);
    let review =
        json!({ "pullrequest": approved, "approval": { "user": approved["participants"][0]["user"] } });
    let report = world.webhook(PullRequestApproved, &review);
    assert_eq!(world.receives(&report), NOTHING);
    assert_eq!(world.receives(&by_another_hook(&report)), NOTHING);
}

#[test]
fn late_approval_that_was_withdrawn_since_is_not_withdrawn_again() {
    let mut world = a_published_pull_request();
    let approved = approved_by(world.waits(60), "bob");
    let withdrawn = shown(world.waits(60));
    assert_eq!(says(&mut world, PullRequestUnapproved, &withdrawn), ["pullrequest:unapproved"]);
    assert_eq!(says(&mut world, PullRequestApproved, &approved), ["pullrequest:approved"], "late");
    world.waits(60).polls_all(&withdrawn);
    assert_eq!(world.waits(60).polls_all(&withdrawn), NOTHING);
}

#[test]
fn request_for_changes_and_its_removal_are_found() {
    let mut world = a_published_pull_request();
    let mut requested = approved_by(world.waits(60), "bob");
    let participant = &mut requested["participants"][0];
    (participant["approved"], participant["state"]) = (json!(false), json!("changes_requested"));
    world.polls_all(&requested);
    assert_eq!(world.waits(30).polls_all(&requested), ["pullrequest:changes_request_created"]);
    assert!(world.last_payload()["changes_request"]["user"].is_object());
    let user = &requested["participants"][0]["user"];
    let review = json!({ "pullrequest": requested, "changes_request": { "user": user } });
    let late = world.webhook(ChangesRequestCreated, &review);
    assert_eq!(world.receives(&late), NOTHING);
    let removed = shown(world.waits(60));
    world.polls_all(&removed);
    assert_eq!(world.waits(30).polls_all(&removed), ["pullrequest:changes_request_removed"]);
}

#[test]
fn signed_snapshot_replaces_an_unsigned_one_of_any_time() {
    let mut world = a_published_pull_request();
    let forged = shown(world.waits(60));
    let report = world.webhook(PullRequestUpdated, &json!({ "pullrequest": forged }));
    let mut earlier = shown(&world);
    (earlier["title"], earlier["updated_on"]) = (json!("Wheel"), json!("2026-11-02T09:00:30Z"));
    world.receives(&unsigned(&report));
    says(&mut world, PullRequestUpdated, &earlier);
    assert_eq!(world.pr().snapshot["title"], "Wheel");
    let oldest = json!({ "id": 7, "title": "Gear", "updated_on": "2026-11-02T09:00:29Z" });
    says(&mut world, PullRequestUpdated, &oldest);
    assert_eq!(world.pr().snapshot["title"], "Wheel", "an older one of its own kind does not");
}

#[test]
fn decline_is_published_once() {
    let mut world = a_published_pull_request();
    let mut declined = shown(world.waits(60));
    declined["state"] = json!("DECLINED");
    assert_eq!(says(&mut world, PullRequestRejected, &declined), ["pullrequest:rejected"]);
    world.waits(60).polls_all(&declined);
    assert_eq!(world.waits(60).polls_all(&declined), NOTHING);
}

#[test]
fn late_update_before_one_that_a_poll_found_is_an_event() {
    let mut world = a_published_pull_request();
    let renamed = |title: &str, world: &crate::world::World| {
        let mut shown = shown(world);
        shown["title"] = json!(title);
        shown
    };
    let first = renamed("Wheel", world.waits(60));
    let late = world.webhook(PullRequestUpdated, &json!({ "pullrequest": first }));
    // Its change is known from the report of a comment.
    world.writes(1, "a");
    let about_comment = json!({ "pullrequest": first, "comment": world.comment_shown(1) });
    let comment = world.webhook(CommentCreated, &about_comment);
    world.receives(&comment);
    let second = renamed("Cog", world.waits(60));
    world.polls_all(&second);
    assert_eq!(world.waits(30).polls_all(&second), ["pullrequest:updated"]);
    assert_eq!(world.receives(&late), ["pullrequest:updated"], "the first update");
}
