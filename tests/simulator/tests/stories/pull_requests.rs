//! Pull requests from creation to merge or decline, and their reviews.

use crate::stage::{Stage, expect, settings};
use serde_json::{Value, json};
use simulator::{Rules, Settings};

async fn uuid_of(stage: &Stage, name: &str) -> Value {
    let url = format!("{}/2.0/user", stage.simulator.url());
    expect(200, stage.simulator.person(name).unwrap().get(&url).await.unwrap())["uuid"].clone()
}

#[tokio::test]
async fn created_pull_request_is_sent_with_all_its_fields() {
    let stage = Stage::open().await;
    let bob = uuid_of(&stage, "bob").await;
    let new = json!({
        "title": "Add a gear", "description": "It turns.", "draft": true,
        "source": { "branch": { "name": "gear" } }, "reviewers": [{ "uuid": bob }],
    });
    let shown = expect(201, stage.alice.post("/pullrequests", new).await.unwrap());
    let payload = stage.last("pullrequest:created").await;
    assert_eq!(payload["pullrequest"], shown);
    assert_eq!(payload["pullrequest"]["reviewers"][0]["uuid"], bob);
    assert_eq!(payload["pullrequest"]["participants"][0]["role"], "REVIEWER");
    assert_eq!(payload["pullrequest"]["participants"][0]["state"], json!(null));
    assert_eq!(payload["pullrequest"]["destination"]["branch"]["name"], "main");
    assert_eq!(payload["pullrequest"]["source"]["commit"]["hash"].as_str().unwrap().len(), 12);
    assert_eq!(payload["pullrequest"]["draft"], true);
    assert_eq!(payload["pullrequest"]["description"], "It turns.");
    assert_eq!(payload["repository"]["workspace"]["slug"], "acme");
    assert_eq!(payload["repository"]["project"]["key"], "PROJ");
    assert_eq!(payload["actor"]["type"], "user");
}

#[tokio::test]
async fn each_review_is_sent_when_it_changes() {
    let stage = Stage::open().await;
    let path = stage.pull_request().await;
    stage.forget().await;
    stage.pass(60);
    let approve = format!("{path}/approve");
    let participant = expect(200, stage.bob.post(&approve, json!({})).await.unwrap());
    assert_eq!((&participant["approved"], &participant["state"]), (&json!(true), &json!("approved")));
    let payload = stage.last("pullrequest:approved").await;
    assert_eq!(payload["approval"]["user"]["nickname"], "bob");
    assert_eq!(payload["approval"]["date"], payload["pullrequest"]["updated_on"]);
    expect(200, stage.bob.post(&approve, json!({})).await.unwrap());
    assert_eq!(stage.keys().await.len(), 1, "two approvals send one webhook");
    expect(204, stage.bob.delete(&approve).await.unwrap());
    expect(404, stage.bob.delete(&approve).await.unwrap());
    let request_changes = format!("{path}/request-changes");
    let participant = expect(200, stage.bob.post(&request_changes, json!({})).await.unwrap());
    assert_eq!(
        (&participant["approved"], &participant["state"]),
        (&json!(false), &json!("changes_requested"))
    );
    assert_eq!(
        stage.last("pullrequest:changes_request_created").await["changes_request"]["user"]["nickname"],
        "bob"
    );
    expect(204, stage.bob.delete(&request_changes).await.unwrap());
    let keys = [
        "pullrequest:approved",
        "pullrequest:unapproved",
        "pullrequest:changes_request_created",
        "pullrequest:changes_request_removed",
    ];
    assert_eq!(stage.keys().await, keys);
}

#[tokio::test]
async fn update_is_sent_if_it_changes_something() {
    let stage = Stage::open().await;
    let path = stage.pull_request().await;
    let bob = uuid_of(&stage, "bob").await;
    stage.forget().await;
    expect(201, stage.alice.push("release", "a branch").await.unwrap());
    for change in [
        json!({ "title": "Add two gears" }),
        json!({ "description": "They turn." }),
        json!({ "draft": true }),
        json!({ "reviewers": [{ "uuid": bob }] }),
        json!({ "destination": { "branch": { "name": "release" } } }),
    ] {
        stage.forget().await;
        stage.pass(1);
        let shown = expect(200, stage.alice.put(&path, change.clone()).await.unwrap());
        assert_eq!(stage.last("pullrequest:updated").await["pullrequest"], shown);
        let again = expect(200, stage.alice.put(&path, change).await.unwrap());
        assert_eq!(again, shown);
        assert_eq!(stage.keys().await.len(), 1, "an equal update sends nothing");
    }
}

#[tokio::test]
async fn invalid_input_is_refused() {
    let stage = Stage::open().await;
    let alice = uuid_of(&stage, "alice").await;
    let source = json!({ "branch": { "name": "gear" } });
    for bad in [
        json!({ "title": " ", "source": source }),
        json!({ "title": "t" }),
        json!({ "title": "t", "source": { "branch": { "name": "main" } } }),
        json!({ "title": "t", "source": source, "destination": { "branch": { "name": "nowhere" } } }),
        json!({ "title": "t", "source": source, "reviewers": [{ "uuid": alice }] }),
        json!({ "title": "t", "source": source, "reviewers": [{ "uuid": "{nobody}" }] }),
    ] {
        let body = expect(400, stage.alice.post("/pullrequests", bad).await.unwrap());
        assert_eq!(body["type"], "error");
        assert!(body["error"]["message"].is_string(), "{body}");
    }
    assert_eq!(stage.keys().await, [""; 0]);
}

#[tokio::test]
async fn source_branch_must_exist_if_the_rules_require_it() {
    let rules = Rules { create_missing_branches: false, ..Rules::default() };
    let stage = Stage::with(Settings { rules, ..settings() }).await;
    let new = json!({ "title": "t", "source": { "branch": { "name": "gear" } } });
    expect(400, stage.alice.post("/pullrequests", new.clone()).await.unwrap());
    expect(201, stage.alice.push("gear", "turn").await.unwrap());
    expect(201, stage.alice.post("/pullrequests", new).await.unwrap());
}

#[tokio::test]
async fn a_merge_pushes_and_closes() {
    let stage = Stage::open().await;
    let path = stage.pull_request().await;
    stage.forget().await;
    expect(200, stage.alice.put(&path, json!({ "draft": true })).await.unwrap());
    expect(400, stage.bob.post(&format!("{path}/merge"), json!({})).await.unwrap());
    expect(200, stage.alice.put(&path, json!({ "draft": false })).await.unwrap());
    stage.forget().await;
    let body = json!({ "type": "merge", "close_source_branch": true });
    let shown = expect(200, stage.bob.post(&format!("{path}/merge"), body).await.unwrap());
    assert_eq!(shown["state"], "MERGED");
    assert_eq!(shown["closed_by"]["nickname"], "bob");
    assert_eq!(stage.keys().await, ["repo:push", "repo:push", "pullrequest:fulfilled"]);
    let webhooks = stage.received().await;
    let (push, removal) = (webhooks[0].body(), webhooks[1].body());
    let merged = push["push"]["changes"][0]["new"]["target"]["hash"].as_str().unwrap().to_owned();
    assert!(merged.starts_with(shown["merge_commit"]["hash"].as_str().unwrap()));
    assert_eq!(removal["push"]["changes"][0]["closed"], true);
    for late in ["merge", "decline", "approve", "request-changes"] {
        expect(400, stage.bob.post(&format!("{path}/{late}"), json!({})).await.unwrap());
    }
    expect(400, stage.alice.put(&path, json!({ "title": "too late" })).await.unwrap());
}

#[tokio::test]
async fn a_decline_closes() {
    let stage = Stage::open().await;
    let path = stage.pull_request().await;
    let (status, shown) =
        stage.bob.post(&format!("{path}/decline"), json!({ "reason": "no" })).await.unwrap();
    assert_eq!((status, &shown["state"], &shown["reason"]), (200, &json!("DECLINED"), &json!("no")));
    assert_eq!(stage.last("pullrequest:rejected").await["pullrequest"], shown);
}

#[tokio::test]
async fn a_push_updates_the_pull_requests_from_its_branch() {
    let stage = Stage::open().await;
    let path = stage.pull_request().await;
    let before = stage.read(&path).await["source"]["commit"]["hash"].clone();
    stage.forget().await;
    stage.pass(60);
    expect(201, stage.alice.push("gear", "turn faster").await.unwrap());
    assert_eq!(stage.keys().await, ["repo:push", "pullrequest:updated"]);
    let payload = stage.last("pullrequest:updated").await;
    assert_ne!(payload["pullrequest"]["source"]["commit"]["hash"], before);
}

#[tokio::test]
async fn push_withdraws_approvals_silently_if_the_rules_allow() {
    let rules = Rules { push_withdraws_approvals: true, ..Rules::default() };
    let stage = Stage::with(Settings { rules, ..settings() }).await;
    let path = stage.pull_request().await;
    expect(200, stage.bob.post(&format!("{path}/approve"), json!({})).await.unwrap());
    stage.forget().await;
    expect(201, stage.alice.push("gear", "turn faster").await.unwrap());
    assert_eq!(stage.read(&path).await["participants"][0]["approved"], false);
    assert!(!stage.keys().await.contains(&"pullrequest:unapproved".to_owned()));
}

#[tokio::test]
async fn merge_into_anothers_source_branch_sends_nothing_for_it() {
    let stage = Stage::open().await;
    let outer = stage.pull_request().await;
    let inner = json!({
        "title": "A tooth", "source": { "branch": { "name": "tooth" } },
        "destination": { "branch": { "name": "gear" } },
    });
    expect(201, stage.alice.post("/pullrequests", inner).await.unwrap());
    let before = stage.read(&outer).await["source"]["commit"]["hash"].clone();
    stage.forget().await;
    expect(200, stage.alice.post("/pullrequests/2/merge", json!({})).await.unwrap());
    assert_eq!(stage.keys().await, ["repo:push", "pullrequest:fulfilled"]);
    assert_ne!(stage.read(&outer).await["source"]["commit"]["hash"], before);
}
