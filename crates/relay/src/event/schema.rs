//! The published contract as documents: JSON Schema and `AsyncAPI`, generated from the types.

use bitbucket::EventKey;
use schemars::generate::SchemaSettings;
use serde_json::{Value, json};

use super::contract::promise;
use super::envelope::{ENVELOPE_VERSION, Envelope};

/// The JSON Schema (2020-12) that every published event conforms to.
pub fn event_schema() -> Value {
    let generator = SchemaSettings::draft2020_12().for_serialize().into_generator();
    let mut schema = generator.into_root_schema_for::<Envelope<'_>>().to_value();
    if let Some(fields) = schema.as_object_mut() {
        fields.insert("allOf".to_owned(), rules().into());
    }
    schema
}

/// Rules that the types alone cannot express.
fn rules() -> Vec<Value> {
    let is_trusted_and_about = |kind: &str| {
        json!({
            "properties": { "subject": { "properties": { "type": { "const": kind } } } },
            "not": { "required": ["trusted"] },
        })
    };
    let mut rules = vec![
        json!({
            "$comment": "Counters are those of a pull request.",
            "if": is_trusted_and_about("pullrequest"),
            "then": { "properties": { "counters": { "not": { "type": "null" } } } },
            "else": { "properties": { "counters": { "type": "null" }, "changes": { "type": "null" } } },
        }),
        json!({
            "$comment": "What was cut from the comment, task or review of a payload that a poll made.",
            "if": { "properties": { "source": { "const": "poll" } } },
            "then": { "properties": { "payload": { "properties": { "cut": {
                "type": "object",
                "properties": {
                    "fields": { "type": "array", "items": { "type": "string" } },
                    "bytes": { "type": "integer", "minimum": 0 },
                    "whole": { "type": ["string", "null"] },
                },
                "required": ["fields", "bytes", "whole"],
                "additionalProperties": false,
            } } } } },
        }),
        json!({
            "$comment": "A payload that is left out is stored in the table.",
            "if": { "properties": { "payload": { "type": "null" } } },
            "then": { "required": ["payload_reference"] },
        }),
    ];
    rules.extend(EventKey::KNOWN.iter().map(rule_of));
    rules
}

/// Requires all promised fields of a polled payload. Bitbucket's own payloads may lack some.
fn rule_of(key: &EventKey) -> Value {
    let promise = promise(key);
    let is_key = json!({ "properties": { "key": { "const": key } } });
    let source = match (promise.reported, promise.found) {
        (true, true) => json!({ "enum": ["webhook", "poll"] }),
        (true, false) => json!({ "const": "webhook" }),
        (false, _) => json!({ "const": "poll" }),
    };
    let fields: Vec<&str> = ["actor", "repository"].iter().chain(promise.payload).copied().collect();
    json!({
        "if": is_key,
        "then": {
            "properties": { "source": source },
            "if": { "properties": { "source": { "const": "poll" } } },
            "then": { "properties": { "payload": { "required": fields } } },
        },
    })
}

/// The `AsyncAPI` (3.0) document of the bus: one channel, one message for each key.
pub fn asyncapi() -> Value {
    let keys = EventKey::KNOWN;
    let name = |key: &EventKey| key.as_str().replace(':', ".");
    let messages: serde_json::Map<String, Value> = keys.iter().map(|key| (name(key), message(key))).collect();
    let in_channel: serde_json::Map<String, Value> = keys
        .iter()
        .map(|key| (name(key), json!({ "$ref": format!("#/components/messages/{}", name(key)) })))
        .collect();
    json!({
        "asyncapi": "3.0.0",
        "info": {
            "title": "bitrelay",
            "version": format!("{ENVELOPE_VERSION}.0.0"),
            "description": "Every pull-request event of Bitbucket Cloud, including those that Bitbucket never sends, \
                verified and ordered per pull request. Entries have source `bitrelay` and the event key as their detail-type.",
            "license": { "name": "Apache-2.0" },
        },
        "defaultContentType": "application/json",
        "channels": {
            "bus": {
                "address": null,
                "title": "The EventBridge bus of the stack (output `BusName`)",
                "messages": in_channel,
            },
        },
        "operations": {
            "receive": { "action": "receive", "channel": { "$ref": "#/channels/bus" } },
        },
        "components": { "messages": messages },
    })
}

fn message(key: &EventKey) -> Value {
    let promise = promise(key);
    let who = match (promise.reported, promise.found) {
        (true, true) => "Reported by Bitbucket; a poll finds it if the webhook is lost.",
        (true, false) => "Reported by Bitbucket only.",
        (false, _) => "Found by polling; Bitbucket never reports it.",
    };
    json!({
        "name": key,
        "summary": who,
        "payload": {
            "schemaFormat": "application/schema+json;version=draft-2020-12",
            "schema": {
                "allOf": [
                    { "$ref": "event.schema.json" },
                    { "properties": { "key": { "const": key } } },
                ],
            },
        },
    })
}
