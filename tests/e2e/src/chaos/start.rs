//! The start of a run: simulated Bitbucket, emulated AWS, functions and webhook.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::json;
use simulation::dice::Dice;
use simulator::world::pull_request_events;
use simulator::{Sending, Simulator};
use tokio::net::TcpListener;

use super::Stage;
use crate::aws::Aws;
use crate::bad_day::BadDay;
use crate::lambda::{Function, Lambda, environment};
use crate::table::Dynamo;

const SECRET: &str = "a secret for chaos";

/// Settings of the functions. Windows of seconds, so that a run of minutes has many.
const SETTINGS: [(&str, &str); 9] = [
    ("BITRELAY_WINDOW_SECONDS", "20"),
    ("BITRELAY_WINDOW_MARGIN_SECONDS", "2"),
    ("BITRELAY_POLL_INTERVAL_SECONDS", "3"),
    ("BITRELAY_GRACE_SECONDS", "3"),
    ("BITRELAY_TASK_INTERVAL_SECONDS", "5"),
    ("BITRELAY_SWEEP_SECONDS", "15"),
    ("BITRELAY_FULL_READ_SECONDS", "60"),
    ("BITRELAY_TAIL_SECONDS", "0"),
    ("BITRELAY_CALLS_PER_HOUR", "10000"),
];

const WINDOW_SECONDS: u64 = 20;

/// Timeout of the poller: its runs last 20 seconds. A run that was killed holds its leases for that long.
const POLLER_SECONDS: u64 = 30;

/// Starts everything, and registers the webhook. With a folder, the functions are those of another version in it.
pub(super) async fn start(dice: Dice, from: Option<PathBuf>) -> (Arc<Stage>, BadDay) {
    let dynamo = Dynamo::start().await;
    let aws = Aws::start(&dynamo.url()).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let api_url = format!("http://{}", listener.local_addr().unwrap());
    let settings = simulator::Settings {
        // Its links to further pages lead through the proxy.
        public_url: Some(api_url.clone()),
        window_seconds: WINDOW_SECONDS,
        calls_per_hour: Some(1_000_000),
        sending: Sending { in_order: false, ..Sending::default() },
        ..simulator::Settings::default()
    };
    let simulator = Simulator::start(settings).await.unwrap();
    let day = BadDay::start(listener, format!("http://{}", simulator.address()), dice.clone());
    let link = json!({
        "version": 1,
        "template": "bitbucket-access-token",
        "webhook_secrets": [{ "value": SECRET, "created_at": "2026-11-24T00:00:00Z" }],
        "credential": { "type": "bearer", "token": "bot-access-token" },
    });
    aws.put_secret("chaos/acme", &link);
    let mut environment = environment(aws.url(), dynamo.url(), "chaos/", &api_url);
    environment.extend(SETTINGS.map(|(name, value)| (name, value.to_owned())));
    let function = |name, processes, seconds| Function {
        name,
        processes,
        timeout: Duration::from_secs(seconds),
        environment: environment.clone(),
    };
    let functions =
        vec![function("webhook", 3, 9), function("poller", 2, POLLER_SECONDS), function("publisher", 1, 60)];
    let lambda = Lambda::start_version(functions, from).await;
    let stage = Stage {
        dynamo: tokio::sync::Mutex::new(dynamo),
        aws,
        lambda,
        simulator,
        dice,
        deliveries: Mutex::default(),
    };
    let hook = json!({
        "url": format!("{}/webhook/acme", stage.lambda.url()),
        "events": pull_request_events().collect::<Vec<_>>(),
        "secret": SECRET,
    });
    let (status, answer) = stage.person("alice").post("/hooks", hook).await.unwrap();
    assert_eq!(status, 201, "{answer}");
    (Arc::new(stage), day)
}
