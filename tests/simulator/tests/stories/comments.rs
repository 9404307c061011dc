//! The rule by which Bitbucket reports edits of comments, and deletion and resolution.

use crate::stage::{Stage, content, expect, inline, settings};
use serde_json::json;
use simulator::deliveries::Outcome;
use simulator::world::SilenceReason;
use simulator::{Rules, Settings};

#[tokio::test]
async fn an_edit_inside_the_window_sends_no_webhook() {
    let stage = Stage::open().await;
    let comment = stage.comment(&stage.pull_request().await, content("frist")).await;
    stage.forget().await;
    stage.pass(599);
    stage.edit(&comment, "first").await;
    assert_eq!(stage.keys().await, [""; 0]);
    assert_eq!(stage.read(&comment).await["content"]["raw"], "first", "the edit itself is made");
    let silence = stage.records("comment_updated").pop().unwrap();
    assert_eq!((silence.outcome, silence.reason), (Outcome::Silent, Some(SilenceReason::InsideWindow)));
}

#[tokio::test]
async fn an_edit_when_the_window_has_passed_is_reported() {
    let stage = Stage::open().await;
    let comment = stage.comment(&stage.pull_request().await, content("frist")).await;
    stage.pass(600);
    stage.edit(&comment, "first").await;
    let payload = stage.last("pullrequest:comment_updated").await;
    assert_eq!(payload["comment"]["content"]["raw"], "first");
    assert_eq!(payload["actor"]["nickname"], "alice");
    assert_eq!(payload["repository"]["full_name"], "acme/widgets");
}

#[tokio::test]
async fn each_edit_restarts_the_window() {
    let stage = Stage::open().await;
    let comment = stage.comment(&stage.pull_request().await, content("1")).await;
    stage.forget().await;
    for text in ["2", "3", "4"] {
        stage.pass(540);
        stage.edit(&comment, text).await;
    }
    assert_eq!(stage.keys().await, [""; 0], "an edit every nine minutes is never reported");
    stage.pass(600);
    stage.edit(&comment, "5").await;
    stage.pass(599);
    stage.edit(&comment, "6").await;
    assert_eq!(stage.keys().await, ["pullrequest:comment_updated"], "a reported edit restarts it as well");
}

#[tokio::test]
async fn the_length_of_the_window_is_a_setting() {
    let stage = Stage::with(Settings { window_seconds: 60, ..settings() }).await;
    let comment = stage.comment(&stage.pull_request().await, content("1")).await;
    stage.pass(60);
    stage.edit(&comment, "2").await;
    stage.last("pullrequest:comment_updated").await;
}

#[tokio::test]
async fn settings_decide_if_a_silent_edit_moves_times_and_window() {
    for moves in [true, false] {
        let rules = Rules {
            silent_edit_moves_updated_on: moves,
            silent_edit_restarts_window: moves,
            ..Rules::default()
        };
        let stage = Stage::with(Settings { rules, ..settings() }).await;
        let comment = stage.comment(&stage.pull_request().await, content("1")).await;
        let before = stage.read(&comment).await["updated_on"].clone();
        stage.pass(300);
        assert_eq!(stage.edit(&comment, "2").await["updated_on"] != before, moves);
        stage.forget().await;
        stage.pass(300);
        stage.edit(&comment, "3").await;
        let reported = usize::from(!moves);
        assert_eq!(stage.keys().await.len(), reported, "moves: {moves}");
    }
}

#[tokio::test]
async fn new_comment_moves_the_pull_request_but_its_edit_does_not() {
    let stage = Stage::open().await;
    let path = stage.pull_request().await;
    stage.pass(60);
    let comment = stage.comment(&path, content("1")).await;
    let shown = stage.read(&comment).await;
    assert_ne!(shown["created_on"], shown["updated_on"], "even unedited, as at Bitbucket");
    let pull_request = stage.read(&path).await;
    assert_eq!(pull_request["updated_on"], shown["updated_on"]);
    assert_eq!(pull_request["comment_count"], 1);
    assert_eq!(pull_request["participants"][0]["role"], "PARTICIPANT");
    stage.pass(60);
    stage.edit(&comment, "2").await;
    assert_eq!(stage.read(&path).await["updated_on"], pull_request["updated_on"]);
}

#[tokio::test]
async fn a_deleted_comment_without_replies_leaves_the_listing() {
    let stage = Stage::open().await;
    let path = stage.pull_request().await;
    let comment = stage.comment(&path, content("wrong")).await;
    let updated_on = stage.read(&comment).await["updated_on"].clone();
    stage.pass(5);
    expect(204, stage.alice.delete(&comment).await.unwrap());
    assert_eq!(stage.read(&format!("{path}/comments")).await["values"], json!([]));
    assert_eq!(stage.read(&path).await["comment_count"], 0);
    let tombstone = stage.read(&comment).await;
    assert_eq!((&tombstone["deleted"], &tombstone["content"]["raw"]), (&json!(true), &json!("")));
    assert_eq!(tombstone["updated_on"], updated_on, "so a filter on updated_on misses it");
    let payload = stage.last("pullrequest:comment_deleted").await;
    assert_eq!(payload["comment"]["deleted"], true);
    assert_eq!(payload["comment"]["content"]["html"], "");
    expect(404, stage.alice.delete(&comment).await.unwrap());
    expect(404, stage.alice.put(&comment, content("again")).await.unwrap());
}

#[tokio::test]
async fn a_deleted_comment_with_replies_stays_listed_without_its_text() {
    let stage = Stage::open().await;
    let path = stage.pull_request().await;
    let comment = stage.comment(&path, inline("wrong")).await;
    let id = stage.read(&comment).await["id"].clone();
    let reply = json!({ "content": { "raw": "why?" }, "parent": { "id": id } });
    let reply = stage.comment(&path, reply).await;
    assert_eq!(stage.read(&reply).await["inline"]["path"], "src/gear.rs", "a reply is where its parent is");
    expect(204, stage.alice.delete(&comment).await.unwrap());
    let listed = stage.read(&format!("{path}/comments")).await["values"].clone();
    assert_eq!(listed.as_array().unwrap().len(), 2);
    assert_eq!((&listed[0]["deleted"], &listed[0]["content"]["raw"]), (&json!(true), &json!("")));
    assert_eq!(listed[1]["parent"]["id"], id);
    expect(204, stage.alice.delete(&reply).await.unwrap());
    assert_eq!(
        stage.read(&format!("{path}/comments")).await["values"],
        json!([]),
        "no reply is left to hold it"
    );
}

#[tokio::test]
async fn a_deleted_comment_can_be_made_to_disappear_altogether() {
    let rules = Rules { deleted_comments_stay_readable: false, ..Rules::default() };
    let stage = Stage::with(Settings { rules, ..settings() }).await;
    let comment = stage.comment(&stage.pull_request().await, content("wrong")).await;
    expect(204, stage.alice.delete(&comment).await.unwrap());
    expect(404, stage.alice.get(&comment).await.unwrap());
}

#[tokio::test]
async fn a_thread_is_resolved_once_and_reopened_once() {
    let stage = Stage::open().await;
    let comment = stage.comment(&stage.pull_request().await, inline("a typo")).await;
    let resolve = format!("{comment}/resolve");
    let resolution = expect(200, stage.bob.post(&resolve, json!({})).await.unwrap());
    assert_eq!(resolution["user"]["nickname"], "bob");
    assert_eq!(stage.last("pullrequest:comment_resolved").await["actor"]["nickname"], "bob");
    expect(409, stage.alice.post(&resolve, json!({})).await.unwrap());
    expect(204, stage.alice.delete(&resolve).await.unwrap());
    let payload = stage.last("pullrequest:comment_reopened").await;
    assert_eq!(payload["comment"].get("resolution"), None);
    expect(404, stage.alice.delete(&resolve).await.unwrap());
}

#[tokio::test]
async fn only_a_top_level_comment_on_the_diff_can_be_resolved() {
    let stage = Stage::open().await;
    let path = stage.pull_request().await;
    let general = stage.comment(&path, content("all in all good")).await;
    expect(403, stage.alice.post(&format!("{general}/resolve"), json!({})).await.unwrap());
    let thread = stage.comment(&path, inline("a typo")).await;
    let parent = stage.read(&thread).await["id"].clone();
    let reply = stage.comment(&path, json!({ "content": { "raw": "ok" }, "parent": { "id": parent } })).await;
    expect(403, stage.alice.post(&format!("{reply}/resolve"), json!({})).await.unwrap());
    expect(403, stage.alice.delete(&format!("{reply}/resolve")).await.unwrap());
}

#[tokio::test]
async fn nobody_changes_the_comment_of_somebody_else() {
    let stage = Stage::open().await;
    let comment = stage.comment(&stage.pull_request().await, content("mine")).await;
    expect(403, stage.bob.put(&comment, content("yours")).await.unwrap());
    expect(403, stage.bob.delete(&comment).await.unwrap());
    assert_eq!(stage.read(&comment).await["content"]["raw"], "mine");
}

#[tokio::test]
async fn a_comment_needs_a_text_and_a_known_parent() {
    let stage = Stage::open().await;
    let comments = format!("{}/comments", stage.pull_request().await);
    expect(400, stage.alice.post(&comments, content("  ")).await.unwrap());
    expect(400, stage.alice.post(&comments, json!({})).await.unwrap());
    let orphan = json!({ "content": { "raw": "hello?" }, "parent": { "id": 1 } });
    expect(404, stage.alice.post(&comments, orphan).await.unwrap());
    assert_eq!(stage.keys().await, ["pullrequest:created"]);
}

#[tokio::test]
async fn a_like_sends_nothing() {
    let stage = Stage::open().await;
    let path = stage.pull_request().await;
    let comment = stage.comment(&path, content("nice")).await;
    stage.forget().await;
    let before = stage.read(&comment).await;
    let like = json!({
        "user": "bob", "repository": "acme/widgets", "pull_request": 1, "comment": before["id"]
    });
    assert_eq!(expect(200, stage.control("likes", like).await), json!({ "likes": 1 }));
    assert_eq!(stage.read(&comment).await, before);
    assert_eq!(stage.keys().await, [""; 0]);
    assert_eq!(stage.records("comment_liked").pop().unwrap().reason, Some(SilenceReason::NoSuchEvent));
}
