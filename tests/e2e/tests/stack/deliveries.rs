//! Deliveries over HTTP: forged, repeated and malformed ones.

use std::sync::Arc;
use std::time::Duration;

use e2e::signer::{Delivery, sign};
use e2e::stack::Stack;
use futures::future::join_all;
use serde_json::{Value, json};

use crate::support::{items, lines};

const ONE_MINUTE: Duration = Duration::from_mins(1);
const TWO_MINUTES: Duration = Duration::from_mins(2);

/// Creates a delivery about a pull request that only this story uses.
fn delivery(story: &str, request: &str) -> Delivery {
    let body = json!({
        "repository": { "uuid": format!("{{{story}}}"), "full_name": "acme/elsewhere" },
        "actor": { "display_name": "Alice", "type": "user" },
        "pullrequest": { "id": 1, "title": story, "updated_on": "2026-11-24T10:00:00.000001+00:00" },
    });
    Delivery::new("pullrequest:updated", request, body.to_string())
}

fn subject(story: &str) -> String {
    format!("pullrequest/{story}/1")
}

fn about(story: &'static str) -> impl Fn(&Value) -> bool {
    move |entry| entry["detail"]["subject"]["repository"]["id"] == story
}

pub(crate) async fn forged_delivery_is_refused_and_stores_nothing(stack: Arc<Stack>) {
    let http = reqwest::Client::new();
    let (url, secret) = (&stack.outputs.webhook_url, &stack.outputs.webhook_secret);
    let delivery = delivery("forged", "f0");
    let good = sign(secret, &delivery.body);
    let digits = &good["sha256=".len()..];
    let forged = [
        sign("another secret", &delivery.body),
        sign("", &delivery.body),
        sign(secret, b"another body"),
        format!("sha1={digits}"),
        format!("sha256={}", digits.to_uppercase()),
        good[..good.len() - 1].to_owned(),
        format!("{good}, {good}"),
    ];
    for header in forged {
        let answer = delivery.unsigned(&http, url).header("x-hub-signature", &header).send().await.unwrap();
        assert_eq!(answer.status(), 401, "{header}");
    }
    assert_eq!(delivery.unsigned(&http, url).send().await.unwrap().status(), 401);
    let twice =
        delivery.unsigned(&http, url).header("x-hub-signature", &good).header("x-hub-signature", &good);
    assert_eq!(twice.send().await.unwrap().status(), 401);
    assert_eq!(items(&stack, &subject("forged"), "state").await.len(), 0);
}

pub(crate) async fn same_delivery_twice_is_one_event(stack: Arc<Stack>) {
    let http = reqwest::Client::new();
    let mut statuses = Vec::new();
    for _ in 0..2 {
        let sent = delivery("twice", "d0")
            .send(&http, &stack.outputs.webhook_url, &stack.outputs.webhook_secret)
            .await;
        let answer: Value = sent.unwrap().json().await.unwrap();
        statuses.push(answer["status"].as_str().unwrap().to_owned());
    }
    assert_eq!(statuses, ["stored", "known"]);
    let received = stack.subscriber.wait(ONE_MINUTE, about("twice"), |received| !received.is_empty()).await;
    assert_eq!(lines(&received), ["1 pullrequest:updated webhook"]);
    assert_eq!(items(&stack, &subject("twice"), "event#").await.len(), 1);
}

pub(crate) async fn delivery_sent_fifty_times_at_once_is_one_event(stack: Arc<Stack>) {
    let http = reqwest::Client::new();
    let delivery = delivery("fifty", "e0");
    let statuses = join_all((0..50).map(|_| send_as_bitbucket(&stack, &http, &delivery))).await;
    assert!(statuses.iter().all(|status| (200..300).contains(status)), "{statuses:?}");
    stack.subscriber.wait(ONE_MINUTE, about("fifty"), |received| !received.is_empty()).await;
    assert_eq!(items(&stack, &subject("fifty"), "event#").await.len(), 1);
    assert_eq!(stack.subscriber.received(about("fifty")).len(), 1);
}

pub(crate) async fn genuine_body_under_a_false_key_concludes_nothing(stack: Arc<Stack>) {
    let http = reqwest::Client::new();
    let body = |state: &str, second: u32| {
        json!({
            "repository": { "uuid": "{false-key}", "full_name": "acme/elsewhere" },
            "actor": { "display_name": "Alice", "type": "user" },
            "pullrequest": {
                "id": 1, "state": state, "title": "Not merged", "created_on": "2026-11-24T10:00:00Z",
                "updated_on": format!("2026-11-24T10:00:{second:02}Z"),
            },
        })
        .to_string()
    };
    let open = body("OPEN", 0);
    for (key, request, body) in [
        ("pullrequest:created", "k0", open.clone()),
        ("pullrequest:fulfilled", "k1", open),
        ("pullrequest:fulfilled", "k2", body("MERGED", 1)),
    ] {
        assert_eq!(send_as_bitbucket(&stack, &http, &Delivery::new(key, request, body)).await, 200);
    }
    let received =
        stack.subscriber.wait(ONE_MINUTE, about("false-key"), |received| received.len() >= 3).await;
    let published: Vec<_> = received
        .iter()
        .map(|entry| (entry["detail-type"].as_str().unwrap(), entry["detail"]["trusted"] != false))
        .collect();
    assert_eq!(
        published,
        [("pullrequest:created", true), ("pullrequest:fulfilled", false), ("pullrequest:fulfilled", true)]
    );
    assert!(received[1]["detail"]["changes"].is_null(), "nothing follows from it: {}", received[1]);
}

/// Sends a delivery as Bitbucket does: up to three times, while it is answered 5xx.
async fn send_as_bitbucket(stack: &Stack, http: &reqwest::Client, delivery: &Delivery) -> u16 {
    let mut status = 0;
    for attempt in 1..=3 {
        let delivery = Delivery { attempt, ..delivery.clone() };
        let sent = delivery.send(http, &stack.outputs.webhook_url, &stack.outputs.webhook_secret).await;
        status = sent.unwrap().status().as_u16();
        if status < 500 {
            break;
        }
    }
    status
}

pub(crate) async fn two_hundred_deliveries_at_once_are_all_published(stack: Arc<Stack>) {
    let http = reqwest::Client::new();
    let deliveries: Vec<_> = (0..200)
        .map(|number| {
            let body = json!({
                "repository": { "uuid": "{burst}", "full_name": "acme/elsewhere" },
                "actor": { "display_name": "Alice", "type": "user" },
                "pullrequest": { "id": 1, "title": "burst", "updated_on": "2026-11-24T10:00:00.000001+00:00" },
                "comment": {
                    "id": 1_000 + number, "content": { "raw": format!("comment {number}") },
                    "created_on": "2026-11-24T10:00:00Z", "updated_on": "2026-11-24T10:00:00Z",
                },
            });
            Delivery::new("pullrequest:comment_created", &format!("b{number}"), body.to_string())
        })
        .collect();
    let sent = deliveries.iter().map(|delivery| send_as_bitbucket(&stack, &http, delivery));
    let statuses = join_all(sent).await;
    assert!(statuses.iter().all(|status| (200..300).contains(status)), "{statuses:?}");
    let received = stack.subscriber.wait(TWO_MINUTES, about("burst"), |received| received.len() >= 200).await;
    let mut sequences: Vec<_> = received.iter().map(|entry| entry["detail"]["sequence"].as_u64()).collect();
    sequences.sort_unstable();
    assert!(sequences.into_iter().eq((1..=200).map(Some)), "each event once, without a gap");
    let kept = statuses.iter().filter(|status| **status == 202).count();
    println!("200 deliveries at once: {} folded at once, {kept} kept", 200 - kept);
}

pub(crate) async fn bad_input_is_answered_with_the_reason(stack: Arc<Stack>) {
    let http = reqwest::Client::new();
    let (url, secret) = (&stack.outputs.webhook_url, &stack.outputs.webhook_secret);
    let signed = |body: &[u8]| {
        let request = Delivery::new("pullrequest:updated", "b0", body).unsigned(&http, url);
        request.header("x-hub-signature", sign(secret, body))
    };
    let unknown_link = url.replace(&format!("/webhook/{}", stack.outputs.link), "/webhook/nobody");
    assert_ne!(&unknown_link, url);
    let bare = http.post(url).header("content-type", "application/json").body("{}");
    let table = [
        (signed(b"not json"), 400),
        (signed(b"[]"), 400),
        (bare.header("x-hub-signature", sign(secret, b"{}")), 400),
        (Delivery::new("pullrequest:updated", "b1", "{}").unsigned(&http, &unknown_link), 401),
        (http.get(url), 405),
        (http.post(url).header("content-type", "text/plain").body("{}"), 415),
        (signed(&vec![b' '; 2 << 20]), 413),
    ];
    for (request, status) in table {
        let answer = request.send().await.unwrap();
        let (answered, body) = (answer.status().as_u16(), answer.text().await.unwrap());
        assert_eq!(answered, status, "{body}");
        let body: Value = serde_json::from_str(&body).unwrap();
        assert!(body["error"].as_str().is_some_and(|error| !error.is_empty()), "{body}");
    }
}
