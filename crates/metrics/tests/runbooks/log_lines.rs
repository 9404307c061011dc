//! The lines that the functions log, read from their code.

use std::fs;
use std::path::{Path, PathBuf};

use crate::query::Kind;

/// Code of which a deployed function logs.
const FOLDERS: [&str; 5] = [
    "functions/webhook/src",
    "functions/poller/src",
    "functions/publisher/src",
    "crates/store/src",
    "crates/bus/src",
];

/// One statement that logs.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct LogLine {
    pub(crate) message: String,
    /// Value of the field `alarm`, if it has one.
    pub(crate) alarm: Option<String>,
    pub(crate) fields: Vec<String>,
}

impl LogLine {
    /// True if a query that asks for this word finds the line.
    pub(crate) fn is(&self, word: &str, kind: Kind) -> bool {
        match kind {
            Kind::Message => self.message == word,
            Kind::PartOfMessage => self.message.contains(word),
            Kind::Alarm => self.alarm.as_deref() == Some(word),
        }
    }
}

/// Reads all of them.
pub(crate) fn read() -> Vec<LogLine> {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let files = FOLDERS.iter().flat_map(|folder| sources(&workspace.join(folder)));
    let lines: Vec<_> = files.flat_map(|file| of_file(&fs::read_to_string(file).unwrap())).collect();
    assert!(lines.len() > 40, "{} lines", lines.len());
    lines
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { sources(&path) } else { vec![path] }).collect()
}

fn of_file(code: &str) -> Vec<LogLine> {
    let (mut lines, mut pattern, mut messages) = (Vec::new(), None, Vec::new());
    for (name, arguments) in calls(code) {
        let line = line(&arguments);
        match name {
            // The publisher's macro: one list of fields, several messages.
            "$level" => pattern = Some(line),
            "line" => messages.push(line.message),
            _ => lines.push(line),
        }
    }
    for message in messages {
        let fields = pattern.as_ref().map(|line| line.fields.clone()).unwrap_or_default();
        lines.push(LogLine { message, alarm: None, fields });
    }
    lines
}

/// The calls of macros that log: the level and the arguments.
fn calls(code: &str) -> Vec<(&'static str, Vec<String>)> {
    let mut calls = Vec::new();
    for (name, prefix) in [
        ("error", "tracing::error!("),
        ("warn", "tracing::warn!("),
        ("info", "tracing::info!("),
        ("debug", "tracing::debug!("),
        ("$level", "tracing::$level!("),
        ("line", " line!("),
    ] {
        let found = code.match_indices(prefix);
        calls.extend(found.map(|(at, _)| (name, arguments(&code[at + prefix.len()..]))));
    }
    calls
}

/// Splits the arguments of a call, up to its closing parenthesis.
fn arguments(code: &str) -> Vec<String> {
    let (mut arguments, mut depth, mut quoted, mut escaped) = (vec![String::new()], 0, false, false);
    for letter in code.chars() {
        match letter {
            '"' if !escaped => quoted = !quoted,
            '(' | '[' | '{' if !quoted => depth += 1,
            ')' if !quoted && depth == 0 => break,
            ')' | ']' | '}' if !quoted => depth -= 1,
            _ => {}
        }
        escaped = quoted && letter == '\\' && !escaped;
        if letter == ',' && !quoted && depth == 0 {
            arguments.push(String::new());
        } else if let Some(last) = arguments.last_mut() {
            last.push(letter);
        }
    }
    arguments.into_iter().map(|argument| argument.trim().to_owned()).filter(|one| !one.is_empty()).collect()
}

fn line(arguments: &[String]) -> LogLine {
    let mut line = LogLine::default();
    for argument in arguments {
        if let Some(message) = argument.strip_prefix('"') {
            message.trim_end_matches('"').clone_into(&mut line.message);
            continue;
        }
        let (name, value) = argument.split_once('=').unwrap_or((argument, ""));
        let name = name.trim().trim_start_matches(['%', '?']);
        if name == "alarm" {
            line.alarm = Some(value.trim().trim_matches('"').to_owned());
        }
        line.fields.push(name.to_owned());
    }
    line
}

#[test]
fn statement_gives_its_message_and_fields() {
    let code =
        r#"tracing::warn!(alarm = "late", %link, sum = add(1, 2), ?when, "the run, \"ended\" (late)");"#;
    let [line] = of_file(code).try_into().unwrap();
    assert_eq!(line.fields, ["alarm", "link", "sum", "when"]);
    assert_eq!((line.alarm.as_deref(), &*line.message), (Some("late"), r#"the run, \"ended\" (late)"#));
}
