//! Headers, signature, resends, time-outs, size.

use crate::stage::{Reply, SECRET, Stage, content, settings};
use serde_json::json;
use simulator::deliveries::Outcome;
use simulator::world::{MAX_PAYLOAD_BYTES, SilenceReason};
use simulator::{FaultRequest, Sending, Settings};

#[tokio::test]
async fn a_webhook_carries_the_headers_of_bitbucket() {
    let stage = Stage::open().await;
    stage.pull_request().await;
    let webhook = stage.received().await.pop().unwrap();
    assert_eq!(webhook.header("X-Event-Key"), "pullrequest:created");
    assert_eq!(webhook.header("X-Attempt-Number"), "1");
    assert_eq!(webhook.header("Content-Type"), "application/json");
    assert_eq!(webhook.header("User-Agent"), "Bitbucket-Webhooks/2.0");
    assert_eq!(webhook.header("X-Request-UUID").len(), 36);
    let hooks = stage.read("/hooks").await;
    assert_eq!(
        format!("{{{}}}", webhook.header("X-Hook-UUID")),
        hooks["values"][0]["uuid"].as_str().unwrap()
    );
    assert_eq!(webhook.header("X-Hub-Signature"), simulator::signature::sign(SECRET, &webhook.bytes));
}

#[tokio::test]
async fn a_hook_without_a_secret_signs_nothing() {
    let stage = Stage::without_hook(settings()).await;
    let hook = json!({ "url": stage.hook_url, "events": ["pullrequest:created"], "secret": "" });
    stage.alice.post("/hooks", hook).await.unwrap();
    stage.pull_request().await;
    assert_eq!(stage.received().await[0].header("X-Hub-Signature"), "");
}

#[tokio::test]
async fn braces_in_the_headers_are_a_setting() {
    let sending = Sending { braces_in_headers: true, ..settings().sending };
    let stage = Stage::with(Settings { sending, ..settings() }).await;
    stage.pull_request().await;
    let webhook = stage.received().await.pop().unwrap();
    assert!(webhook.header("X-Hook-UUID").starts_with('{'));
    assert!(webhook.header("X-Request-UUID").ends_with('}'));
}

#[tokio::test]
async fn after_a_5xx_it_is_sent_twice_more_with_the_same_uuid() {
    let stage = Stage::open().await;
    stage.will_reply(&[Reply::Status(503), Reply::Status(500), Reply::Status(599), Reply::Status(200)]);
    stage.pull_request().await;
    let attempts = stage.received().await;
    let numbers: Vec<&str> = attempts.iter().map(|attempt| attempt.header("X-Attempt-Number")).collect();
    assert_eq!(numbers, ["1", "2", "3"]);
    assert!(attempts.iter().all(|attempt| attempt.bytes == attempts[0].bytes));
    let uuids: Vec<&str> = attempts.iter().map(|attempt| attempt.header("X-Request-UUID")).collect();
    assert!(uuids.iter().all(|uuid| *uuid == uuids[0]));
    let record = stage.records("pullrequest:created").pop().unwrap();
    assert_eq!(record.outcome, Outcome::Failed);
    let statuses: Vec<Option<u16>> = record.attempts.iter().map(|attempt| attempt.status).collect();
    assert_eq!(statuses, [Some(503), Some(500), Some(599)]);
}

#[tokio::test]
async fn a_resend_that_is_accepted_is_the_last() {
    let stage = Stage::open().await;
    stage.will_reply(&[Reply::Status(503)]);
    stage.pull_request().await;
    assert_eq!(stage.received().await.len(), 2);
    assert_eq!(stage.records("pullrequest:created").pop().unwrap().outcome, Outcome::Delivered);
}

#[tokio::test]
async fn each_attempt_can_have_a_uuid_of_its_own() {
    let stage = Stage::open().await;
    let request = FaultRequest { new_request_uuid_each_attempt: Some(true), ..FaultRequest::default() };
    stage.simulator.fault(request).unwrap();
    stage.will_reply(&[Reply::Status(503), Reply::Status(503)]);
    stage.pull_request().await;
    let mut uuids: Vec<String> =
        stage.received().await.iter().map(|attempt| attempt.header("X-Request-UUID").to_owned()).collect();
    uuids.sort();
    uuids.dedup();
    assert_eq!(uuids.len(), 3);
}

#[tokio::test]
async fn nothing_but_a_5xx_is_sent_again() {
    for status in [301, 400, 401, 404, 429] {
        let stage = Stage::open().await;
        stage.will_reply(&[Reply::Status(status)]);
        stage.pull_request().await;
        assert_eq!(stage.received().await.len(), 1, "{status}");
        assert_eq!(stage.records("pullrequest:created").pop().unwrap().outcome, Outcome::Failed);
    }
}

#[tokio::test]
async fn a_time_out_is_not_sent_again() {
    let stage = Stage::open().await;
    stage.will_reply(&[Reply::Hang]);
    stage.pull_request().await;
    assert_eq!(stage.received().await.len(), 1);
    assert_eq!(stage.records("pullrequest:created").pop().unwrap().outcome, Outcome::TimedOut);
}

#[tokio::test]
async fn refused_connection_is_recorded_and_not_retried() {
    let stage = Stage::without_hook(settings()).await;
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let hook = json!({ "url": format!("http://{free}/"), "events": ["pullrequest:created"] });
    stage.alice.post("/hooks", hook).await.unwrap();
    stage.pull_request().await;
    stage.received().await;
    let record = stage.records("pullrequest:created").pop().unwrap();
    assert_eq!((record.outcome, record.attempts.len()), (Outcome::Unreachable, 1));
}

#[tokio::test]
async fn a_payload_over_256_kilobytes_is_silently_not_sent() {
    let stage = Stage::open().await;
    let long = "x".repeat(MAX_PAYLOAD_BYTES / 5);
    let new = json!({ "title": "t", "description": long, "source": { "branch": { "name": "gear" } } });
    let (status, shown) = stage.alice.post("/pullrequests", new).await.unwrap();
    assert_eq!(status, 201);
    stage.comment(&format!("/pullrequests/{}", shown["id"]), content("too long?")).await;
    assert_eq!(stage.keys().await, [""; 0], "all webhooks of such a pull request are lost");
    let record = stage.records("pullrequest:created").pop().unwrap();
    assert_eq!((record.outcome, record.reason), (Outcome::Silent, Some(SilenceReason::PayloadTooLarge)));
}

#[tokio::test]
async fn webhooks_can_be_lost_doubled_and_late() {
    let stage = Stage::open().await;
    let path = stage.pull_request().await;
    stage.forget().await;
    let request =
        FaultRequest { lose_next: 1, double_next: 1, delay_next_ms: Some(150), ..FaultRequest::default() };
    stage.simulator.fault(request).unwrap();
    for text in ["lost", "doubled", "late", "on time"] {
        stage.comment(&path, content(text)).await;
    }
    let texts: Vec<_> =
        stage.received().await.iter().map(|one| one.body()["comment"]["content"]["raw"].clone()).collect();
    assert_eq!(texts, ["doubled", "doubled", "on time", "late"]);
    assert_eq!(stage.records("pullrequest:comment_created")[0].outcome, Outcome::Lost);
}

#[tokio::test]
async fn a_resend_holds_up_nobody() {
    let sending = Sending { resend_after: std::time::Duration::from_millis(150), ..settings().sending };
    let stage = Stage::with(Settings { sending, ..settings() }).await;
    stage.will_reply(&[Reply::Status(503)]);
    let path = stage.pull_request().await;
    stage.comment(&path, content("hello")).await;
    let keys = ["pullrequest:created", "pullrequest:comment_created", "pullrequest:created"];
    assert_eq!(stage.keys().await, keys);
}

#[tokio::test]
async fn webhooks_without_order_all_arrive() {
    let sending = Sending { in_order: false, ..settings().sending };
    let stage = Stage::with(Settings { sending, ..settings() }).await;
    let path = stage.pull_request().await;
    for number in 0..20 {
        stage.comment(&path, content(&number.to_string())).await;
    }
    assert_eq!(stage.received().await.len(), 21);
}
