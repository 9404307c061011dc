//! One line: figures, and what CloudWatch is to make of them.

use std::collections::BTreeMap;

use jiff::Timestamp;
use relay::LinkId;
use serde::Serialize;

use crate::{Of, Stack};

/// The namespace of every metric.
pub const NAMESPACE: &str = "bitrelay";

/// The level of every line. The template leaves Lambda's own filter at its default, which drops what is below INFO
/// (<https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-log-level.html>); `LogLevel` does not concern these lines.
const LEVEL: &str = "INFO";

/// One figure with its name. Both are numbers or words of ours: nothing else fits in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Metric {
    name: &'static str,
    unit: Unit,
    value: u64,
}

/// CloudWatch's words (<https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricDatum.html>).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
enum Unit {
    Count,
    Seconds,
}

impl Metric {
    /// How many of something.
    pub fn count(name: &'static str, value: impl Into<u64>) -> Self {
        Self { name, unit: Unit::Count, value: value.into() }
    }

    /// How many seconds.
    pub fn seconds(name: &'static str, value: impl Into<u64>) -> Self {
        Self { name, unit: Unit::Seconds, value: value.into() }
    }
}

/// The document. Every dimension and every metric that `_aws` names is a member beside it.
#[derive(Debug, Serialize)]
struct Document<'l> {
    level: &'static str,
    timestamp: Timestamp,
    #[serde(rename = "_aws")]
    metadata: Metadata,
    stack: &'l Stack,
    #[serde(skip_serializing_if = "Option::is_none")]
    link: Option<&'l LinkId>,
    #[serde(flatten)]
    values: BTreeMap<&'static str, u64>,
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
    /// Sets of dimensions. One, because a figure becomes a metric, which costs, for each.
    dimensions: [&'static [&'static str]; 1],
    metrics: Vec<Definition>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Definition {
    name: &'static str,
    unit: Unit,
}

/// The line, its newline included.
pub(crate) fn line(at: Timestamp, stack: &Stack, of: Of<'_>, figures: &[Metric]) -> String {
    let (dimensions, link): (&[&str], _) = match of {
        Of::Stack => (&["stack"], None),
        Of::Link(link) => (&["stack", "link"], Some(link)),
    };
    let metrics = figures.iter().map(|figure| Definition { name: figure.name, unit: figure.unit }).collect();
    let directive = Directive { namespace: NAMESPACE, dimensions: [dimensions], metrics };
    let document = Document {
        level: LEVEL,
        timestamp: at,
        metadata: Metadata { timestamp: at.as_millisecond(), cloud_watch_metrics: [directive] },
        stack,
        link,
        values: figures.iter().map(|figure| (figure.name, figure.value)).collect(),
    };
    // Keys are strings and values numbers, so this does not fail; an empty line would be no metric.
    serde_json::to_string(&document).map(|json| json + "\n").unwrap_or_default()
}
