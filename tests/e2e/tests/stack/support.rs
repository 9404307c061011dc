//! The stack that the stories share. Each story works on its own pull requests.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use e2e::stack::Stack;
use serde_json::{Value, json};
use simulator::{Person, User};

/// Starts a stack with short windows, so that a story takes one minute instead of ten. A window is still longer than
/// the minute between two runs of the poller.
pub(crate) async fn stack() -> Stack {
    let options = ["--port", "0", "--window-seconds", "75", "--window-margin-seconds", "2"];
    Stack::up("e2e", &options).await
}

/// Creates a person with one of the simulator's credentials.
pub(crate) fn person(stack: &Stack, name: &str) -> Person {
    Person::new(&stack.outputs.simulator_url, &stack.outputs.simulator_repository, &User::person(name))
        .unwrap()
}

/// Returns the body of a successful API call.
pub(crate) fn made(answer: anyhow::Result<(u16, Value)>) -> Value {
    let (status, body) = answer.unwrap();
    assert!((200..300).contains(&status), "{status}: {body}");
    body
}

pub(crate) async fn create_pull_request(person: &Person, title: &str) -> u64 {
    let source = title.to_lowercase().replace(' ', "-");
    let branch = |name: &str| json!({ "branch": { "name": name } });
    let body = json!({ "title": title, "source": branch(&source), "destination": branch("main") });
    made(person.post("/pullrequests", body).await)["id"].as_u64().unwrap()
}

/// Returns a filter for bus entries about one pull request.
pub(crate) fn about(pull_request: u64) -> impl Fn(&Value) -> bool + Copy {
    move |entry| {
        let subject = &entry["detail"]["subject"];
        subject["type"] == "pullrequest"
            && subject["id"] == pull_request
            && subject["repository"]["full_name"] == "acme/widgets"
    }
}

/// Formats each entry as `sequence key source`.
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

/// Reads the items of one subject whose sort key starts with `prefix`, without code of the product.
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

/// Decompresses the body of a stored event as docs/OPERATIONS.md tells to: zlib with the dictionary, after the first
/// line.
pub(crate) fn body(event: &HashMap<String, AttributeValue>) -> Vec<u8> {
    let compressed = event["content"].as_b().unwrap().as_ref();
    let mut inflate = flate2::Decompress::new(true);
    let mut content = Vec::with_capacity(1024 * 1024);
    let needs = inflate.decompress_vec(compressed, &mut content, flate2::FlushDecompress::None).unwrap_err();
    assert!(needs.needs_dictionary().is_some(), "{needs}");
    inflate
        .set_dictionary(
            &std::fs::read(e2e::paths::workspace().join("crates/store/src/codec/dictionary.txt")).unwrap(),
        )
        .unwrap();
    let rest = &compressed[usize::try_from(inflate.total_in()).unwrap()..];
    inflate.decompress_vec(rest, &mut content, flate2::FlushDecompress::Finish).unwrap();
    let end = content.iter().position(|byte| *byte == b'\n').unwrap();
    content.split_off(end + 1)
}
