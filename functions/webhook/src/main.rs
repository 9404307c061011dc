//! Wires the webhook function: environment, AWS clients, routes.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use relay::{LinkId, Settings, Subject};
use store::links::{CachedLinks, SecretsManagerLinks};
use store::{DynamoTable, SystemClock, Table};
use webhook::{App, router};

/// How long the first connection may take before the function starts without it.
const WARM_UP: Duration = Duration::from_secs(2);

#[tokio::main]
async fn main() -> Result<(), lambda_http::Error> {
    lambda_http::tracing::init_default_subscriber();
    let app = Arc::new(app().await?);
    warm_up(&app.table).await;
    lambda_http::run(router(app)).await
}

async fn app() -> anyhow::Result<App<DynamoTable, SecretsManagerLinks, SystemClock>> {
    let variable = |name: &str| {
        std::env::var(name).with_context(|| format!("the environment variable {name} is not set"))
    };
    let config = aws_config::load_from_env().await;
    Ok(App {
        table: DynamoTable::connect(&config, variable("BITRELAY_TABLE")?),
        links: CachedLinks::new(SecretsManagerLinks::connect(
            &config,
            variable("BITRELAY_LINK_SECRET_PREFIX")?,
        )),
        clock: SystemClock,
        settings: Settings::from_environment(|name| std::env::var(name).ok())?,
    })
}

/// Opens the connection to the table while the function is being started, when Lambda gives it more CPU than later: the
/// TLS handshake is the largest part of a cold start. For economy only; whether it works is the first delivery's matter.
async fn warm_up(table: &DynamoTable) {
    if let Ok(link) = "warm-up".parse::<LinkId>() {
        let _ = tokio::time::timeout(WARM_UP, table.read(&link, &Subject::Link)).await;
    }
}
