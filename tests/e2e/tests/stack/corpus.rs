//! Recorded payloads of real hooks.

use std::sync::Arc;
use std::time::Duration;

use e2e::paths;
use e2e::signer::Delivery;
use e2e::stack::Stack;
use serde_json::Value;

use crate::support::{body, items};

/// Posts each recorded payload to the stack, as its hook would have sent it, and expects it in the table and on the
/// bus. The recordings belong to others, so the project does not contain them. Without them the test does nothing.
pub(crate) async fn recorded_payload_reaches_the_bus_under_its_key(stack: Arc<Stack>) {
    let Some(corpus) = paths::corpus() else {
        println!("skipped: no folder of recorded payloads (BITRELAY_SHARED)");
        return;
    };
    let index = std::fs::read_to_string(corpus.join("INDEX.tsv")).unwrap();
    let recorded = index.lines().filter_map(|line| {
        let mut columns = line.split('\t');
        Some((columns.next()?.strip_prefix("webhooks/")?, columns.next()?))
    });
    let http = reqwest::Client::new();
    let mut count = 0;
    for (number, (path, key)) in recorded.enumerate() {
        let bytes = std::fs::read(corpus.join("webhooks").join(path)).unwrap();
        let delivery = Delivery::new(key, &format!("c{number}"), bytes);
        let answer =
            delivery.send(&http, &stack.outputs.webhook_url, &stack.outputs.webhook_secret).await.unwrap();
        let status = answer.status();
        let answer: Value = answer.json().await.unwrap();
        assert_eq!(status, 200, "{path}: {answer}");
        let id = answer["events"][0]
            .as_str()
            .unwrap_or_else(|| panic!("{path} produced no event: {answer}"))
            .to_owned();

        let received = stack
            .subscriber
            .wait(
                Duration::from_mins(1),
                |entry| entry["detail"]["id"] == id.as_str(),
                |received| !received.is_empty(),
            )
            .await;
        assert_eq!(received[0]["detail-type"], key, "{path}");
        let stored = stored_body(&stack, &received[0]["detail"]).await;
        assert!(stored == delivery.body, "{path} is not stored byte for byte");
        count += 1;
    }
    assert!(count > 50, "the index lists only {count} webhooks");
}

async fn stored_body(stack: &Stack, detail: &Value) -> Vec<u8> {
    let subject = &detail["subject"];
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let repository = text(&subject["repository"]["id"]).replace('/', ":");
    let kind = text(&subject["type"]);
    let subject = match kind.as_str() {
        "link" => kind,
        "repository" => format!("{kind}/{repository}"),
        "commit" => format!("{kind}/{repository}/{}", text(&subject["hash"])),
        _ => format!("{kind}/{repository}/{}", subject["id"]),
    };
    let sequence = detail["sequence"].as_u64().unwrap();
    let found = items(stack, &subject, &format!("event#{sequence:012}")).await;
    assert_eq!(found.len(), 1, "{subject} {sequence}");
    body(&found[0])
}
