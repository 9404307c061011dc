//! Format of the lines for CloudWatch Logs and for Lambda's filter.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "test code")]

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use jiff::Timestamp;
use metrics::{MOST_SAMPLES, Metric, Metrics, Scope, Sink};
use relay::Source;
use serde_json::{Value, json};

type Lines = Arc<Mutex<Vec<String>>>;

fn at() -> Timestamp {
    "2026-11-24T10:00:00.5Z".parse().unwrap()
}

fn metrics() -> [Metric; 2] {
    [Metric::count("Polls", 3_u32), Metric::seconds("OldestOverdueSeconds", u64::MAX)]
}

/// Returns the line that is written for `scope`.
fn written(scope: Scope<'_>) -> String {
    write(scope, &metrics())
}

fn write(scope: Scope<'_>, metrics: &[Metric]) -> String {
    let lines = Lines::default();
    Metrics::new("bitrelay-1".parse().unwrap(), lines.clone()).write(at(), scope, metrics);
    let lines = lines.lock().unwrap();
    assert_eq!(lines.len(), 1, "one write");
    lines[0].clone()
}

fn document(scope: Scope<'_>) -> Value {
    serde_json::from_str(&written(scope)).unwrap()
}

/// Checks the rules of the specification that apply to our documents.
fn check_format(document: &Value) {
    assert!(document["_aws"]["Timestamp"].is_i64(), "milliseconds since 1970");
    for directive in document["_aws"]["CloudWatchMetrics"].as_array().unwrap() {
        let fields: BTreeSet<_> = directive.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(fields, BTreeSet::from(["Namespace", "Dimensions", "Metrics"]));
        let namespace = directive["Namespace"].as_str().unwrap();
        assert!((1..=1024).contains(&namespace.len()) && !namespace.starts_with("AWS/"));
        for dimension in
            directive["Dimensions"].as_array().unwrap().iter().flat_map(|set| set.as_array().unwrap())
        {
            let value = document[dimension.as_str().unwrap()].as_str().unwrap();
            assert!((1..=1024).contains(&value.len()) && value.is_ascii(), "{dimension}: {value}");
        }
        let metrics = directive["Metrics"].as_array().unwrap();
        assert!((1..=100).contains(&metrics.len()));
        for metric in metrics {
            let value = &document[metric["Name"].as_str().unwrap()];
            let samples = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
            assert!(samples.len() <= MOST_SAMPLES && samples.iter().all(Value::is_u64), "{metric}: {value}");
            assert!(
                matches!(metric["Unit"].as_str(), Some("Count" | "Seconds" | "Milliseconds")),
                "{metric}"
            );
        }
    }
}

#[test]
fn metrics_of_a_link_have_stack_and_link() {
    let document = document(Scope::Link(&"acme".parse().unwrap()));
    check_format(&document);
    let metadata = json!({
        "Timestamp": 1_795_514_400_500_i64,
        "CloudWatchMetrics": [{
            "Namespace": "bitrelay",
            "Dimensions": [["stack", "link"]],
            "Metrics": [
                { "Name": "Polls", "Unit": "Count" },
                { "Name": "OldestOverdueSeconds", "Unit": "Seconds" },
            ],
        }],
    });
    assert_eq!(document["_aws"], metadata);
    assert_eq!((&document["stack"], &document["link"]), (&json!("bitrelay-1"), &json!("acme")));
    assert_eq!((&document["Polls"], &document["OldestOverdueSeconds"]), (&json!(3), &json!(u64::MAX)));
}

#[test]
fn metrics_of_the_stack_have_no_link() {
    let document = document(Scope::Stack);
    check_format(&document);
    assert_eq!(document["_aws"]["CloudWatchMetrics"][0]["Dimensions"], json!([["stack"]]));
    assert_eq!(document.get("link"), None);
}

#[test]
fn samples_of_a_source_are_one_metric() {
    let delays = Metric::milliseconds("MillisecondsToBus", vec![7, 3]);
    let document: Value = serde_json::from_str(&write(Scope::Source(Source::Poll), &[delays])).unwrap();
    check_format(&document);
    let directive = &document["_aws"]["CloudWatchMetrics"][0];
    assert_eq!(directive["Dimensions"], json!([["stack", "source"]]));
    assert_eq!(directive["Metrics"], json!([{ "Name": "MillisecondsToBus", "Unit": "Milliseconds" }]));
    assert_eq!((&document["source"], &document["MillisecondsToBus"]), (&json!("poll"), &json!([7, 3])));
}

#[test]
fn line_passes_every_log_level_of_lambda() {
    let document = document(Scope::Stack);
    assert_eq!(document["level"], "INFO");
    let timestamp = document["timestamp"].as_str().unwrap();
    assert!(timestamp.ends_with('Z') && timestamp.parse::<Timestamp>().unwrap() == at(), "{timestamp}");
}

#[test]
fn document_is_one_line() {
    let line = written(Scope::Stack);
    assert!(line.ends_with('\n') && line.matches('\n').count() == 1, "{line:?}");
}

fn from(variables: &[(&str, &str)]) -> Result<Option<Metrics>, metrics::Error> {
    let lookup = |name: &str| {
        variables.iter().find(|(variable, _)| *variable == name).map(|(_, value)| (*value).to_owned())
    };
    let lines: Arc<dyn Sink> = Lines::default();
    Metrics::from_environment(lookup, lines)
}

#[test]
fn metrics_need_a_valid_switch_and_stack_name() {
    let stack = ("BITRELAY_STACK", "bitrelay");
    assert!(from(&[stack, ("BITRELAY_METRICS", "true")]).unwrap().is_some());
    assert!(from(&[stack, ("BITRELAY_METRICS", "false")]).unwrap().is_none());
    assert!(from(&[stack]).unwrap().is_none());
    for invalid in ["", "TRUE", "1", "yes"] {
        let error = from(&[stack, ("BITRELAY_METRICS", invalid)]).unwrap_err().to_string();
        assert!(error.starts_with("BITRELAY_METRICS must be `true` or `false`"), "{error}");
    }
    for invalid in ["", "a stack", "a\nb", "ü", &"a".repeat(129)] {
        let error = from(&[("BITRELAY_METRICS", "true"), ("BITRELAY_STACK", invalid)]).unwrap_err();
        assert!(error.to_string().starts_with("BITRELAY_STACK must be"), "{error}");
    }
    assert!(from(&[("BITRELAY_METRICS", "true")]).is_err(), "a stack without a name");
}
