//! Starts the webhook function: reads the environment, makes the AWS clients, and serves the routes.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use jiff::Timestamp;
use lambda_runtime::{LambdaEvent, service_fn, tracing};
use metrics::{Metrics, Stdout};
use relay::{LinkId, Settings, Subject};
use store::links::tokens::SecretsManagerGrants;
use store::links::{CachedLinks, SecretsManagerLinks};
use store::{DynamoTable, Retention, SubjectLog, SystemClock};
use webhook::event::HttpEvent;
use webhook::oauth::{self, Pages, PagesSettings};
use webhook::{App, refusals, router};

/// Longest time to wait for the first connection at start.
const WARM_UP: Duration = Duration::from_secs(2);

// Lambda gives one processor below 1,769 MB (docs/PERFORMANCE.md). One thread then saves switching between threads.
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    tracing::init_default_subscriber();
    tracing::info!(release = release::RELEASE, "function started");
    let (app, pages) = wired().await?;
    let metrics = Metrics::from_environment(|name| std::env::var(name).ok(), Arc::new(Stdout))?;
    warm_up(&app.table).await;
    let routes = &router(Arc::new(app)).merge(oauth::router(Arc::new(pages)));
    let metrics = metrics.as_ref();
    lambda_runtime::run(service_fn(move |event: LambdaEvent<HttpEvent>| async move {
        Ok::<_, lambda_runtime::Error>(
            refusals::answer(routes.clone(), metrics, event.payload, Timestamp::now()).await,
        )
    }))
    .await
}

type WiredApp = App<DynamoTable, SecretsManagerLinks, SystemClock>;
type WiredPages = Pages<DynamoTable, SecretsManagerLinks, SecretsManagerGrants, SystemClock>;

async fn wired() -> anyhow::Result<(WiredApp, WiredPages)> {
    let variable = |name: &str| {
        std::env::var(name).with_context(|| format!("the environment variable {name} is not set"))
    };
    let lookup = |name: &str| std::env::var(name).ok();
    let config = aws_config::load_from_env().await;
    let table = DynamoTable::connect(&config, variable("BITRELAY_TABLE")?);
    let table = table.with_retention(Retention::from_environment(lookup)?);
    let prefix = variable("BITRELAY_LINK_SECRET_PREFIX")?;
    let links = SecretsManagerLinks::connect(&config, prefix.clone());
    let pages = Pages::new(
        table.clone(),
        links.clone(),
        SecretsManagerGrants::connect(&config, prefix),
        SystemClock,
        PagesSettings::from_environment(lookup)?,
    );
    let settings = Settings::from_environment(lookup)?;
    Ok((App { table, links: CachedLinks::bounded(links), clock: SystemClock, settings }, pages))
}

/// Opens the connection to the table during the start, while Lambda gives more CPU: the TLS handshake is the largest
/// part of a cold start. For economy only, so a failure is ignored.
async fn warm_up(table: &DynamoTable) {
    if let Ok(link) = "warm-up".parse::<LinkId>() {
        let _ = tokio::time::timeout(WARM_UP, table.read(&link, &Subject::Link)).await;
    }
}
