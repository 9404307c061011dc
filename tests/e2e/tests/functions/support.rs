//! The functions, a table and a stand-in for the rest of AWS. Each story has its own.

use aws_sdk_dynamodb::types::AttributeValue;
use e2e::aws::Aws;
use e2e::pump::Pump;
use e2e::runtime::Runtime;
use e2e::signer::Delivery;
use e2e::table::{Dynamo, TABLE};
use serde_json::{Value, json};

pub(crate) const SECRET: &str = "the secret of this story";

pub(crate) struct Functions {
    pub(crate) dynamo: Dynamo,
    pub(crate) aws: Aws,
    pub(crate) runtime: Runtime,
    pub(crate) http: reqwest::Client,
}

impl Functions {
    /// Starts two processes of the webhook function. `direct` connects the functions to the table itself, so that a
    /// story can stop it. Otherwise the stand-in forwards their calls and counts them.
    pub(crate) async fn start(direct: bool) -> Self {
        Self::start_with(2, direct).await
    }

    /// Starts so many processes of the webhook function. A delivery goes to any of them.
    pub(crate) async fn start_with(webhooks: usize, direct: bool) -> Self {
        let dynamo = Dynamo::start().await;
        let aws = Aws::start(&dynamo.url()).await;
        let secret = json!({
            "version": 1,
            "template": "bitbucket-webhook",
            "webhook_secrets": [{ "value": SECRET, "created_at": "2026-11-24T00:00:00Z" }],
        });
        aws.put_secret("bitrelay/test/link/acme", &secret);
        let mut runtime = Runtime::start().await;
        let table_url = if direct { dynamo.url() } else { aws.url().to_owned() };
        let environment = [
            ("AWS_ENDPOINT_URL", aws.url()),
            ("AWS_ENDPOINT_URL_DYNAMODB", &table_url),
            ("BITRELAY_TABLE", TABLE),
            ("BITRELAY_LINK_SECRET_PREFIX", "bitrelay/test/link/"),
            ("BITRELAY_BUS", "bitrelay"),
            ("BITRELAY_DEAD_LETTER_QUEUE_URL", "http://127.0.0.1/000000000000/dead-letters"),
        ];
        runtime.start_function("webhook", webhooks, &environment);
        runtime.start_function("publisher", 1, &environment);
        Self { dynamo, aws, runtime, http: reqwest::Client::new() }
    }

    /// Sends a delivery about one pull request and returns the status of the answer.
    pub(crate) async fn deliver(&self, number: usize, attempt: u32) -> u16 {
        let delivery = Delivery { attempt, ..delivery(number) };
        let url = format!("{}/webhook/acme", self.runtime.url("webhook"));
        delivery.send(&self.http, &url, SECRET).await.unwrap().status().as_u16()
    }

    pub(crate) async fn pump(&self) -> Pump {
        Pump::start(self.dynamo.streams().await).await
    }

    /// Returns the sequences of the deliveries in the log, in its order.
    pub(crate) async fn log(&self) -> Vec<u64> {
        let answer = self
            .dynamo
            .client()
            .await
            .query()
            .table_name(TABLE)
            .key_condition_expression("pk = :pk AND begins_with(sk, :event)")
            .expression_attribute_values(":pk", AttributeValue::S("acme#pullrequest/r/1".to_owned()))
            .expression_attribute_values(":event", AttributeValue::S("event#".to_owned()))
            .send()
            .await
            .unwrap();
        let sequences =
            answer.items().iter().map(|item| item["sk"].as_s().unwrap().trim_start_matches("event#"));
        sequences.map(|sequence| sequence.parse().unwrap()).collect()
    }
}

/// Creates the n-th delivery; each states a different fact.
pub(crate) fn delivery(number: usize) -> Delivery {
    let updated_on = format!("2026-11-24T10:{:02}:{:02}+00:00", number / 60, number % 60);
    let body = json!({
        "repository": { "uuid": "{r}", "full_name": "acme/widgets" },
        "actor": { "display_name": "Alice", "type": "user" },
        "pullrequest": { "id": 1, "title": title(number), "updated_on": updated_on },
    });
    Delivery::new("pullrequest:updated", &number.to_string(), body.to_string())
}

pub(crate) fn title(number: usize) -> String {
    format!("title number {number} ends")
}

pub(crate) fn sequences(published: &[Value]) -> Vec<u64> {
    published.iter().map(|detail| detail["sequence"].as_u64().unwrap()).collect()
}
