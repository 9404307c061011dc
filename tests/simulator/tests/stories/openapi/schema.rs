//! Converts the schemas of an OpenAPI 3.0 file into JSON Schema, and lists where the file and
//! real answers differ.

use jsonschema::{Draft, Validator};
use serde_json::{Map, Value, json};
use std::collections::{HashMap, HashSet};

/// Fields that captures of real answers have and the file's closed objects lack: (fields that identify the object,
/// further fields).
const IN_CAPTURES: [(&[&str], &[&str]); 5] = [
    // Any text: `"type": "rendered"`.
    (&["raw", "markup", "html"], &["type"]),
    // The commit at the end of a pull request.
    (&["hash"], &["type", "links"]),
    // The links of a pull request.
    (&["approve", "merge", "decline"], &["request-changes", "statuses"]),
    // The links of a project.
    (&["html", "avatar"], &["self"]),
    // An error: the file's own introduction documents `fields`.
    (&["message", "detail", "data"], &["fields"]),
];

/// Fields that are null in captures although the file gives them a type without `nullable`.
const NULL_IN_CAPTURES: [&str; 6] = ["merge_commit", "closed_by", "parent", "from", "to", "refname"];

/// A reviewer who did nothing yet has a null here; no capture shows another value for it.
const NULL_UNTIL_USED: &str = "participated_on";

/// Answers whose shape the file does not give: (method, path, status, the intended schema).
const UNWRITTEN: [(&str, &str, u16, &str); 2] = [
    ("POST", "/repositories/{workspace}/{repo_slug}/commit/{commit}/comments", 201, "commit_comment"),
    (
        "PUT",
        "/repositories/{workspace}/{repo_slug}/commit/{commit}/comments/{comment_id}",
        201,
        "commit_comment",
    ),
];

pub(super) struct Document {
    paths: Value,
    schemas: Value,
    validators: HashMap<String, Validator>,
}

impl Document {
    pub(super) fn new(file: &Value) -> Self {
        let mut combined = HashSet::new();
        collect_combined(file, &mut combined);
        let mut schemas = Map::new();
        for (name, schema) in file["components"]["schemas"].as_object().unwrap() {
            // A part of an `allOf` that forbids the other parts' fields can never be met: the file does so for tasks.
            let is_part = combined.contains(&format!("#/components/schemas/{name}"));
            schemas.insert(name.clone(), convert(schema, is_part));
        }
        Self { paths: file["paths"].clone(), schemas: Value::Object(schemas), validators: HashMap::new() }
    }

    /// Checks one answer against the file. True if there was a body with a schema.
    pub(super) fn check(
        &mut self,
        method: &str,
        template: &str,
        status: u16,
        body: &Value,
    ) -> Result<bool, String> {
        let whole = format!("{method} {template} {status}");
        let operation = &self.paths[template][method.to_ascii_lowercase()];
        if operation.is_null() {
            return Err(format!("{whole}: no such operation"));
        }
        let answer = &operation["responses"][status.to_string()];
        if answer.is_null() && status < 400 {
            return Err(format!("{whole}: no such answer"));
        }
        let written = &answer["content"]["application/json"]["schema"];
        let schema = if !written.is_null() {
            convert(written, false)
        } else if status >= 400 {
            reference("error")
        } else if let Some((.., name)) =
            UNWRITTEN.iter().find(|(m, t, s, _)| (*m, *t, *s) == (method, template, status))
        {
            reference(name)
        } else if body.is_null() {
            return Ok(false);
        } else {
            return Err(format!("{whole}: a body where the file has none"));
        };
        let validator = self.validator(&schema);
        let errors: Vec<String> = validator
            .iter_errors(body)
            .map(|error| format!("  {}: {error}", error.instance_path()))
            .collect();
        if errors.is_empty() { Ok(true) } else { Err(format!("{whole}:\n{}", errors.join("\n"))) }
    }

    fn validator(&mut self, schema: &Value) -> &Validator {
        let schemas = &self.schemas;
        self.validators.entry(schema.to_string()).or_insert_with(|| {
            // Siblings of a `$ref` are ignored in draft 4, hence `allOf`.
            let whole = json!({ "allOf": [schema], "components": { "schemas": schemas } });
            let options = jsonschema::options().with_draft(Draft::Draft4).should_validate_formats(true);
            options.build(&whole).unwrap()
        })
    }
}

fn reference(name: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{name}") })
}

/// The schemas that are parts of some `allOf`.
fn collect_combined(node: &Value, found: &mut HashSet<String>) {
    match node {
        Value::Array(items) => items.iter().for_each(|item| collect_combined(item, found)),
        Value::Object(fields) => {
            let parts = fields.get("allOf").and_then(Value::as_array).into_iter().flatten();
            found.extend(parts.filter_map(|part| part["$ref"].as_str()).map(str::to_owned));
            fields.values().for_each(|field| collect_combined(field, found));
        }
        _ => {}
    }
}

/// One schema as JSON Schema. `is_part`: of an `allOf`.
fn convert(schema: &Value, is_part: bool) -> Value {
    let Some(fields) = schema.as_object() else { return schema.clone() };
    let mut converted = Map::new();
    for (keyword, value) in fields {
        match keyword.as_str() {
            "allOf" | "anyOf" | "oneOf" => {
                let parts = value.as_array().unwrap().iter().map(|part| convert(part, true));
                converted.insert(keyword.clone(), parts.collect());
            }
            "properties" => {
                converted.insert(keyword.clone(), properties(value));
            }
            "items" => {
                converted.insert(keyword.clone(), convert(value, false));
            }
            "additionalProperties" if is_part => {}
            // Documentation, and keywords that JSON Schema lacks.
            "discriminator" | "example" | "description" | "title" | "nullable" => {}
            _ => {
                converted.insert(keyword.clone(), value.clone());
            }
        }
    }
    let admits_null = fields.get("nullable") == Some(&json!(true))
        // `participant.state` lists null among its values and gives the type string, which excludes it.
        || fields.get("enum").and_then(Value::as_array).is_some_and(|values| values.contains(&Value::Null));
    if admits_null { or_null(&Value::Object(converted)) } else { Value::Object(converted) }
}

fn properties(written: &Value) -> Value {
    let written = written.as_object().unwrap();
    let mut converted = Map::new();
    for (name, schema) in written {
        let is_comment = schema["$ref"] == "#/components/schemas/comment";
        let mut property = match name.as_str() {
            // A reference to a comment has an id and links, but not the `type` that the file requires.
            "parent" | "comment" if is_comment => json!({ "type": "object", "required": ["id"] }),
            _ => convert(schema, false),
        };
        if NULL_IN_CAPTURES.contains(&name.as_str()) || name == NULL_UNTIL_USED {
            property = or_null(&property);
        }
        converted.insert(name.clone(), property);
    }
    for (telling, further) in IN_CAPTURES {
        if telling.iter().all(|name| written.contains_key(*name)) {
            converted.extend(further.iter().map(|name| ((*name).to_owned(), json!({}))));
        }
    }
    Value::Object(converted)
}

fn or_null(schema: &Value) -> Value {
    json!({ "anyOf": [schema, { "type": "null" }] })
}
