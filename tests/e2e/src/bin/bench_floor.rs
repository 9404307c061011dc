//! Compares the webhook function with a floor: `make bench-floor`.
//!
//! The floor (`tests/floor`) checks one HMAC and puts the same bytes with one condition. Both run as processes on the
//! same stand-in for Lambda, over the same emulated table, with the same deliveries in turns. So a ratio of their
//! figures says what bitrelay costs more than the least that any such function costs, on any machine.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::indexing_slicing,
    reason = "a program for people"
)]

use std::time::{Duration, Instant};

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use e2e::aws::Aws;
use e2e::lambda::{Function, Lambda, event};
use e2e::meter::{self, Meter};
use e2e::signer::{Delivery, sign};
use e2e::table::{Dynamo, TABLE};
use serde_json::{Value, json};

const SECRET: &str = "a secret for measuring";
const WARM_UP: usize = 50;
const DELIVERIES: u32 = 1_000;
const PULL_REQUESTS: usize = 100;
const STARTS: usize = 15;
const IDLE_RUNS: usize = 50;
const PAYLOAD: &str = include_str!("../../../fixtures/webhooks/pullrequest.comment_created.json");

#[tokio::main]
async fn main() {
    let dynamo = Dynamo::start().await;
    let aws = Aws::start(&dynamo.url()).await;
    let secrets = json!([{ "value": SECRET, "created_at": "2026-11-24T00:00:00Z" }]);
    aws.put_secret(
        "bench/acme",
        &json!({ "version": 1, "template": "bitbucket-webhook", "webhook_secrets": secrets }),
    );
    let functions = ["webhook", "floor", "poller"].map(|name| function(name, &aws, &dynamo));

    let mut starts = [const { Vec::new() }; 2];
    for number in 0..STARTS {
        for (times, function) in starts.iter_mut().zip(&functions) {
            let started = Instant::now();
            let lambda = Lambda::start(vec![function.clone()]).await;
            deliver(&lambda, function.name, 1_000_000 + number).await;
            times.push(started.elapsed());
            lambda.stop().await;
        }
    }

    let lambda = Lambda::start(functions.to_vec()).await;
    let mut warm = [const { Vec::new() }; 2];
    let mut before = [Meter::default(); 2];
    for number in 0..WARM_UP + DELIVERIES as usize {
        if number == WARM_UP {
            before = ["webhook", "floor"].map(|name| meter::read(&lambda, name));
        }
        for (times, name) in warm.iter_mut().zip(["webhook", "floor"]) {
            let time = deliver(&lambda, name, number).await;
            if number >= WARM_UP {
                times.push(time);
            }
        }
    }
    let after = ["webhook", "floor"].map(|name| meter::read(&lambda, name));

    println!(
        "{DELIVERIES} deliveries of {} bytes to each, in turns; {STARTS} starts; {} processors\n",
        PAYLOAD.len(),
        std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
    );
    println!("| one at a time | webhook | floor | ratio | target |\n| --- | ---: | ---: | ---: | ---: |");
    let [ours, floor] = &mut warm;
    row("a warm delivery, median (ms)", ms(at(ours, 50)), ms(at(floor, 50)), "2.0");
    row("a warm delivery, 95th percentile (ms)", ms(at(ours, 95)), ms(at(floor, 95)), "");
    let cpu = |of: usize| ms(after[of].cpu.saturating_sub(before[of].cpu)) / f64::from(DELIVERIES);
    row("processor time of a delivery (ms)", cpu(0), cpu(1), "2.0");
    let [ours, floor] = &mut starts;
    row("start to first answer, median (ms)", ms(at(ours, 50)), ms(at(floor, 50)), "1.2");
    row("largest resident memory (MB)", after[0].memory_mb, after[1].memory_mb, "");
    println!("\nIdle run of the poller, median: {:.1} ms (target 50)", ms(idle(&lambda).await));
    lambda.stop().await;
}

fn function(name: &'static str, aws: &Aws, dynamo: &Dynamo) -> Function {
    let environment = vec![
        ("AWS_ENDPOINT_URL", aws.url().to_owned()),
        ("AWS_ENDPOINT_URL_DYNAMODB", dynamo.url()),
        ("BITRELAY_TABLE", TABLE.to_owned()),
        ("BITRELAY_LINK_SECRET_PREFIX", "bench/".to_owned()),
        ("BITRELAY_BITBUCKET_API_URL", "http://127.0.0.1:9/2.0".to_owned()),
        ("FLOOR_SECRET", SECRET.to_owned()),
    ];
    Function { name, processes: 1, timeout: Duration::from_mins(1), environment }
}

/// Delivers a comment on one of the pull requests, and returns the time to the answer.
async fn deliver(lambda: &Lambda, function: &str, number: usize) -> Duration {
    let mut body: Value = serde_json::from_str(PAYLOAD).unwrap();
    body["pullrequest"]["id"] = (number % PULL_REQUESTS).into();
    body["comment"]["id"] = number.into();
    body["comment"]["content"]["raw"] = format!("Comment {number}").into();
    let delivery = Delivery::new("pullrequest:comment_created", &number.to_string(), body.to_string());
    let event = event("POST", "/webhook/acme", "", &headers(&delivery), &delivery.body);
    let started = Instant::now();
    let answer = lambda.invoke(function, event).await.unwrap();
    let time = started.elapsed();
    assert_eq!(answer["statusCode"], 200, "{function}, delivery {number}: {answer}");
    time
}

fn headers(delivery: &Delivery) -> HeaderMap {
    [
        ("content-type", "application/json"),
        ("user-agent", "Bitbucket-Webhooks/2.0"),
        ("x-event-key", &delivery.key),
        ("x-request-uuid", &delivery.request),
        ("x-hook-uuid", &delivery.hook),
        ("x-attempt-number", "1"),
        ("x-hub-signature", &sign(SECRET, &delivery.body)),
    ]
    .into_iter()
    .map(|(name, value)| {
        (HeaderName::from_bytes(name.as_bytes()).unwrap(), HeaderValue::from_str(value).unwrap())
    })
    .collect()
}

/// Returns the median time of a poller's run with nothing to do.
async fn idle(lambda: &Lambda) -> Duration {
    let mut times = Vec::new();
    for _ in 0..IDLE_RUNS {
        let started = Instant::now();
        lambda
            .invoke("poller", json!({ "source": "aws.events", "detail-type": "Scheduled Event" }))
            .await
            .unwrap();
        times.push(started.elapsed());
    }
    at(&mut times, 50)
}

fn at(times: &mut [Duration], percent: usize) -> Duration {
    times.sort_unstable();
    times[times.len() * percent / 100]
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

fn row(name: &str, ours: f64, floor: f64, target: &str) {
    println!("| {name} | {ours:.2} | {floor:.2} | {:.2} | {target} |", ours / floor);
}
