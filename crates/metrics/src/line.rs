//! One line: values, and their description for CloudWatch.

use std::collections::BTreeMap;

use jiff::Timestamp;
use relay::{LinkId, Source};
use serde::Serialize;

use crate::stack::Stack;

/// Namespace of every metric.
pub const NAMESPACE: &str = "bitrelay";

/// Most samples of a metric in one line
/// (<https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>).
pub const MOST_SAMPLES: usize = 100;

/// Level of every line. The template leaves Lambda's own filter at its default, which drops lines below INFO
/// (<https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-log-level.html>). `LogLevel` does not
/// affect these lines.
const LEVEL: &str = "INFO";

/// Subject of a metric: its dimensions in CloudWatch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope<'l> {
    /// The whole stack: dimension `stack`.
    Stack,
    /// One link of it: dimensions `stack` and `link`.
    Link(&'l LinkId),
    /// The events of one source: dimensions `stack` and `source`.
    Source(Source),
}

/// Name and values of a metric.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Metric {
    name: &'static str,
    unit: Unit,
    value: Value,
}

/// One value, or a sample for each thing that was measured.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
enum Value {
    One(u64),
    Samples(Vec<u64>),
}

/// Units of CloudWatch (<https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricDatum.html>).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
enum Unit {
    Count,
    Seconds,
    Milliseconds,
}

impl Metric {
    /// Makes a count.
    pub fn count(name: &'static str, value: impl Into<u64>) -> Self {
        Self { name, unit: Unit::Count, value: Value::One(value.into()) }
    }

    /// Makes a duration in seconds.
    pub fn seconds(name: &'static str, value: impl Into<u64>) -> Self {
        Self { name, unit: Unit::Seconds, value: Value::One(value.into()) }
    }

    /// Makes durations in milliseconds, for percentiles: at most [`MOST_SAMPLES`].
    pub const fn milliseconds(name: &'static str, samples: Vec<u64>) -> Self {
        Self { name, unit: Unit::Milliseconds, value: Value::Samples(samples) }
    }
}

/// The JSON document. Every dimension and metric that `_aws` names is a member beside it.
#[derive(Debug, Serialize)]
struct Document<'l> {
    level: &'static str,
    timestamp: Timestamp,
    #[serde(rename = "_aws")]
    metadata: Metadata,
    stack: &'l Stack,
    #[serde(skip_serializing_if = "Option::is_none")]
    link: Option<&'l LinkId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<&'static str>,
    #[serde(flatten)]
    values: BTreeMap<&'static str, &'l Value>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Metadata {
    /// Milliseconds since 1970.
    timestamp: i64,
    cloud_watch_metrics: [Directive; 1],
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Directive {
    namespace: &'static str,
    /// Sets of dimensions. One only, because each set makes another billed metric.
    dimensions: [&'static [&'static str]; 1],
    metrics: Vec<Definition>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Definition {
    name: &'static str,
    unit: Unit,
}

/// Makes the line, with its newline.
pub(crate) fn line(at: Timestamp, stack: &Stack, scope: Scope<'_>, metrics: &[Metric]) -> String {
    let (dimensions, link, source): (&[&str], _, _) = match scope {
        Scope::Stack => (&["stack"], None, None),
        Scope::Link(link) => (&["stack", "link"], Some(link), None),
        Scope::Source(source) => (&["stack", "source"], None, Some(source.as_str())),
    };
    let definitions =
        metrics.iter().map(|metric| Definition { name: metric.name, unit: metric.unit }).collect();
    let directive = Directive { namespace: NAMESPACE, dimensions: [dimensions], metrics: definitions };
    let document = Document {
        level: LEVEL,
        timestamp: at,
        metadata: Metadata { timestamp: at.as_millisecond(), cloud_watch_metrics: [directive] },
        stack,
        link,
        source,
        values: metrics.iter().map(|metric| (metric.name, &metric.value)).collect(),
    };
    // Keys are strings and values are numbers, so this cannot fail.
    serde_json::to_string(&document).map(|json| json + "\n").unwrap_or_default()
}
