//! The lines of the log that connect a delivery to its entry on the bus. The only test of its process: other threads that
//! reach a statement of the log first, without a subscriber, would turn it off.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "test code")]

#[path = "../stories/deployment.rs"]
#[allow(dead_code, reason = "the dashboard's test uses the rest")]
mod deployment;

#[path = "../../../../functions/webhook/tests/log/mod.rs"]
#[allow(dead_code, reason = "those tests capture it as text")]
mod log;

use serde_json::{Value, json};
use system::Repo;

use deployment::Deployment;
use log::Log;

/// The fields of each line of a log in JSON.
fn fields(log: &Log) -> Vec<Value> {
    log.text().lines().map(|line| serde_json::from_str::<Value>(line).unwrap()["fields"].take()).collect()
}

/// The query of docs/MONITORING.md, by hand: the lines that name one event, of the delivery with this request id.
fn correlated(lines: &[Value], request: &str) -> Vec<Value> {
    let stored = lines.iter().find(|line| line["request"] == request && line["event"].is_string());
    let event = stored.unwrap_or_else(|| panic!("no line has the request and an event"))["event"].clone();
    lines.iter().filter(|line| line["event"] == event).cloned().collect()
}

#[tokio::test]
async fn delivery_leads_to_its_entry_on_the_bus() {
    // In the form of the deployed functions, at the default level.
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt().json().with_max_level(tracing::Level::INFO);
    tracing::subscriber::set_global_default(subscriber.with_writer(log.clone()).finish()).unwrap();
    let mut stack = Deployment::start().await;
    for number in [1, 2] {
        let headers = json!({
            "content-type": "application/json", "x-event-key": "pullrequest:updated",
            "x-hook-uuid": "{hook}", "x-request-uuid": format!("request-{number}"),
        });
        let body = json!({
            "repository": { "uuid": stack.world.uuid(Repo::Gadgets), "full_name": "acme/gadgets" },
            "pullrequest": { "id": number, "updated_on": "2026-11-24T10:00:00.000001+00:00" },
        });
        assert_eq!(stack.sends("/webhook/gadgets", "", headers, &body).await, 200);
    }
    let entries = stack.publishes().await;

    let lines = fields(&log);
    let [stored, published] = correlated(&lines, "request-2").try_into().unwrap();
    assert_eq!((&stored["message"], &published["message"]), (&json!("stored"), &json!("event published")));
    let entry = entries.iter().find(|entry| published["event"] == entry.event_id.as_str()).unwrap();
    assert_eq!(published["subject"], entry.subject.as_str());
    for field in ["link", "subject", "sequence", "key", "source"] {
        assert!(!stored[field].is_null(), "no {field}");
        assert_eq!(stored[field], published[field], "{field}");
    }
}
