//! The control API.

use crate::stage::{Stage, content, expect};
use serde_json::{Value, json};

fn control(stage: &Stage, path: &str) -> String {
    format!("{}/_control/{path}", stage.simulator.url())
}

#[tokio::test]
async fn the_control_api_needs_no_credentials() {
    let stage = Stage::open().await;
    let answer = reqwest::get(control(&stage, "health")).await.unwrap();
    assert_eq!(answer.status(), 200);
}

#[tokio::test]
async fn advancing_the_clock_closes_windows() {
    let stage = Stage::open().await;
    let comment = stage.comment(&stage.pull_request().await, content("1")).await;
    let now =
        expect(200, stage.control("clock", json!({ "advance_seconds": 599, "advance_ms": 1_000 })).await);
    assert_eq!(now["now"], "2026-01-01T00:10:00Z");
    stage.edit(&comment, "2").await;
    stage.last("pullrequest:comment_updated").await;
    assert_eq!(expect(200, stage.alice.get(&control(&stage, "clock")).await.unwrap()), now);
}

#[tokio::test]
async fn calls_fail_as_often_as_asked() {
    let stage = Stage::open().await;
    let faults = json!({ "api_status_next": { "status": 503, "count": 2 }, "only_for": "alice" });
    expect(200, stage.control("faults", faults).await);
    let new = json!({ "title": "t", "source": { "branch": { "name": "gear" } } });
    expect(503, stage.alice.post("/pullrequests", new).await.unwrap());
    expect(200, stage.bob.get("").await.unwrap());
    expect(503, stage.alice.get("").await.unwrap());
    expect(200, stage.alice.get("").await.unwrap());
    assert_eq!(stage.read("/pullrequests").await["size"], 0, "a failed call changes nothing");
    let faults = json!({ "rate_limit_next": 1, "retry_after_seconds": 30 });
    expect(200, stage.control("faults", faults).await);
    let request = reqwest::Client::new().get(format!("{}/2.0/user", stage.simulator.url()));
    let refused = request.bearer_auth("bot-access-token").send().await.unwrap();
    assert_eq!(refused.status(), 429);
    assert_eq!(refused.headers()["retry-after"], "30");
    assert_eq!(refused.headers()["content-type"], "text/plain");
}

#[tokio::test]
async fn a_call_that_hangs_is_carried_out_late() {
    let stage = Stage::open().await;
    expect(200, stage.control("faults", json!({ "hang_next_ms": 200 })).await);
    let begun = std::time::Instant::now();
    expect(200, stage.alice.get("").await.unwrap());
    assert!(begun.elapsed().as_millis() >= 200);
}

#[tokio::test]
async fn faults_can_be_listed_and_cleared() {
    let stage = Stage::open().await;
    let shown = expect(200, stage.control("faults", json!({ "lose_next": 3 })).await);
    assert_eq!(shown["lose_next"], 3);
    expect(204, stage.alice.delete(&control(&stage, "faults")).await.unwrap());
    assert_eq!(expect(200, stage.alice.get(&control(&stage, "faults")).await.unwrap())["lose_next"], 0);
}

#[tokio::test]
async fn mistyped_request_is_refused() {
    let stage = Stage::open().await;
    expect(400, stage.control("faults", json!({ "loose_next": 1 })).await);
    expect(400, stage.control("clock", json!({ "advance": 1 })).await);
    let like = json!({ "user": "mallory", "repository": "acme/widgets", "pull_request": 1, "comment": 1 });
    expect(400, stage.control("likes", like).await);
}

#[tokio::test]
async fn deliveries_and_silences_are_on_record() {
    let stage = Stage::open().await;
    let path = stage.pull_request().await;
    expect(201, stage.alice.post(&format!("{path}/tasks"), content("oil it")).await.unwrap());
    expect(200, stage.control("settle", json!({})).await);
    let all = expect(200, stage.alice.get(&control(&stage, "deliveries")).await.unwrap());
    let outcomes: Vec<(&Value, &Value)> =
        all["deliveries"].as_array().unwrap().iter().map(|one| (&one["what"], &one["outcome"])).collect();
    let (created, task) = (json!("pullrequest:created"), json!("task_created"));
    assert_eq!(outcomes, [(&created, &json!("delivered")), (&task, &json!("silent"))]);
    assert_eq!(all["deliveries"][0]["attempts"][0]["status"], 200);
    assert_eq!(all["deliveries"][1]["reason"], "no_such_event");
    assert_eq!(all["deliveries"][1]["subject"], "acme/widgets#1");
    let after =
        expect(200, stage.alice.get(&control(&stage, "deliveries?after=1&what=task_created")).await.unwrap());
    assert_eq!(after["deliveries"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn calls_are_counted_for_each_account() {
    let stage = Stage::open().await;
    let before = stage.simulator.call_counts()["alice"].total;
    stage.read("").await;
    expect(200, stage.bob.get("").await.unwrap());
    let shown = expect(200, stage.alice.get(&control(&stage, "calls")).await.unwrap());
    assert_eq!(shown["counts"]["alice"]["total"], before + 1);
    assert_eq!(shown["counts"]["bob"]["total"], 1);
    let last = shown["calls"].as_array().unwrap().last().unwrap().clone();
    assert_eq!((&last["user"], &last["status"]), (&json!("bob"), &json!(200)));
    assert_eq!(last["path"], "/2.0/repositories/acme/widgets");
}
