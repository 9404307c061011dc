//! The stack that the stories share. Each works on pull requests of its own.

use std::collections::HashMap;
use std::io::Read;

use aws_sdk_dynamodb::types::AttributeValue;
use e2e::stack::Stack;
use serde_json::{Value, json};
use simulator::{Person, User};

/// Short windows, so that a story takes a minute and not ten. A window is still longer than the minute between two runs
/// of the poller.
pub(crate) async fn stack() -> Stack {
    let options = ["--port", "0", "--window-seconds", "75", "--window-margin-seconds", "2"];
    Stack::up("e2e", &options).await
}

/// Somebody with one of the simulator's own credentials.
pub(crate) fn person(stack: &Stack, name: &str) -> Person {
    Person::new(&stack.outputs.simulator_url, &stack.outputs.simulator_repository, &User::person(name))
        .unwrap()
}

/// What an API call must have given.
pub(crate) fn made(answer: anyhow::Result<(u16, Value)>) -> Value {
    let (status, body) = answer.unwrap();
    assert!((200..300).contains(&status), "{status}: {body}");
    body
}

pub(crate) async fn create_pull_request(person: &Person, title: &str) -> u64 {
    let branch = title.to_lowercase().replace(' ', "-");
    let body = json!({ "title": title, "source": { "branch": { "name": branch } }, "destination": { "branch": { "name": "main" } } });
    made(person.post("/pullrequests", body).await)["id"].as_u64().unwrap()
}

/// Bus entries about one pull request.
pub(crate) fn about(pull_request: u64) -> impl Fn(&Value) -> bool + Copy {
    move |entry| {
        let subject = &entry["detail"]["subject"];
        subject["type"] == "pullrequest"
            && subject["id"] == pull_request
            && subject["repository"]["full_name"] == "acme/widgets"
    }
}

/// `sequence key source` of each entry.
pub(crate) fn lines(entries: &[Value]) -> Vec<String> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    entries
        .iter()
        .map(|entry| {
            format!(
                "{} {} {}",
                entry["detail"]["sequence"],
                text(&entry["detail-type"]),
                text(&entry["detail"]["source"])
            )
        })
        .collect()
}

/// The items of one subject whose sort key starts with `prefix`, read from the table as anybody could.
pub(crate) async fn items(
    stack: &Stack,
    subject: &str,
    prefix: &str,
) -> Vec<HashMap<String, AttributeValue>> {
    let answer = stack
        .table()
        .query()
        .table_name(&stack.outputs.table)
        .key_condition_expression("pk = :pk AND begins_with(sk, :prefix)")
        .expression_attribute_values(":pk", AttributeValue::S(format!("{}#{subject}", stack.outputs.link)))
        .expression_attribute_values(":prefix", AttributeValue::S(prefix.to_owned()))
        .consistent_read(true)
        .send()
        .await
        .unwrap();
    answer.items().to_vec()
}

/// The body that an event was stored with.
pub(crate) fn body(event: &HashMap<String, AttributeValue>) -> Vec<u8> {
    let compressed = event["payload"].as_b().unwrap().as_ref();
    let mut body = Vec::new();
    flate2::read::GzDecoder::new(compressed).read_to_end(&mut body).unwrap();
    body
}
