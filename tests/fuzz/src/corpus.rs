//! The checked-in inputs of each target, of our own writing.
//!
//! `corpus/<target>/<name>.json` is one input, and each line of `corpus/<target>/found.jsonl` is one that a campaign
//! found: it shows a trait that no other shows. `{"fixture": "<name>"}` in an input stands for a body of
//! `tests/fixtures/webhooks`.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use serde_json::Value;

use crate::target::Kind;

const FOUND: &str = "found.jsonl";

fn folder(kind: &Kind) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(kind.name)
}

/// Returns all inputs of a target, in a fixed order.
pub fn load(kind: &Kind) -> anyhow::Result<Vec<Value>> {
    let mut inputs = written(kind)?;
    let found = folder(kind).join(FOUND);
    if found.exists() {
        let text = fs::read_to_string(&found)?;
        let lines =
            text.lines().map(|line| parse(line).with_context(|| format!("{}: {line}", found.display())));
        inputs.extend(lines.collect::<Result<Vec<_>, _>>()?);
    }
    Ok(inputs)
}

/// Returns the inputs that people wrote.
pub fn written(kind: &Kind) -> anyhow::Result<Vec<Value>> {
    let folder = folder(kind);
    let files = fs::read_dir(&folder).with_context(|| folder.display().to_string())?;
    let mut paths: Vec<_> = files.map(|file| Ok(file?.path())).collect::<std::io::Result<_>>()?;
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
    paths.sort();
    paths.iter().map(|path| file(path)).collect()
}

/// Reads one input from a file.
pub fn file(path: &Path) -> anyhow::Result<Value> {
    let text = fs::read_to_string(path).with_context(|| path.display().to_string())?;
    parse(&text).with_context(|| path.display().to_string())
}

/// Replaces the inputs that campaigns found.
pub fn store_found(kind: &Kind, inputs: &[Value]) -> anyhow::Result<()> {
    let lines: Vec<String> = inputs.iter().map(ToString::to_string).collect();
    Ok(fs::write(folder(kind).join(FOUND), lines.join("\n") + "\n")?)
}

/// Returns the names and bodies of all fixtures. A name starts with the event key, with a dot for the colon.
pub fn fixtures() -> anyhow::Result<Vec<(String, Value)>> {
    let mut fixtures = Vec::new();
    for file in fs::read_dir(fixture_folder())? {
        let path = file?.path();
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        fixtures.push((name, serde_json::from_str(&fs::read_to_string(&path)?)?));
    }
    fixtures.sort_by(|(one, _), (other, _)| one.cmp(other));
    Ok(fixtures)
}

fn fixture_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/webhooks")
}

fn parse(text: &str) -> anyhow::Result<Value> {
    let mut input = serde_json::from_str(text)?;
    insert_fixtures(&mut input)?;
    Ok(input)
}

fn insert_fixtures(value: &mut Value) -> anyhow::Result<()> {
    if let Some(name) = value.get("fixture").and_then(Value::as_str) {
        let path = fixture_folder().join(format!("{name}.json"));
        let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        *value = serde_json::from_str(&text)?;
        return Ok(());
    }
    match value {
        Value::Object(fields) => fields.values_mut().try_for_each(insert_fixtures),
        Value::Array(items) => items.iter_mut().try_for_each(insert_fixtures),
        _ => Ok(()),
    }
}
