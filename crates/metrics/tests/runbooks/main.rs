//! The runbooks: one for each alarm, with queries that find something, because they name lines and fields that the
//! functions really log.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "test code")]

mod log_lines;
mod query;

use std::collections::BTreeSet;

use log_lines::LogLine;
use query::{Query, queries};

const TEMPLATE: &str = include_str!("../../../../template.yaml");
const RUNBOOKS: &str = include_str!("../../../../docs/RUNBOOKS.md");
const DOCUMENTS: [(&str, &str); 3] = [
    ("RUNBOOKS.md", RUNBOOKS),
    ("MONITORING.md", include_str!("../../../../docs/MONITORING.md")),
    ("OPERATIONS.md", include_str!("../../../../docs/OPERATIONS.md")),
];

/// Fields of every line that are no fields of its message: those of CloudWatch Logs, of the runtime's format, and of
/// Lambda's own reports (<https://docs.aws.amazon.com/lambda/latest/dg/telemetry-schema-reference.html>).
const COMMON: [&str; 11] = [
    "@timestamp",
    "@message",
    "@log",
    "@logStream",
    "level",
    "span.requestId",
    "span.xrayTraceId",
    "type",
    "record.status",
    "record.errorType",
    "fields.message",
];

/// Ids of the alarms in the template.
fn alarms() -> BTreeSet<&'static str> {
    let ids = TEMPLATE.lines().filter_map(|line| line.strip_prefix("  ")?.strip_suffix(':'));
    ids.filter(|id| id.ends_with("Alarm") && !id.starts_with(' ')).collect()
}

/// The runbooks: heading and text.
fn runbooks() -> Vec<(&'static str, &'static str)> {
    RUNBOOKS.split("\n## ").skip(1).map(|section| section.split_once('\n').unwrap()).collect()
}

/// Fields of the API's access log.
fn access_log() -> BTreeSet<&'static str> {
    let format = TEMPLATE.lines().find_map(|line| line.trim().strip_prefix("{\"stack\":")).unwrap();
    let words = format.split('"').map(|word| word.trim_end_matches(':'));
    words
        .filter(|word| !word.is_empty() && word.chars().all(|c| c.is_ascii_lowercase() || c == '_'))
        .collect()
}

#[test]
fn every_alarm_has_a_runbook_and_every_runbook_an_alarm() {
    let headings: Vec<_> = runbooks().into_iter().map(|(heading, _)| heading).collect();
    assert_eq!(headings.iter().copied().collect::<BTreeSet<_>>(), alarms());
    assert_eq!(headings.len(), alarms().len(), "a runbook twice");
    for (heading, text) in runbooks() {
        for part in ["**Meaning.**", "**Look.**", "**Do.**", "**Over.**"] {
            assert_eq!(text.matches(part).count(), 1, "{heading}: {part}");
        }
    }
}

#[test]
fn every_query_names_lines_that_are_logged() {
    let lines = log_lines::read();
    let mut checked = 0;
    for (document, query) in
        DOCUMENTS.iter().flat_map(|(name, text)| queries(text).map(move |one| (name, one)))
    {
        for (word, kind) in query.messages() {
            let found = lines.iter().any(|line| line.is(&word, kind));
            assert!(found, "{document}: no function logs {word:?} ({})", query.text());
            checked += 1;
        }
    }
    assert!(checked >= 10, "{checked} messages");
}

#[test]
fn every_query_uses_fields_of_its_lines() {
    let (lines, access_log) = (log_lines::read(), access_log());
    assert!(access_log.contains("status") && access_log.contains("source_ip"), "{access_log:?}");
    let mut checked = 0;
    for (document, query) in
        DOCUMENTS.iter().flat_map(|(name, text)| queries(text).map(move |one| (name, one)))
    {
        let logged = fields_of(&query, &lines);
        for field in query.fields() {
            let known = match field.strip_prefix("fields.") {
                _ if COMMON.contains(&field.as_str()) => true,
                Some(field) => logged.contains(field),
                None => access_log.contains(field.as_str()),
            };
            assert!(known, "{document}: no such field: {field} ({})", query.text());
            checked += 1;
        }
    }
    assert!(checked >= 60, "{checked} fields");
}

/// Fields of the lines that a query selects by their messages; of all lines if it selects none.
fn fields_of<'l>(query: &Query, lines: &'l [LogLine]) -> BTreeSet<&'l str> {
    let messages = query.messages();
    let selected = lines
        .iter()
        .filter(|line| messages.is_empty() || messages.iter().any(|(word, kind)| line.is(word, *kind)));
    selected.flat_map(|line| line.fields.iter().map(String::as_str)).collect()
}
