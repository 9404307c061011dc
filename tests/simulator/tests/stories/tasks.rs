//! Tasks: no webhook reports them, only the count in other events changes.

use crate::stage::{Stage, content, expect, settings};
use serde_json::json;
use simulator::world::SilenceReason;
use simulator::{Rules, Settings};

#[tokio::test]
async fn no_change_of_a_task_sends_a_webhook() {
    let stage = Stage::open().await;
    let path = stage.pull_request().await;
    stage.forget().await;
    let before = stage.read(&path).await["updated_on"].clone();
    stage.pass(60);
    let task = expect(201, stage.alice.post(&format!("{path}/tasks"), content("oil it")).await.unwrap());
    let task = format!("{path}/tasks/{}", task["id"]);
    expect(200, stage.alice.put(&task, content("oil it well")).await.unwrap());
    expect(200, stage.bob.put(&task, json!({ "state": "RESOLVED" })).await.unwrap());
    expect(200, stage.bob.put(&task, json!({ "state": "UNRESOLVED" })).await.unwrap());
    expect(204, stage.alice.delete(&task).await.unwrap());
    assert_eq!(stage.keys().await, [""; 0]);
    assert_eq!(stage.read(&path).await["updated_on"], before);
    for what in ["task_created", "task_updated", "task_resolved", "task_reopened", "task_deleted"] {
        let records = stage.records(what);
        assert_eq!(records.len(), 1, "{what}");
        assert_eq!(records[0].reason, Some(SilenceReason::NoSuchEvent));
    }
}

#[tokio::test]
async fn the_next_payload_counts_the_open_tasks() {
    let stage = Stage::open().await;
    let path = stage.pull_request().await;
    let tasks = format!("{path}/tasks");
    for text in ["one", "two", "three"] {
        expect(201, stage.alice.post(&tasks, content(text)).await.unwrap());
    }
    let first = stage.read(&tasks).await["values"][0]["id"].clone();
    expect(200, stage.alice.put(&format!("{tasks}/{first}"), json!({ "state": "RESOLVED" })).await.unwrap());
    stage.comment(&path, content("how far are we?")).await;
    let payload = stage.last("pullrequest:comment_created").await;
    assert_eq!(payload["pullrequest"]["task_count"], 2);
}

#[tokio::test]
async fn task_shows_who_resolved_it_and_when() {
    let stage = Stage::open().await;
    let path = stage.pull_request().await;
    let comment = stage.comment(&path, content("oil")).await;
    let comment = stage.read(&comment).await["id"].clone();
    let new = json!({ "content": { "raw": "oil it" }, "comment": { "id": comment } });
    let task = expect(201, stage.alice.post(&format!("{path}/tasks"), new).await.unwrap());
    assert_eq!((&task["state"], &task["resolved_on"]), (&json!("UNRESOLVED"), &json!(null)));
    assert_eq!(task["comment"]["id"], comment);
    stage.pass(60);
    let task = format!("{path}/tasks/{}", task["id"]);
    let resolved = expect(200, stage.bob.put(&task, json!({ "state": "RESOLVED" })).await.unwrap());
    assert_eq!(resolved["resolved_by"]["nickname"], "bob");
    assert_eq!(resolved["resolved_on"], "2026-01-01T00:01:00.000000+00:00");
    assert_eq!(resolved["updated_on"], resolved["resolved_on"]);
    let reopened = expect(200, stage.bob.put(&task, json!({ "state": "UNRESOLVED" })).await.unwrap());
    assert_eq!(reopened["resolved_by"], json!(null));
}

#[tokio::test]
async fn a_deleted_task_is_gone() {
    let stage = Stage::open().await;
    let path = stage.pull_request().await;
    let task = expect(201, stage.alice.post(&format!("{path}/tasks"), content("oil it")).await.unwrap());
    let task = format!("{path}/tasks/{}", task["id"]);
    expect(204, stage.alice.delete(&task).await.unwrap());
    expect(404, stage.alice.get(&task).await.unwrap());
    expect(404, stage.alice.delete(&task).await.unwrap());
    assert_eq!(stage.read(&format!("{path}/tasks")).await["values"], json!([]));
}

#[tokio::test]
async fn task_change_without_content_is_refused() {
    let stage = Stage::open().await;
    let path = stage.pull_request().await;
    expect(400, stage.alice.post(&format!("{path}/tasks"), content("")).await.unwrap());
    let task = expect(201, stage.alice.post(&format!("{path}/tasks"), content("oil it")).await.unwrap());
    let task = format!("{path}/tasks/{}", task["id"]);
    expect(400, stage.alice.put(&task, json!({})).await.unwrap());
    expect(400, stage.alice.put(&task, json!({ "state": "DONE" })).await.unwrap());
    let on_nothing = json!({ "content": { "raw": "x" }, "comment": { "id": 1 } });
    expect(404, stage.alice.post(&format!("{path}/tasks"), on_nothing).await.unwrap());
}

#[tokio::test]
async fn a_setting_lets_tasks_move_the_pull_request() {
    let rules = Rules { task_moves_pull_request: true, ..Rules::default() };
    let stage = Stage::with(Settings { rules, ..settings() }).await;
    let path = stage.pull_request().await;
    stage.pass(60);
    expect(201, stage.alice.post(&format!("{path}/tasks"), content("oil it")).await.unwrap());
    assert_eq!(stage.read(&path).await["updated_on"], "2026-01-01T00:01:00.000000+00:00");
}
