//! The least that a function which stores webhooks can do: one HMAC of the body, and one conditional `PutItem` of it.
//! It neither reads nor parses anything else. `make bench-floor` runs it beside the webhook function.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde_json::{Value, json};
use sha2::Sha256;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let variable = |name: &str| std::env::var(name).map_err(|_| format!("{name} is not set"));
    let (table, secret) = (variable("BITRELAY_TABLE")?, variable("FLOOR_SECRET")?);
    let client = Client::new(&aws_config::load_from_env().await);
    let (table, secret, client) = (&table, secret.as_bytes(), &client);
    lambda_runtime::run(service_fn(move |event: LambdaEvent<Value>| async move {
        store(client, table, secret, &event.payload).await
    }))
    .await
}

async fn store(client: &Client, table: &str, secret: &[u8], event: &Value) -> Result<Value, Error> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let headers = &event["headers"];
    let body = STANDARD.decode(text(&event["body"]))?;
    let mut mac = Hmac::<Sha256>::new_from_slice(secret)?;
    mac.update(&body);
    let signature = text(&headers["x-hub-signature"]);
    let signature = hex::decode(signature.trim_start_matches("sha256="))?;
    if mac.verify_slice(&signature).is_err() {
        return Ok(json!({ "statusCode": 401, "body": "" }));
    }
    client
        .put_item()
        .table_name(table)
        .item("pk", AttributeValue::S(format!("floor#{}", text(&headers["x-request-uuid"]))))
        .item("sk", AttributeValue::S("floor".to_owned()))
        .item("body", AttributeValue::B(Blob::new(body)))
        .condition_expression("attribute_not_exists(pk)")
        .send()
        .await?;
    Ok(json!({ "statusCode": 200, "headers": {}, "body": "", "isBase64Encoded": false }))
}
