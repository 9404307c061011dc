use bitbucket::EventKey;
use bitbucket::payload::MAX_NESTING;
use store::SubjectLog;

use crate::support::{BODY, Function, SECRET, Sent, link, pull_request};

#[tokio::test]
async fn each_kind_of_bad_input_has_its_own_answer() {
    let array = Sent::signed(SECRET, "[1]");
    let table = [
        (Sent::signed(SECRET, "not json"), 400, "the body is not JSON: line 1, column 2"),
        (Sent::signed(SECRET, ""), 400, "the body is not JSON: line 1, column 0"),
        (Sent::signed(SECRET, b"{\"a\":\"\xff\"}".as_slice()), 400, "the body is not JSON: line 1, column 7"),
        (array, 400, "the body is JSON but not an object"),
        (Sent::good().without("x-event-key"), 400, "the X-Event-Key header is missing or not an event key"),
        (
            Sent::good().header("x-event-key", "no key"),
            400,
            "the X-Event-Key header is missing or not an event key",
        ),
        (Sent::good().path("/webhook/other"), 401, "the signature does not match the body"),
        (Sent::good().path("/webhook/..%2f..%2fsecret"), 401, "the signature does not match the body"),
        (Sent::good().path("/webhook/"), 404, "no such path; send webhooks to POST /webhook/{link}"),
        (Sent::good().path("/"), 404, "no such path; send webhooks to POST /webhook/{link}"),
        (Sent::good().method("GET"), 405, "only POST is accepted"),
        (Sent::good().method("PUT"), 405, "only POST is accepted"),
        (Sent::good().without("content-type"), 415, "the content type must be application/json"),
        (Sent::good().header("content-type", "text/plain"), 415, "the content type must be application/json"),
        (Sent::signed(SECRET, vec![b' '; 2 << 20]), 413, "the body is larger than 1048576 bytes"),
        (Sent::signed(SECRET, vec![b' '; (1 << 20) + 1]), 413, "the body is larger than 1048576 bytes"),
    ];
    let function = Function::new();
    for (sent, status, error) in table {
        let (answered, body) = function.answer(sent).await;
        assert_eq!((answered.as_u16(), body["error"].as_str()), (status, Some(error)));
    }
    assert_eq!(function.stored_items(), 0);
}

#[tokio::test]
async fn body_of_exactly_the_limit_is_accepted() {
    let function = Function::new();
    let mut body = BODY.as_bytes().to_vec();
    body.resize(1 << 20, b' ');
    assert_eq!(function.status(Sent::signed(SECRET, body)).await, 200);
}

#[tokio::test]
async fn declared_length_over_the_limit_is_refused() {
    let function = Function::new();
    for (bytes, status) in [(BODY.len(), 200), (1 << 20, 200), ((1 << 20) + 1, 413)] {
        let sent = Sent::good().and_header("content-length", bytes.to_string());
        assert_eq!(function.status(sent).await, status, "{bytes} bytes");
    }
}

#[tokio::test]
async fn key_that_bitbucket_never_sends_is_refused() {
    let function = Function::new();
    let own: Vec<_> = EventKey::KNOWN.iter().filter(|key| !key.is_reported()).collect();
    assert_eq!(own.len(), 8);
    for key in own {
        let (status, body) = function.answer(Sent::good().header("x-event-key", key.as_str())).await;
        assert_eq!(status, 400, "{key}");
        assert_eq!(body["error"], format!("the X-Event-Key header is {key}, which Bitbucket never sends"));
    }
    assert_eq!(function.stored_items(), 0);
}

/// A body of so many levels of objects and arrays.
fn nested(levels: usize) -> String {
    let inner = levels - 2;
    let (open, close) = ("[".repeat(inner), "]".repeat(inner));
    format!(r#"{{"repository":{{"uuid":"{{r}}"}},"pullrequest":{{"id":1,"x":{open}{close}}}}}"#)
}

#[tokio::test]
async fn deepest_accepted_body_can_be_read_back() {
    let function = Function::new();
    assert_eq!(function.status(Sent::signed(SECRET, nested(MAX_NESTING))).await, 200);
    let envelope = function.log().await[0].envelope(None).to_json().to_string();
    assert!(serde_json::from_str::<serde_json::Value>(&envelope).unwrap()["payload"].is_object());
    let state = function.app.table.read(&link(), &pull_request()).await.unwrap();
    assert!(state.pull_request().unwrap().snapshot["x"].is_array());
}

#[tokio::test]
async fn deeper_body_is_refused_and_not_stored() {
    let function = Function::new();
    for levels in [MAX_NESTING + 1, 100, 125, 127, 128, 1_000, 100_000] {
        assert_eq!(function.status(Sent::signed(SECRET, nested(levels))).await, 400, "{levels}");
    }
    assert_eq!(function.stored_items(), 0);
}

#[tokio::test]
async fn content_type_may_have_a_charset() {
    let function = Function::new();
    let sent = Sent::good().header("content-type", "application/JSON; charset=utf-8");
    assert_eq!(function.status(sent).await, 200);
}

#[tokio::test]
async fn unknown_event_key_is_stored() {
    let function = Function::new();
    assert_eq!(function.status(Sent::good().header("x-event-key", "pullrequest:superseded")).await, 200);
    assert_eq!(function.log().await[0].key.as_str(), "pullrequest:superseded");
}

#[tokio::test]
async fn body_without_a_subject_is_stored_for_the_link() {
    let function = Function::new();
    assert_eq!(function.status(Sent::signed(SECRET, "{}")).await, 200);
    assert_eq!(function.log_of(&"link".parse().unwrap()).await.len(), 1);
}

#[tokio::test]
async fn health_check_does_not_read_the_table() {
    let function = Function::new();
    let probe = Sent { body: Vec::new(), ..Sent::good().method("GET").path("/healthz") };
    assert_eq!(function.answer(probe).await.1["status"], "ok");
    assert_eq!(function.app.table.calls().reads, 0);
}
