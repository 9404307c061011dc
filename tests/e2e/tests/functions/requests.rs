//! Malformed requests at the Runtime API, as API Gateway might pass them on.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use e2e::signer::sign;
use serde_json::{Value, json};

use crate::support::{Functions, SECRET, delivery};

/// The event of a signed delivery.
fn event(number: usize) -> Value {
    let delivery = delivery(number);
    json!({
        "version": "2.0",
        "rawPath": "/webhook/acme",
        "rawQueryString": "",
        "headers": {
            "content-type": "application/json",
            "x-event-key": delivery.key,
            "x-request-uuid": delivery.request,
            "x-hook-uuid": delivery.hook,
            "x-hub-signature": sign(SECRET, &delivery.body),
        },
        "requestContext": { "stage": "$default", "http": { "method": "POST", "path": "/webhook/acme" } },
        "body": String::from_utf8(delivery.body).unwrap(),
        "isBase64Encoded": false,
    })
}

async fn status(functions: &Functions, event: &Value) -> Value {
    let answer = functions.runtime.invoke("webhook", event).await;
    answer.unwrap_or_else(|error| panic!("{error}: {event}"))["statusCode"].clone()
}

pub(crate) async fn malformed_requests_are_refused_and_end_no_function(_: Arc<()>) {
    // One process, so that its end would be noticed.
    let functions = Functions::start_with(1, false).await;
    for query in ["x=<", "x=\"", "x= y", "x=\u{0}", "x=\n", &"x".repeat(70_000)] {
        let mut event = event(0);
        event["rawQueryString"] = query.into();
        assert_eq!(status(&functions, &event).await, 400, "{query}");
    }
    let mut not_base64 = event(0);
    not_base64["isBase64Encoded"] = true.into();
    assert_eq!(status(&functions, &not_base64).await, 400);
    assert!(functions.log().await.is_empty());

    // These headers decide nothing: only the signature does.
    let odd = [
        ("x-forwarded-proto", "https,http"),
        ("x-forwarded-proto", ""),
        ("host", "two words"),
        ("host", "example.com:port"),
    ];
    for (number, (name, value)) in odd.into_iter().enumerate() {
        let mut event = event(number);
        event["headers"][name] = value.into();
        assert_eq!(status(&functions, &event).await, 200, "{name}: {value}");
        event["headers"]["x-hub-signature"] = "sha256=00".into();
        assert_eq!(status(&functions, &event).await, 401, "{name}: {value}");
    }

    let mut encoded = event(odd.len());
    encoded["body"] = STANDARD.encode(encoded["body"].as_str().unwrap()).into();
    encoded["isBase64Encoded"] = true.into();
    assert_eq!(status(&functions, &encoded).await, 200);
    assert_eq!(functions.log().await, [1, 2, 3, 4, 5]);
}
