//! Duration of a delivery in the release binary: `make bench-delivery`.
//!
//! The function runs under `cargo lambda watch --only-lambda-apis`, so the figures contain no gateway. The table is an
//! emulator in this process; a real table adds its network. The baseline of the same run is `GET /healthz`, which takes
//! the same path without a signature, a table or a transaction.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a program for people")]

use std::time::{Duration, Instant};

use e2e::aws::Aws;
use e2e::runtime::Runtime;
use e2e::signer::Delivery;
use e2e::table::{Dynamo, TABLE};
use serde_json::json;

const SECRET: &str = "a secret for measuring";
const WARM_UP: usize = 20;
const DELIVERIES: usize = 200;

#[tokio::main]
async fn main() {
    let dynamo = Dynamo::start().await;
    let aws = Aws::start(&dynamo.url()).await;
    let secrets = json!([{ "value": SECRET, "created_at": "2026-11-24T00:00:00Z" }]);
    aws.put_secret(
        "bench/acme",
        &json!({ "version": 1, "template": "bitbucket-webhook", "webhook_secrets": secrets }),
    );
    let mut runtime = Runtime::start().await;
    let table_url = dynamo.url();
    let environment = [
        ("AWS_ENDPOINT_URL", aws.url()),
        ("AWS_ENDPOINT_URL_DYNAMODB", table_url.as_str()),
        ("BITRELAY_TABLE", TABLE),
        ("BITRELAY_LINK_SECRET_PREFIX", "bench/"),
    ];
    runtime.start_function("webhook", 1, &environment);
    let http = reqwest::Client::new();

    let health_url = format!("{}/healthz", runtime.url("webhook"));
    let baseline = measure(async |_| http.get(&health_url).send().await.unwrap().status().as_u16()).await;
    let url = format!("{}/webhook/acme", runtime.url("webhook"));
    let delivery =
        measure(async |number| delivery(number).send(&http, &url, SECRET).await.unwrap().status().as_u16())
            .await;

    println!(
        "{DELIVERIES} deliveries, one at a time, after {WARM_UP} for warming up; {} processors",
        processors()
    );
    print("GET /healthz (baseline)", &baseline, &baseline);
    print("signed delivery, stored", &delivery, &baseline);
}

async fn measure(call: impl AsyncFn(usize) -> u16) -> Vec<Duration> {
    let mut times = Vec::new();
    for number in 0..WARM_UP + DELIVERIES {
        let started = Instant::now();
        let status = call(number).await;
        let time = started.elapsed();
        assert_eq!(status, 200, "call {number}");
        if number >= WARM_UP {
            times.push(time);
        }
    }
    times.sort_unstable();
    times
}

/// Creates a comment on one of ten pull requests, with a payload of the usual size.
fn delivery(number: usize) -> Delivery {
    let time = "2026-11-24T10:00:00+00:00";
    let body = json!({
        "repository": { "uuid": "{r}", "full_name": "acme/widgets", "workspace": { "slug": "acme" } },
        "actor": { "display_name": "Alice", "type": "user", "uuid": "{a}" },
        "pullrequest": {
            "id": number % 10,
            "title": "A title",
            "description": "A line of a description.\n".repeat(100),
            "updated_on": time,
        },
        "comment": {
            "id": number,
            "content": { "raw": format!("Comment {number}") },
            "created_on": time,
            "updated_on": time,
        },
    });
    Delivery::new("pullrequest:comment_created", &number.to_string(), body.to_string())
}

fn print(label: &str, times: &[Duration], baseline: &[Duration]) {
    let at = |times: &[Duration], percent: usize| {
        times.get(times.len() * percent / 100).copied().unwrap_or_default()
    };
    let (p50, p95) = (at(times, 50), at(times, 95));
    let ratio = p50.as_secs_f64() / at(baseline, 50).as_secs_f64();
    println!(
        "{label:28} p50 {:6.2} ms   p95 {:6.2} ms   {ratio:5.1} times the baseline",
        p50.as_secs_f64() * 1e3,
        p95.as_secs_f64() * 1e3
    );
}

fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}
