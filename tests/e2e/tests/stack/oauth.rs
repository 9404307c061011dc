//! Concurrent refreshes of a token in several processes.

use std::collections::BTreeSet;
use std::sync::Arc;

use bitbucket::oauth::{Consumer, OAuth};
use bitbucket::payload::Account;
use e2e::stack::Stack;
use e2e::tokens::{Requester, Work};
use jiff::Timestamp;
use relay::LinkId;
use serde_json::{Value, json};
use store::links::tokens::{SecretsManagerGrants, authorized};

const SECRET: &str = "consumer-secret";
const WEBHOOK_SECRET: &str = "the webhook secret of an OAuth link";

/// Creates a link and an OAuth consumer of the same name, as the command line would.
async fn link(stack: &Stack, id: &str, kind: &str) -> LinkId {
    let outputs = &stack.outputs;
    let callback_url = format!("{}/callback", outputs.public_url);
    let consumer = json!({ "key": id, "secret": SECRET, "callback_url": callback_url });
    let control = format!("{}/_control/consumers", outputs.simulator_url);
    let answer = reqwest::Client::new().post(control).json(&consumer).send().await.unwrap();
    assert_eq!(answer.status(), 201);
    let document = json!({
        "version": 1,
        "template": format!("bitbucket-{kind}"),
        "webhook_secrets": [{ "value": WEBHOOK_SECRET, "created_at": "2026-11-24T00:00:00Z" }],
        "credential": credential(id, kind),
    });
    let secrets = aws_sdk_secretsmanager::Client::new(&stack.config);
    let name = format!("{}{id}", outputs.link_secret_prefix);
    secrets.create_secret().name(name).secret_string(document.to_string()).send().await.unwrap();
    id.parse().unwrap()
}

fn credential(id: &str, kind: &str) -> Value {
    json!({ "type": kind, "client_id": id, "client_secret": SECRET })
}

fn grants(stack: &Stack) -> SecretsManagerGrants {
    SecretsManagerGrants::connect(&stack.config, &stack.outputs.link_secret_prefix)
}

/// Returns the user of a token, if Bitbucket's API accepts it.
async fn user(stack: &Stack, token: &str) -> Option<String> {
    let user = format!("{}/2.0/user", stack.outputs.simulator_url);
    let answer = reqwest::Client::new().get(user).bearer_auth(token).send().await.unwrap();
    if answer.status() != 200 {
        return None;
    }
    answer.json::<Value>().await.unwrap()["display_name"].as_str().map(str::to_owned)
}

pub(crate) async fn fifty_refreshes_in_two_processes_make_one_call(stack: Arc<Stack>) {
    for (kind, grant_type) in [("app-oauth", "refresh_token"), ("client-credentials", "client_credentials")] {
        let id = format!("refreshed-{kind}");
        let link = link(&stack, &id, kind).await;
        if kind == "app-oauth" {
            store_expired_grant(&stack, &link).await;
        }
        let outputs = stack.outputs.clone();
        let work = Work {
            endpoint_url: outputs.endpoint_url,
            region: outputs.region,
            table: outputs.table,
            link_secret_prefix: outputs.link_secret_prefix,
            oauth_url: format!("{}/site/oauth2", outputs.simulator_url),
            credential: credential(&id, kind),
            link: id.clone(),
            times: 25,
        };
        let program = env!("CARGO_BIN_EXE_refresh-tokens");
        let (mut one, mut other) =
            tokio::join!(Requester::start(program, &work), Requester::start(program, &work));
        let (ones, others) = tokio::join!(one.request(), other.request());

        assert_eq!((ones.len(), others.len()), (25, 25));
        let tokens: BTreeSet<_> = ones.iter().chain(&others).collect();
        for token in &tokens {
            assert!(user(&stack, token).await.is_some(), "{kind}: Bitbucket refuses a token");
        }
        let calls = format!("{}/_control/token-calls", stack.outputs.simulator_url);
        let calls: Value = reqwest::get(calls).await.unwrap().json().await.unwrap();
        let calls = calls["calls"].as_array().unwrap();
        let requests = calls.iter().filter(|call| call["consumer"] == id && call["grant_type"] == grant_type);
        assert_eq!((requests.count(), tokens.len()), (1, 1), "{kind}");
    }
}

/// Stores an authorization as it is after an hour: an expired access token and a valid refresh token.
async fn store_expired_grant(stack: &Stack, link: &LinkId) {
    let outputs = &stack.outputs;
    let redirect = reqwest::redirect::Policy::none();
    let http = reqwest::Client::builder().redirect(redirect).build().unwrap();
    let form = format!("client_id={link}&decision=allow&user=alice");
    let authorize = format!("{}/site/oauth2/authorize", outputs.simulator_url);
    let answer = http.post(authorize).body(form).send().await.unwrap();
    let (_, code) = answer.headers()["location"].to_str().unwrap().split_once("code=").unwrap();
    let consumer = Consumer { id: link.to_string(), secret: SECRET.into() };
    let oauth = OAuth::new(&outputs.simulator_url).unwrap();
    let now = Timestamp::now();
    let mut grant = oauth.exchange_code(&consumer, &code.into(), None, now).await.unwrap();
    grant.expires_at = now;
    authorized(&grants(stack), link, &consumer.id, &grant, &Account::default()).await.unwrap();
}
