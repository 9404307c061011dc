//! Wires the poller: environment, AWS clients, one run an invocation.

use anyhow::Context;
use bitbucket::client::Api;
use jiff::{SignedDuration, Timestamp};
use lambda_runtime::{Error, LambdaEvent, service_fn};
use poller::{Poller, PollerSettings, Summary};
use relay::Settings;
use serde_json::Value;
use store::links::{CachedLinks, SecretsManagerLinks};
use store::{DynamoTable, SystemClock};

type WiredPoller = Poller<DynamoTable, SecretsManagerLinks, SystemClock>;

/// What is kept of an invocation's time besides the overtime of the last polls: to answer.
const RESERVE: SignedDuration = SignedDuration::from_secs(2);

#[tokio::main]
async fn main() -> Result<(), Error> {
    lambda_runtime::tracing::init_default_subscriber();
    let poller = poller().await?;
    lambda_runtime::run(service_fn(|event: LambdaEvent<Value>| invoked(&poller, event))).await
}

async fn poller() -> anyhow::Result<WiredPoller> {
    let variable = |name: &str| {
        std::env::var(name).with_context(|| format!("the environment variable {name} is not set"))
    };
    let lookup = |name: &str| std::env::var(name).ok();
    let config = aws_config::load_from_env().await;
    Ok(Poller::new(
        DynamoTable::connect(&config, variable("BITRELAY_TABLE")?),
        CachedLinks::new(SecretsManagerLinks::connect(&config, variable("BITRELAY_LINK_SECRET_PREFIX")?)),
        Api::new(&variable("BITRELAY_BITBUCKET_API_URL")?)?,
        SystemClock,
        Settings::from_environment(lookup)?,
        PollerSettings::from_environment(lookup)?,
    ))
}

/// The rule's event says nothing that matters: that it came is the message.
async fn invoked(poller: &WiredPoller, event: LambdaEvent<Value>) -> Result<Summary, Error> {
    let reserve = poller.limits.overtime.saturating_add(RESERVE);
    let deadline = Timestamp::try_from(event.context.deadline())?.saturating_sub(reserve)?;
    let summary = poller.run(&event.context.request_id, deadline).await?;
    tracing::info!(?summary, "run ended");
    Ok(summary)
}
