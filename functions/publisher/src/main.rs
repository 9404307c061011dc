//! The publisher function: wires the table's stream to the bus and the dead-letter queue.

use std::sync::Arc;

use anyhow::Context;
use aws_config::BehaviorVersion;
use bus::EventBridge;
use jiff::Timestamp;
use lambda_runtime::{LambdaEvent, service_fn, tracing};
use metrics::{Metrics, Stdout};
use publisher::handler::{deadline, decode};
use publisher::record::Batch;
use publisher::{Config, Publisher};
use queue::Queue;
use store::SystemClock;

// Lambda gives one processor below 1,769 MB (docs/PERFORMANCE.md). One thread then saves switching between threads.
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    tracing::init_default_subscriber();
    tracing::info!(release = release::RELEASE, "function started");
    let lookup = |name: &str| std::env::var(name).ok();
    let config =
        Config::from_environment(lookup).context("the publisher cannot start: invalid environment")?;
    let metrics = Metrics::from_environment(lookup, Arc::new(Stdout))?;
    let aws = aws_config::load_defaults(BehaviorVersion::latest()).await;
    let publisher = Publisher {
        bus: EventBridge::new(&aws, config.bus),
        dead_letters: Queue::connect(&aws, config.dead_letter_queue_url),
        clock: SystemClock,
        decode,
        table: config.table,
        entry_limit: config.entry_limit,
    };
    let (publisher, metrics) = (&publisher, &metrics);
    lambda_runtime::run(service_fn(move |event: LambdaEvent<Batch>| async move {
        let deadline = deadline(event.context.deadline, Timestamp::now());
        let outcomes = publisher.handle(event.payload, deadline).await;
        if let Some(metrics) = metrics {
            outcomes.measure(metrics, Timestamp::now());
        }
        Ok::<_, lambda_runtime::Error>(outcomes.into_response())
    }))
    .await
}
