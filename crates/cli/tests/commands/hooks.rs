//! `hooks ...` against the simulator: creation, repair, checks, removal and rotation.

use insta::assert_snapshot;
use serde_json::json;
use simulator::{FaultRequest, StatusFault};

use crate::stage::{OWN_DOMAIN, Stage};

const SYNC: &str = "hooks sync --link acme --repository acme/widgets";
const CHECK: &str = "hooks check --link acme";

#[tokio::test]
async fn deliveries_of_a_created_hook_are_accepted() {
    let stage = Stage::with_link("hooks-made").await;
    let missing = stage.shell.types(&format!("{CHECK} --repository acme/widgets")).await;
    assert_snapshot!("hook_missing", missing);

    assert_snapshot!("hook_made", stage.shell.types(SYNC).await);
    assert_snapshot!("hook_good", stage.shell.types(CHECK).await);

    let alice = stage.simulator.person("alice").unwrap();
    let body = json!({ "title": "Add a gear", "source": { "branch": { "name": "gear" } } });
    alice.post("/pullrequests", body).await.unwrap();
    stage.simulator.settle(std::time::Duration::from_secs(10)).await.unwrap();
    let events = stage.shell.json("events list --key pullrequest:created").await;
    assert_eq!(events.as_array().unwrap().len(), 1, "signed with the secret that the link has");
}

#[tokio::test]
async fn each_kind_of_drift_is_found_and_repaired() {
    let stage = Stage::with_link("hooks-drift").await;
    let url = format!("{}acme", stage.webhook_url);
    let alice = stage.simulator.person("alice").unwrap();
    let inactive = json!({ "url": url, "active": false, "events": ["repo:push", "pullrequest:created"] });
    let old = json!({ "url": format!("{OWN_DOMAIN}/webhook/acme"), "description": "bitrelay acme", "events": ["repo:push"] });
    let stranger = json!({ "url": "https://ci.example.com/", "events": ["repo:push"], "secret": "theirs" });
    for hook in [inactive, old, stranger] {
        let (status, made) = alice.post("/hooks", hook).await.unwrap();
        assert_eq!(status, 201, "{made}");
    }
    let check = format!("{CHECK} --repository acme/widgets");
    assert_snapshot!("hook_drifted", stage.steady(&stage.shell.types(&check).await));

    assert_snapshot!("hook_mended", stage.steady(&stage.shell.types(SYNC).await));
    assert_eq!(stage.shell.types(&check).await.code, 0);
    let hooks = stage.hooks().await;
    assert_eq!(hooks.len(), 2, "the duplicate is gone, the stranger's hook is not");
    assert!(hooks.iter().any(|hook| hook["url"] == "https://ci.example.com/"));
}

#[tokio::test]
async fn hook_of_another_stack_with_the_same_link_stays() {
    let stage = Stage::with_link("hooks-theirs").await;
    let theirs = json!({
        "url": "https://other.example.com/webhook/acme", "description": "bitrelay acme", "events": ["repo:push"],
        "secret": "theirs",
    });
    let alice = stage.simulator.person("alice").unwrap();
    let (status, made) = alice.post("/hooks", theirs.clone()).await.unwrap();
    assert_eq!(status, 201, "{made}");
    let synced = stage.shell.types(SYNC).await;
    assert!(
        synced.err.contains("another hook with this link's description, to https://other.example.com"),
        "{synced}"
    );
    let hooks = stage.hooks().await;
    let unchanged = hooks.iter().find(|hook| hook["url"] == theirs["url"]).unwrap();
    assert_eq!((hooks.len(), &unchanged["events"]), (2, &theirs["events"]));
    let removed = stage.shell.types("hooks remove --link acme").await;
    assert_eq!(removed.code, 0, "{removed}");
    let left: Vec<_> = stage.hooks().await.iter().map(|hook| hook["url"].clone()).collect();
    assert_eq!(left, [theirs["url"].clone()]);
}

#[tokio::test]
async fn rotation_during_a_sync_is_not_undone() {
    let stage = Stage::with_link("hooks-raced").await;
    // The first call hangs after the command has read the link.
    let hangs = FaultRequest { hang_next_ms: Some(1_500), ..FaultRequest::default() };
    stage.simulator.fault(hangs).unwrap();
    let rotate = async {
        tokio::time::sleep(std::time::Duration::from_millis(700)).await;
        stage.shell.types("link rotate-secret acme --overlap 0s --wait 0s").await
    };
    let (synced, rotated) = tokio::join!(stage.shell.types(SYNC), rotate);
    assert_eq!((synced.code, rotated.code), (0, 0), "{synced} {rotated}");
    assert!(synced.err.contains("the webhook secret was rotated meanwhile"), "{synced}");
    let document = stage.document("acme").await.unwrap();
    assert_eq!(document["hooks"], json!(["acme/widgets"]));
    assert_eq!(document["webhook_secrets"].as_array().unwrap().len(), 2, "the rotation is kept");

    // The old secret has ended, so only a delivery with the new one is accepted.
    let alice = stage.simulator.person("alice").unwrap();
    let body = json!({ "title": "Add a gear", "source": { "branch": { "name": "gear" } } });
    alice.post("/pullrequests", body).await.unwrap();
    stage.simulator.settle(std::time::Duration::from_secs(10)).await.unwrap();
    let events = stage.shell.json("events list --key pullrequest:created").await;
    assert_eq!(events.as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn workspace_hook_subscribes_to_more_events() {
    let stage = Stage::with_link("hooks-workspace").await;
    let outcome = stage.shell.types("hooks sync --link acme --workspace acme --all-events").await;
    assert_eq!(outcome.code, 0, "{outcome}");
    let url = format!("{}/2.0/workspaces/acme/hooks", stage.simulator.url());
    let (_, hooks) = stage.simulator.person("alice").unwrap().get(&url).await.unwrap();
    assert_eq!(hooks["values"][0]["events"].as_array().unwrap().len(), 26);
}

#[tokio::test]
async fn manual_steps_are_printed_without_permission() {
    let stage = Stage::with_link("hooks-refused").await;
    let forbidden = StatusFault { status: 403, count: 1 };
    stage
        .simulator
        .fault(FaultRequest { api_status_next: Some(forbidden), ..FaultRequest::default() })
        .unwrap();
    assert_snapshot!("by_hand", stage.steady(&stage.shell.types(SYNC).await));
}

#[tokio::test]
async fn removed_hooks_leave_the_link() {
    let stage = Stage::with_link("hooks-removed").await;
    stage.shell.types(SYNC).await;
    assert_eq!(stage.document("acme").await.unwrap()["hooks"], json!(["acme/widgets"]));
    assert_snapshot!("hook_removed", stage.shell.types("hooks remove --link acme").await);
    assert!(stage.hooks().await.is_empty());
    assert_snapshot!("no_place", stage.shell.types("hooks check --link acme").await);
}

#[tokio::test]
async fn deleted_repository_keeps_no_secret_from_others_and_can_be_forgotten() {
    let stage = Stage::with_link("hooks-deleted").await;
    let alice = stage.simulator.person("alice").unwrap();
    let alpha = format!("{}/2.0/repositories/acme/alpha", stage.simulator.url());
    assert_eq!(alice.post(&alpha, json!({})).await.unwrap().0, 200);
    for repository in ["alpha", "widgets"] {
        let synced =
            stage.shell.types(&format!("hooks sync --link acme --repository acme/{repository}")).await;
        assert_eq!(synced.code, 0, "{synced}");
    }
    stage.simulator.change_world(|world| {
        let id = world.find_repository("acme", "alpha").unwrap();
        world.delete_repository(id);
    });
    let rotated = stage.shell.types("link rotate-secret acme --overlap 0s --wait 0s").await;
    assert!(rotated.code != 0 && rotated.err.contains("404"), "{rotated}");
    let body = json!({ "title": "gear", "source": { "branch": { "name": "gear" } } });
    alice.post("/pullrequests", body).await.unwrap();
    stage.simulator.settle(std::time::Duration::from_secs(10)).await.unwrap();
    let events = stage.shell.json("events list --key pullrequest:created").await;
    assert_eq!(events.as_array().unwrap().len(), 1, "the hook of widgets has the new secret");

    let removed = stage.shell.types("hooks remove --link acme --repository acme/alpha").await;
    assert_eq!(removed.code, 0, "{removed}");
    assert_eq!(stage.document("acme").await.unwrap()["hooks"], json!(["acme/widgets"]));
    let checked = stage.shell.types(CHECK).await;
    assert_eq!(checked.code, 0, "{checked}");
}

#[tokio::test]
async fn rotation_keeps_both_secrets_valid() {
    let stage = Stage::with_link("hooks-rotated").await;
    stage.shell.types(SYNC).await;
    let alice = stage.simulator.person("alice").unwrap();
    let open = async |branch: &str| {
        let body = json!({ "title": branch, "source": { "branch": { "name": branch } } });
        alice.post("/pullrequests", body).await.unwrap();
        stage.simulator.settle(std::time::Duration::from_secs(10)).await.unwrap();
        stage.shell.json("events list --key pullrequest:created").await.as_array().unwrap().len()
    };
    assert_eq!(open("before").await, 1);

    assert_snapshot!("rotated", stage.shell.types("link rotate-secret acme --overlap 24h --wait 0s").await);

    let secrets = stage.document("acme").await.unwrap()["webhook_secrets"].clone();
    assert_eq!(secrets[0]["expires_at"], "2026-11-25T10:00:00Z");
    assert_eq!(secrets[1]["expires_at"], serde_json::Value::Null);
    assert_ne!(secrets[0]["value"], secrets[1]["value"]);
    assert_eq!(open("after").await, 2, "signed with the new secret");
}

#[tokio::test]
async fn overlap_shorter_than_wait_is_refused() {
    let stage = Stage::with_link("hooks-overlap").await;
    let before = stage.document("acme").await;
    let outcome = stage.shell.types("link rotate-secret acme --overlap 1m --wait 5m").await;
    assert_eq!((outcome.code, stage.document("acme").await), (2, before), "{outcome}");
}
