//! A process that requests one link's token many times at once.
//!
//! Its input is one line of JSON (`Work`), and later a line that lets it begin. Its output is a line when it is ready,
//! and then the tokens as JSON.

use std::io::BufRead;
use std::sync::Arc;

use anyhow::Context;
use bitbucket::oauth::OAuth;
use e2e::stack::sdk;
use e2e::tokens::Work;
use secrecy::ExposeSecret;
use store::links::tokens::{SecretsManagerGrants, TokenSource, Tokens};
use store::{DynamoTable, SystemClock};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let mut lines = std::io::stdin().lock().lines();
    let work: Work =
        serde_json::from_str(&lines.next().context("the first line of input is missing: `Work` as JSON")??)?;
    let config = sdk(&work.endpoint_url, &work.region).await;
    let tokens = Arc::new(Tokens::new(
        OAuth::new(&work.oauth_url)?,
        DynamoTable::connect(&config, &work.table),
        SecretsManagerGrants::connect(&config, &work.link_secret_prefix),
        SystemClock,
        std::process::id().to_string(),
    ));
    println!("ready");
    lines.next().context("the input ended before the line that lets this process begin")??;
    let (link, credential) =
        (Arc::new(work.link.parse()?), Arc::new(serde_json::from_value(work.credential)?));
    let requests: Vec<_> = (0..work.times)
        .map(|_| {
            let (tokens, link, credential) =
                (Arc::clone(&tokens), Arc::clone(&link), Arc::clone(&credential));
            tokio::spawn(async move { tokens.token(&link, &credential, None).await })
        })
        .collect();
    let mut received = Vec::new();
    for request in requests {
        received.push(request.await??.expose_secret().to_owned());
    }
    println!("{}", serde_json::to_string(&received)?);
    Ok(())
}
