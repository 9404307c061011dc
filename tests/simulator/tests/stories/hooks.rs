//! Hooks over REST.

use crate::stage::{Stage, expect, settings};
use serde_json::{Value, json};

#[tokio::test]
async fn the_secret_is_never_shown() {
    let stage = Stage::without_hook(settings()).await;
    let hook = json!({ "url": stage.hook_url, "events": ["repo:push"], "secret": "do not show me" });
    let created = expect(201, stage.alice.post("/hooks", hook).await.unwrap());
    let path =
        format!("/hooks/{}", created["uuid"].as_str().unwrap().replace('{', "%7B").replace('}', "%7D"));
    let changed = expect(200, stage.alice.put(&path, json!({ "secret": "nor me" })).await.unwrap());
    let (read, listed) = (stage.read(&path).await, stage.read("/hooks").await["values"][0].clone());
    for shown in [&created, &changed, &read, &listed] {
        assert_eq!(shown["secret_set"], true);
        assert_eq!(shown.get("secret"), None);
        let text = shown.to_string();
        assert!(!text.contains("show me") && !text.contains("nor me"), "{text}");
    }
    stage.pull_request().await;
    let records = format!("{:?}", stage.simulator);
    assert!(!records.contains("show me") && !records.contains("nor me"));
}

#[tokio::test]
async fn a_secret_stays_until_it_is_replaced_or_removed() {
    let stage = Stage::without_hook(settings()).await;
    let hook = json!({ "url": stage.hook_url, "events": ["pullrequest:created"], "secret": "one" });
    let created = expect(201, stage.alice.post("/hooks", hook).await.unwrap());
    let path = format!("/hooks/{}", created["uuid"].as_str().unwrap().trim_matches(['{', '}']));
    let signed_with = async |secret: &str| {
        stage.pull_request().await;
        let webhook = stage.received().await.pop().unwrap();
        webhook.header("X-Hub-Signature") == simulator::signature::sign(secret, &webhook.bytes)
    };
    expect(200, stage.alice.put(&path, json!({ "description": "renamed" })).await.unwrap());
    assert!(signed_with("one").await);
    expect(200, stage.alice.put(&path, json!({ "secret": "two" })).await.unwrap());
    assert!(signed_with("two").await);
    let removed = expect(200, stage.alice.put(&path, json!({ "secret": null })).await.unwrap());
    assert_eq!(removed["secret_set"], false);
    stage.pull_request().await;
    assert_eq!(stage.received().await.pop().unwrap().header("X-Hub-Signature"), "");
}

#[tokio::test]
async fn active_hook_receives_only_subscribed_events() {
    let stage = Stage::without_hook(settings()).await;
    let hook = json!({ "url": stage.hook_url, "events": ["pullrequest:rejected"] });
    let created = expect(201, stage.alice.post("/hooks", hook).await.unwrap());
    let path = format!("/hooks/{}", created["uuid"].as_str().unwrap());
    let declined = async || {
        let pull_request = stage.pull_request().await;
        expect(200, stage.alice.post(&format!("{pull_request}/decline"), json!({})).await.unwrap());
        stage.keys().await
    };
    assert_eq!(declined().await, ["pullrequest:rejected"]);
    expect(200, stage.alice.put(&path, json!({ "active": false })).await.unwrap());
    assert_eq!(declined().await.len(), 1);
    expect(200, stage.alice.put(&path, json!({ "active": true })).await.unwrap());
    assert_eq!(declined().await.len(), 2);
    expect(204, stage.alice.delete(&path).await.unwrap());
    assert_eq!(declined().await.len(), 2);
    expect(404, stage.alice.get(&path).await.unwrap());
}

#[tokio::test]
async fn workspace_hook_receives_the_same_events_again() {
    let stage = Stage::open().await;
    let hooks = format!("{}/2.0/workspaces/acme/hooks", stage.simulator.url());
    let hook = json!({ "url": stage.hook_url, "events": ["pullrequest:created"] });
    let created = expect(201, stage.alice.post(&hooks, hook).await.unwrap());
    assert_eq!(created["subject_type"], "workspace");
    stage.pull_request().await;
    let webhooks = stage.received().await;
    assert_eq!(stage.keys().await, ["pullrequest:created", "pullrequest:created"]);
    assert_eq!(webhooks[0].bytes, webhooks[1].bytes);
    assert_ne!(webhooks[0].header("X-Request-UUID"), webhooks[1].header("X-Request-UUID"));
    assert_eq!(
        stage.read("/hooks").await["values"].as_array().unwrap().len(),
        1,
        "each is listed in its place"
    );
}

#[tokio::test]
async fn a_bad_hook_is_refused_with_the_field_at_fault() {
    let stage = Stage::without_hook(settings()).await;
    let url = &stage.hook_url;
    let cases: [(Value, &str); 7] = [
        (json!({ "events": ["repo:push"] }), "url"),
        (json!({ "url": "ftp://example.com", "events": ["repo:push"] }), "url"),
        (json!({ "url": url }), "events"),
        (json!({ "url": url, "events": [] }), "events"),
        (json!({ "url": url, "events": ["pullrequest:task_created"] }), "events"),
        (json!({ "url": url, "events": ["repo:push", "repo:push"] }), "events"),
        (json!({ "url": url, "events": ["repo:push"], "secret": "x".repeat(129) }), "secret"),
    ];
    for (hook, field) in cases {
        let body = expect(400, stage.alice.post("/hooks", hook).await.unwrap());
        assert!(body["error"]["fields"][field].is_array(), "{body}");
    }
    assert_eq!(stage.read("/hooks").await["values"], json!([]));
}

#[tokio::test]
async fn public_event_list_has_no_key_for_tasks_or_likes() {
    let stage = Stage::without_hook(settings()).await;
    let anonymous =
        reqwest::get(format!("{}/2.0/hook_events/workspace?pagelen=100", stage.simulator.url())).await;
    let listed: Value = serde_json::from_str(&anonymous.unwrap().text().await.unwrap()).unwrap();
    let keys: Vec<&str> =
        listed["values"].as_array().unwrap().iter().map(|event| event["event"].as_str().unwrap()).collect();
    assert_eq!(keys.len(), 29);
    assert!(keys.iter().all(|key| !key.contains("task") && !key.contains("like")), "{keys:?}");
}
