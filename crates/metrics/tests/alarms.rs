//! The alarms of `template.yaml`: each needs a metric that somebody emits, because an alarm on another one never fires.
//! The dashboard has its tests in tests/system, with metrics that running functions have written.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "test code")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

const TEMPLATE: &str = include_str!("../../../template.yaml");

/// Metrics that AWS emits, with their page.
const AWS: [(&str, &str); 6] = [
    // https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html
    ("AWS/SQS", "ApproximateNumberOfMessagesVisible"),
    // https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-metrics.html
    ("AWS/ApiGateway", "5xx"),
    // https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
    ("AWS/Lambda", "Errors"),
    ("AWS/Lambda", "Invocations"),
    ("AWS/Lambda", "IteratorAge"),
    ("AWS/Lambda", "Throttles"),
];

/// The lines of each resource of a type.
fn resources(kind: &str) -> Vec<Vec<&'static str>> {
    let kind = format!("Type: {kind}");
    let lines: Vec<_> = TEMPLATE.lines().skip_while(|line| *line != "Resources:").collect();
    let starts_resource = |line: &str| line.starts_with("  ") && line[2..].starts_with(char::is_alphabetic);
    let parts = lines.split(|line| starts_resource(line));
    parts.filter(|part| part.iter().any(|line| line.trim() == kind)).map(<[_]>::to_vec).collect()
}

/// Returns the value of a property in a resource.
fn property(resource: &[&'static str], name: &str) -> &'static str {
    let prefix = format!("{name}: ");
    let value = resource.iter().find_map(|line| line.trim_start_matches([' ', '-']).strip_prefix(&prefix));
    value.unwrap_or_else(|| panic!("no {name} in {resource:?}"))
}

/// Namespaces and names of the metrics that the alarms watch.
fn watched() -> BTreeSet<(&'static str, &'static str)> {
    let alarms = resources("AWS::CloudWatch::Alarm");
    alarms.iter().map(|alarm| (property(alarm, "Namespace"), property(alarm, "MetricName"))).collect()
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { sources(&path) } else { vec![path] }).collect()
}

/// The code of the functions.
fn code() -> String {
    let functions = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../functions");
    let folders = ["poller", "publisher", "webhook"].map(|function| functions.join(function).join("src"));
    folders.iter().flat_map(|folder| sources(folder)).map(|path| fs::read_to_string(path).unwrap()).collect()
}

#[test]
fn every_alarm_watches_a_metric_that_is_emitted() {
    let code = code();
    let from_logs = resources("AWS::Logs::MetricFilter");
    let from_logs: Vec<_> =
        from_logs.iter().map(|one| (property(one, "MetricNamespace"), property(one, "MetricName"))).collect();
    for (namespace, name) in watched() {
        let ours = namespace == metrics::NAMESPACE && code.contains(&format!("\"{name}\""));
        let emitted = ours || from_logs.contains(&(namespace, name)) || AWS.contains(&(namespace, name));
        assert!(emitted, "no code and no AWS service emits {namespace} {name}");
    }
}

#[test]
fn each_class_of_refused_delivery_has_an_alarm() {
    let watched = watched();
    let classes = [
        ("401, a link that exists", "bitrelay", "DeliveriesUnauthorized"),
        ("401, a link that does not, and 404", "bitrelay", "DeliveriesToUnknownLinks"),
        ("400, 413, 415", "bitrelay", "DeliveriesMalformed"),
        ("429", "bitrelay", "RequestsThrottled"),
        ("5xx", "AWS/ApiGateway", "5xx"),
        ("refused by Lambda", "AWS/Lambda", "Throttles"),
    ];
    for (class, namespace, name) in classes {
        assert!(watched.contains(&(namespace, name)), "no alarm for {class}");
    }
}

#[test]
fn each_alarm_on_our_metrics_selects_the_stack() {
    let alarms = resources("AWS::CloudWatch::Alarm");
    let ours = alarms.iter().filter(|alarm| property(alarm, "Namespace") == metrics::NAMESPACE);
    assert!(ours.clone().count() >= 5);
    for alarm in ours {
        assert_eq!(property(alarm, "Dimensions"), "[{ Name: stack, Value: !Ref AWS::StackName }]");
    }
}

#[test]
fn each_role_may_send_traces_if_tracing_is_active() {
    let roles = resources("AWS::IAM::Role");
    assert_eq!(roles.len(), 3);
    for role in roles {
        let at = role.iter().position(|line| line.trim() == "- HasTracing").expect("a condition");
        assert!(role[at + 1].contains("xray:PutTraceSegments, xray:PutTelemetryRecords"), "{}", role[at + 1]);
    }
}

#[test]
fn table_outlives_its_stack_and_a_slip() {
    let tables = resources("AWS::DynamoDB::Table");
    assert_eq!(tables.len(), 1);
    for (name, value) in [
        ("DeletionPolicy", "Retain"),
        ("UpdateReplacePolicy", "Retain"),
        ("DeletionProtectionEnabled", "true"),
    ] {
        assert_eq!(property(&tables[0], name), value);
    }
}
