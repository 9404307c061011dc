//! Wires the poller: environment, AWS clients, one run per invocation.

use std::sync::Arc;

use anyhow::Context;
use bitbucket::client::Api;
use bitbucket::oauth::{BITBUCKET, OAuth};
use futures::FutureExt;
use jiff::{SignedDuration, Timestamp};
use lambda_runtime::{Error, LambdaEvent, service_fn};
use metrics::{Metrics, Stdout};
use poller::{Poller, PollerSettings, Summary, Trigger};
use queue::Queue;
use relay::Settings;
use serde_json::Value;
use store::links::tokens::{SecretsManagerGrants, Tokens};
use store::links::{CachedLinks, SecretsManagerLinks};
use store::{DynamoTable, Retention, SystemClock};

type WiredPoller = Poller<DynamoTable, SecretsManagerLinks, SystemClock>;

/// Time kept at the end of an invocation for its answer, besides the overtime of the last polls.
const RESERVE: SignedDuration = SignedDuration::from_secs(2);

// Lambda gives one processor below 1,769 MB (docs/PERFORMANCE.md). One thread then saves switching between threads.
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    lambda_runtime::tracing::init_default_subscriber();
    tracing::info!(release = release::RELEASE, "function started");
    let poller = poller().await?;
    // Boxed: the future of a run nests too deeply for the compiler's layout limit.
    lambda_runtime::run(service_fn(|event: LambdaEvent<Value>| invoked(&poller, event).boxed())).await
}

async fn poller() -> anyhow::Result<WiredPoller> {
    let variable = |name: &str| {
        std::env::var(name).with_context(|| format!("the environment variable {name} is not set"))
    };
    let lookup = |name: &str| std::env::var(name).ok();
    let config = aws_config::load_from_env().await;
    let table = DynamoTable::connect(&config, variable("BITRELAY_TABLE")?);
    let table = table.with_retention(Retention::from_environment(lookup)?);
    let prefix = variable("BITRELAY_LINK_SECRET_PREFIX")?;
    let tokens = Tokens::new(
        OAuth::new(&lookup("BITRELAY_BITBUCKET_OAUTH_URL").unwrap_or_else(|| BITBUCKET.to_owned()))?,
        table.clone(),
        SecretsManagerGrants::connect(&config, prefix.clone()),
        SystemClock,
        // Each execution environment has a log stream of its own.
        lookup("AWS_LAMBDA_LOG_STREAM_NAME").unwrap_or_else(|| std::process::id().to_string()),
    );
    let poller = Poller::new(
        table,
        CachedLinks::new(SecretsManagerLinks::connect(&config, prefix)),
        Api::new(&variable("BITRELAY_BITBUCKET_API_URL")?)?,
        SystemClock,
        Settings::from_environment(lookup)?,
        PollerSettings::from_environment(lookup)?,
    );
    let poller = poller
        .with_tokens(Arc::new(tokens))
        .with_metrics(Metrics::from_environment(lookup, Arc::new(Stdout))?);
    Ok(match lookup("BITRELAY_POLL_QUEUE_URL") {
        Some(queue_url) => poller.with_queue(Arc::new(Queue::connect(&config, queue_url))),
        None => poller,
    })
}

/// One run: over all shards, or over one.
async fn invoked(poller: &WiredPoller, event: LambdaEvent<Value>) -> Result<Summary, Error> {
    let reserve = poller.limits.overtime.saturating_add(RESERVE);
    let deadline = Timestamp::try_from(event.context.deadline())?.saturating_sub(reserve)?;
    let holder = &event.context.request_id;
    let summary = match Trigger::from_event(&event.payload)? {
        Trigger::Minute => poller.run(holder, deadline).await?,
        Trigger::Shard(handed) => poller.run_shard(holder, handed, deadline).await?,
    };
    tracing::info!(?summary, "run ended");
    Ok(summary)
}
