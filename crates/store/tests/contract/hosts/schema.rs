//! The table as `template.yaml` defines it, for emulators. Tests of other crates include this file: nobody defines the
//! table a second time.

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::Credentials;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, GlobalSecondaryIndex, KeySchemaElement, Projection,
    StreamSpecification, StreamViewType,
};
use serde_json::{Map, Value, json};

const TEMPLATE: &str = include_str!("../../../../../template.yaml");

/// Returns the configuration for an emulator.
pub(crate) async fn config(port: u16) -> SdkConfig {
    aws_config::defaults(BehaviorVersion::latest())
        .endpoint_url(format!("http://127.0.0.1:{port}"))
        .region(Region::new("eu-west-1"))
        .credentials_provider(Credentials::new("test", "test", None, None, "test"))
        .load()
        .await
}

/// Creates the table of the template.
pub(crate) async fn create(client: &Client, name: &str) {
    let properties = properties();
    let list = |name: &str| properties[name].as_array().unwrap().clone();
    let attributes = list("AttributeDefinitions").into_iter().map(|one| {
        let built = AttributeDefinition::builder().attribute_name(text(&one, "AttributeName"));
        built.attribute_type(text(&one, "AttributeType").into()).build().unwrap()
    });
    let stream =
        StreamSpecification::builder().stream_enabled(true).stream_view_type(StreamViewType::NewImage);
    client
        .create_table()
        .table_name(name)
        .billing_mode(BillingMode::PayPerRequest)
        .set_attribute_definitions(Some(attributes.collect()))
        .set_key_schema(Some(keys(&properties)))
        .set_global_secondary_indexes(Some(list("GlobalSecondaryIndexes").iter().map(index).collect()))
        .stream_specification(stream.build().unwrap())
        .send()
        .await
        .unwrap();
}

fn index(index: &Value) -> GlobalSecondaryIndex {
    let projection = &index["Projection"];
    let included = projection["NonKeyAttributes"].as_array().unwrap().iter();
    let projection = Projection::builder()
        .projection_type(text(projection, "ProjectionType").into())
        .set_non_key_attributes(Some(included.map(|name| name.as_str().unwrap().to_owned()).collect()));
    let built = GlobalSecondaryIndex::builder().index_name(text(index, "IndexName"));
    built.set_key_schema(Some(keys(index))).projection(projection.build()).build().unwrap()
}

fn keys(of: &Value) -> Vec<KeySchemaElement> {
    let key = |one: &Value| {
        let built = KeySchemaElement::builder().attribute_name(text(one, "AttributeName"));
        built.key_type(text(one, "KeyType").into()).build().unwrap()
    };
    of["KeySchema"].as_array().unwrap().iter().map(key).collect()
}

fn text<'v>(of: &'v Value, name: &str) -> &'v str {
    of[name].as_str().unwrap()
}

/// Returns the properties of the template's table that an emulator needs, as CloudFormation takes them.
pub(crate) fn properties() -> Value {
    let lines = TEMPLATE.lines().skip_while(|line| *line != "  Table:").skip(1);
    let mut lines =
        lines.take_while(|line| line.starts_with("   ")).filter(|line| !line.trim().starts_with('#'));
    let mut properties = json!({
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [], "KeySchema": [], "GlobalSecondaryIndexes": [],
    });
    let mut indexes: Vec<Value> = Vec::new();
    lines.by_ref().find(|line| line.trim() == "Properties:").unwrap();
    for line in lines {
        let line = line.trim();
        if let Some(name) = line.strip_prefix("- IndexName: ") {
            indexes.push(json!({ "IndexName": name, "KeySchema": [] }));
        } else if let Some(projection) = line.strip_prefix("Projection: ") {
            indexes.last_mut().unwrap()["Projection"] = flow(projection);
        } else if let Some(entry) = line.strip_prefix("- ").map(flow) {
            let list =
                if entry.get("AttributeType").is_some() { "AttributeDefinitions" } else { "KeySchema" };
            let owner = if list == "KeySchema" { indexes.last_mut() } else { None };
            owner.unwrap_or(&mut properties)[list].as_array_mut().unwrap().push(entry);
        }
    }
    properties["GlobalSecondaryIndexes"] = indexes.into();
    properties
}

/// Reads a mapping such as `{ ProjectionType: INCLUDE, NonKeyAttributes: [a, b] }`.
fn flow(mapping: &str) -> Value {
    let inner = mapping.strip_prefix("{ ").and_then(|rest| rest.strip_suffix(" }"));
    let inner = inner.unwrap_or_else(|| panic!("not a mapping on one line: {mapping}"));
    let (scalars, list) = inner.split_once(": [").map_or((inner, None), |(before, list)| {
        let (before, name) = before.rsplit_once(", ").unwrap();
        (before, Some((name, list.strip_suffix(']').unwrap())))
    });
    let mut values: Map<String, Value> = Map::new();
    for pair in scalars.split(", ") {
        let (name, value) = pair.split_once(": ").unwrap();
        values.insert(name.to_owned(), value.into());
    }
    if let Some((name, list)) = list {
        values.insert(name.to_owned(), list.split(", ").collect::<Vec<_>>().into());
    }
    Value::Object(values)
}
