//! Events of API Gateway as Lambda passes them on, some of them malformed by their sender.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::Request;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use metrics::Metrics;
use serde_json::{Map, Value, json};
use store::memory::Fault;
use tower::ServiceExt;
use webhook::event::{self, HttpEvent};
use webhook::{refusals, router};

use crate::support::{BODY, Function, SECRET, Sent};

/// The event of a request.
fn event(sent: Sent) -> Value {
    let headers: Map<_, _> =
        sent.headers.into_iter().map(|(name, value)| (name.to_owned(), Value::from(value))).collect();
    json!({
        "version": "2.0",
        "routeKey": "ANY /webhook/{link}",
        "rawPath": sent.path,
        "rawQueryString": "",
        "headers": headers,
        "requestContext": {
            "domainName": "abc.execute-api.eu-west-1.amazonaws.com",
            "stage": "$default",
            "http": { "method": sent.method, "path": sent.path, "protocol": "HTTP/1.1" },
        },
        "pathParameters": { "link": "acme" },
        "body": String::from_utf8(sent.body).unwrap(),
        "isBase64Encoded": false,
    })
}

/// The event of a valid, signed delivery.
fn good() -> Value {
    event(Sent::good())
}

fn with(pointer: &str, value: impl Into<Value>) -> Value {
    let mut event = good();
    *event.pointer_mut(pointer).unwrap() = value.into();
    event
}

async fn answer(function: &Function, event: Value) -> Value {
    let event: HttpEvent = serde_json::from_value(event).unwrap();
    serde_json::to_value(event::answer(router(Arc::clone(&function.app)), event).await).unwrap()
}

#[tokio::test]
async fn malformed_request_is_answered_400() {
    let function = Function::new();
    let queries = ["x=<", "x=>", "x=\"", "x= y", "x=\u{0}", "x=\n", "x=\u{7f}", "x=\r\nHost: y"];
    let mut events: Vec<_> = queries.into_iter().map(|query| with("/rawQueryString", query)).collect();
    events.push(with("/rawQueryString", "x".repeat(70_000)));
    events.extend(
        ["/webhook/a cme", "/webhook/\u{0}", "/webhook/<", "", "a b", "h:x/y"]
            .map(|path| with("/rawPath", path)),
    );
    events.extend(["", "PO ST", "\n"].map(|method| with("/requestContext/http/method", method)));
    events.push(event(Sent::good().header("x-odd", "a\nb")));
    events.push(event(Sent::good().header("x odd", "a")));
    for event in events {
        let answered = answer(&function, event.clone()).await;
        assert_eq!(answered["statusCode"], 400, "{event}");
        assert_eq!(answered["headers"]["content-type"], "application/json");
        let body: Value = serde_json::from_str(answered["body"].as_str().unwrap()).unwrap();
        assert_eq!(body["error"], "the path, the query, the method or a header is malformed");
    }
    assert_eq!(function.stored_items(), 0);
}

#[tokio::test]
async fn host_and_protocol_headers_decide_nothing() {
    let odd = [
        ("x-forwarded-proto", "https,http"),
        ("x-forwarded-proto", ""),
        ("x-forwarded-proto", "no scheme"),
        ("host", "two words"),
        ("host", "example.com:port"),
        ("host", "example.com:99999"),
        ("host", ""),
        ("host", "[::1"),
    ];
    for (name, value) in odd {
        let function = Function::new();
        let unsigned = event(Sent::good().without("x-hub-signature").header(name, value));
        assert_eq!(answer(&function, unsigned).await["statusCode"], 401, "{name}: {value}");
        assert_eq!(function.stored_items(), 0);
        let signed = event(Sent::good().header(name, value));
        assert_eq!(answer(&function, signed).await["statusCode"], 200, "{name}: {value}");
        assert_eq!(function.log().await.len(), 1);
    }
}

#[tokio::test]
async fn base64_body_is_decoded_before_its_signature_is_checked() {
    let function = Function::new();
    let mut event = with("/body", STANDARD.encode(BODY));
    event["isBase64Encoded"] = true.into();
    assert_eq!(answer(&function, event).await["statusCode"], 200);
    assert_eq!(function.log().await.len(), 1);
}

#[tokio::test]
async fn body_that_is_not_the_promised_base64_is_answered_400() {
    let function = Function::new();
    for body in [BODY, "a", "AAA", "AA=A", "AA==\n", "Ä"] {
        let mut event = event(Sent::signed(SECRET, body));
        event["isBase64Encoded"] = true.into();
        assert_eq!(answer(&function, event).await["statusCode"], 400, "{body}");
    }
    assert_eq!(function.stored_items(), 0);
}

#[tokio::test]
async fn event_without_optional_fields_is_answered() {
    let function = Function::new();
    let event = json!({ "rawPath": "/healthz", "requestContext": { "http": { "method": "GET" } } });
    let answered = answer(&function, event).await;
    assert_eq!((&answered["statusCode"], &answered["isBase64Encoded"]), (&json!(200), &json!(false)));
}

/// A route that answers with the parts of its request.
fn echo() -> Router {
    Router::new().fallback(async |request: Request| {
        let (parts, body) = request.into_parts();
        let body: Bytes = axum::body::to_bytes(body, 1 << 20).await.unwrap();
        let mut headers: Vec<_> = parts.headers.iter().collect();
        headers.sort_by_key(|(name, _)| name.as_str());
        format!("{} {} {:?} {headers:?} {body:?}", parts.method, parts.uri.path(), parts.uri.query())
    })
}

#[tokio::test]
async fn well_formed_event_becomes_the_request_that_lambda_http_makes() {
    let mut encoded = with("/body", STANDARD.encode([0, 159, 146, 150]));
    encoded["isBase64Encoded"] = true.into();
    let table = [
        good(),
        encoded,
        with("/body", Value::Null),
        with("/rawQueryString", "id=acme&nonce=%3C%22%20&x=a+b"),
        with("/rawPath", "/webhook/%2e%2e%2fsecret"),
        with("/requestContext/http/method", "DELETE"),
        event(Sent::good().header("host", "example.com").header("x-forwarded-proto", "https")),
        event(Sent::good().header("x-odd", "Ä, \t\"{}\"")),
    ];
    for event in table {
        let theirs = lambda_http::request::from_str(&event.to_string()).unwrap();
        let theirs = echo().oneshot(theirs).await.unwrap();
        let theirs = axum::body::to_bytes(theirs.into_body(), 1 << 20).await.unwrap();
        let ours: HttpEvent = serde_json::from_value(event).unwrap();
        let ours = serde_json::to_value(event::answer(echo(), ours).await).unwrap();
        assert_eq!(ours["body"].as_str().unwrap().as_bytes(), theirs);
    }
}

#[tokio::test]
async fn refused_deliveries_are_counted_by_class() {
    let health = Sent { body: Vec::new(), ..Sent::good().method("GET").path("/healthz") };
    let deep = "[".repeat(1_000);
    let table = [
        (event(Sent::good().without("x-hub-signature")), 401, Some("DeliveriesUnauthorized")),
        (event(Sent::signed("wrong", BODY)), 401, Some("DeliveriesUnauthorized")),
        (event(Sent::good().path("/webhook/other")), 401, Some("DeliveriesToUnknownLinks")),
        (event(Sent::good().path("/webhook/NO")), 401, Some("DeliveriesToUnknownLinks")),
        (event(Sent::good().path("/webhook/a/b")), 404, Some("DeliveriesToUnknownLinks")),
        (event(Sent::signed(SECRET, "[]")), 400, Some("DeliveriesMalformed")),
        (event(Sent::signed(SECRET, deep)), 400, Some("DeliveriesMalformed")),
        (with("/rawQueryString", "x=<"), 400, Some("DeliveriesMalformed")),
        (event(Sent::signed(SECRET, vec![b' '; 2 << 20])), 413, Some("DeliveriesMalformed")),
        (event(Sent::good().without("content-type")), 415, Some("DeliveriesMalformed")),
        (event(Sent::good().method("GET")), 405, None),
        (event(Sent::good().path("/other")), 404, None),
        (event(health), 200, None),
        (good(), 200, None),
    ];
    let function = Function::new();
    let lines = Arc::new(Mutex::new(Vec::<String>::new()));
    let metrics = Metrics::new("test".parse().unwrap(), lines.clone());
    // One that cannot be folded at once, after all the others.
    let kept = event(Sent::signed(SECRET, format!("{BODY} ")).header("x-request-uuid", "request-2"));
    let table = table.into_iter().chain([(kept, 202, Some("DeliveriesKept"))]);
    for (event, status, name) in table {
        if status == 202 {
            function.app.table.inject(Fault::CommitRefused, 1);
        }
        let event: HttpEvent = serde_json::from_value(event).unwrap();
        assert_eq!(format!("{event:?}"), "HttpEvent { .. }");
        let now = "2026-11-24T10:00:05Z".parse().unwrap();
        let answer = refusals::answer(router(Arc::clone(&function.app)), Some(&metrics), event, now).await;
        assert_eq!(answer.status(), status);
        let written: Vec<Value> =
            lines.lock().unwrap().drain(..).map(|line| serde_json::from_str(&line).unwrap()).collect();
        assert_eq!(written.len(), usize::from(name.is_some()), "{status}: {written:?}");
        if let Some(name) = name {
            assert_eq!((&written[0][name], &written[0]["stack"]), (&json!(1), &json!("test")));
        }
    }
}

#[tokio::test]
async fn items_that_a_state_lets_go_of_are_counted() {
    let mut function = Function::new();
    Arc::get_mut(&mut function.app).unwrap().settings.max_state_weight = 1;
    let lines = Arc::new(Mutex::new(Vec::<String>::new()));
    let metrics = Metrics::new("test".parse().unwrap(), lines.clone());
    let body = BODY.replacen('{', r#"{ "comment": {"id": 5, "content": {"raw": "Hello"}}, "#, 1);
    let sent = Sent::signed(SECRET, body).header("x-event-key", "pullrequest:comment_created");
    let event: HttpEvent = serde_json::from_value(event(sent)).unwrap();
    let now = "2026-11-24T10:00:05Z".parse().unwrap();
    let answer = refusals::answer(router(Arc::clone(&function.app)), Some(&metrics), event, now).await;
    assert_eq!(answer.status(), 200);
    assert_eq!(function.log().await.len(), 1, "its event is stored");
    let line: Value = serde_json::from_str(&lines.lock().unwrap()[0]).unwrap();
    assert_eq!((&line["ItemsLetGo"], &line["stack"]), (&json!(1), &json!("test")));
}
