//! Comments on commits, and builds.

use crate::stage::{Stage, content, expect};
use serde_json::json;
use simulator::world::SilenceReason;

#[tokio::test]
async fn commit_comment_is_sent_only_when_created() {
    let stage = Stage::open().await;
    let path = stage.pull_request().await;
    let hash = stage.read(&path).await["source"]["commit"]["hash"].as_str().unwrap().to_owned();
    stage.forget().await;
    let comments = format!("/commit/{hash}/comments");
    let comment = expect(201, stage.alice.post(&comments, content("frist")).await.unwrap());
    let comment = format!("{comments}/{}", comment["id"]);
    let payload = stage.last("repo:commit_comment_created").await;
    assert_eq!(payload["comment"]["content"]["raw"], "frist");
    assert!(payload["commit"]["hash"].as_str().unwrap().starts_with(&hash));
    stage.pass(3_600);
    expect(201, stage.alice.put(&comment, content("first")).await.unwrap());
    assert_eq!(stage.read(&comment).await["content"]["raw"], "first");
    expect(403, stage.bob.delete(&comment).await.unwrap());
    expect(204, stage.alice.delete(&comment).await.unwrap());
    assert_eq!(stage.read(&comments).await["values"], json!([]));
    assert_eq!(stage.keys().await, ["repo:commit_comment_created"]);
    for what in ["commit_comment_updated", "commit_comment_deleted"] {
        assert_eq!(stage.records(what).pop().unwrap().reason, Some(SilenceReason::NoSuchEvent));
    }
}

#[tokio::test]
async fn build_is_sent_when_created_and_when_updated() {
    let stage = Stage::open().await;
    let path = stage.pull_request().await;
    let hash = stage.read(&path).await["source"]["commit"]["hash"].as_str().unwrap().to_owned();
    stage.forget().await;
    let builds = format!("/commit/{hash}/statuses/build");
    let new =
        json!({ "key": "CI", "state": "INPROGRESS", "url": "http://ci.example.com/1", "refname": "gear" });
    expect(201, stage.alice.post(&builds, new).await.unwrap());
    stage.pass(60);
    let build = format!("{builds}/CI");
    let shown = expect(200, stage.alice.put(&build, json!({ "state": "SUCCESSFUL" })).await.unwrap());
    assert_eq!((&shown["state"], &shown["refname"]), (&json!("SUCCESSFUL"), &json!("gear")));
    let payload = stage.last("repo:commit_status_updated").await;
    assert_eq!(payload["commit_status"], shown);
    let again = json!({ "key": "CI", "state": "FAILED", "url": "http://ci.example.com/2" });
    expect(201, stage.alice.post(&builds, again).await.unwrap());
    let keys = ["repo:commit_status_created", "repo:commit_status_updated", "repo:commit_status_updated"];
    assert_eq!(stage.keys().await, keys);
    let of_pull_request = stage.read(&format!("{path}/statuses")).await;
    assert_eq!(of_pull_request["values"][0]["state"], "FAILED");
    expect(404, stage.alice.put(&format!("{builds}/OTHER"), json!({ "state": "FAILED" })).await.unwrap());
    expect(400, stage.alice.post(&builds, json!({ "key": "CI2", "state": "FAILED" })).await.unwrap());
    expect(404, stage.alice.get("/commit/0000000/statuses").await.unwrap());
}
