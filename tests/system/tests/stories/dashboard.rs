//! The dashboard of `template.yaml`: each widget needs metrics that somebody emits, because a graph of another one
//! stays empty.

use serde_json::{Value, json};
use store::memory::Fault;
use system::Repo;

use crate::deployment::Deployment;

const TEMPLATE: &str = include_str!("../../../../template.yaml");

const API: &[&str] = &["${Api}"];
const FUNCTIONS: &[&str] = &["${Webhook}", "${Poller}", "${Publisher}"];

/// Metrics that AWS emits: namespace, name, dimension, and the resources that have it.
const AWS: [(&str, &str, &str, &[&str]); 8] = [
    // https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-metrics.html
    ("AWS/ApiGateway", "Count", "ApiId", API),
    ("AWS/ApiGateway", "4xx", "ApiId", API),
    ("AWS/ApiGateway", "5xx", "ApiId", API),
    ("AWS/ApiGateway", "Latency", "ApiId", API),
    // https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
    ("AWS/Lambda", "Errors", "FunctionName", FUNCTIONS),
    ("AWS/Lambda", "Throttles", "FunctionName", FUNCTIONS),
    // Of functions that read a stream.
    ("AWS/Lambda", "IteratorAge", "FunctionName", &["${Publisher}"]),
    // https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html
    ("AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", &["${DeadLetterQueue.QueueName}"]),
];

/// The lines of the dashboard's resource.
fn resource() -> impl Iterator<Item = &'static str> {
    let lines = TEMPLATE.lines().skip_while(|line| *line != "  OperationsDashboard:");
    lines.take_while(|line| *line != "Outputs:")
}

/// The widgets of the dashboard.
fn widgets() -> Vec<Value> {
    let body = resource().skip_while(|line| line.trim() != "- |").skip(1);
    let body: Vec<_> = body.take_while(|line| line.is_empty() || line.starts_with("          ")).collect();
    let body: Value = serde_json::from_str(&body.join("\n").replace("${AlarmsOnMetrics}", "")).unwrap();
    body["widgets"].as_array().unwrap().clone()
}

/// The graphs of a widget; none for the list of alarms.
fn graphs(widget: &Value) -> Vec<Vec<Value>> {
    let graphs = widget["properties"]["metrics"].as_array();
    graphs.into_iter().flatten().map(|graph| graph.as_array().unwrap().clone()).collect()
}

/// A metric of a graph.
#[derive(Debug)]
struct GraphedMetric {
    namespace: String,
    name: String,
    /// Names and values, in their order.
    dimensions: Vec<[String; 2]>,
}

/// Reads the metric of a graph; `None` for a formula.
fn metric(graph: &[Value]) -> Option<GraphedMetric> {
    if let Some(expression) = graph[0].get("expression") {
        let search =
            expression.as_str().unwrap().strip_prefix("SEARCH('{bitrelay,stack,link} MetricName=\"")?;
        let (name, rest) = search.split_once('"').unwrap();
        assert!(rest.starts_with(" stack=\"${AWS::StackName}\"', '"), "other stacks too: {rest}");
        let dimensions =
            [["stack", "${AWS::StackName}"], ["link", "any"]].map(|pair| pair.map(str::to_owned));
        let (namespace, name) = ("bitrelay".to_owned(), name.to_owned());
        return Some(GraphedMetric { namespace, name, dimensions: dimensions.to_vec() });
    }
    let words: Vec<_> = graph.iter().filter_map(Value::as_str).map(str::to_owned).collect();
    let dimensions = words[2..].chunks(2).map(|pair| [pair[0].clone(), pair[1].clone()]).collect();
    Some(GraphedMetric { namespace: words[0].clone(), name: words[1].clone(), dimensions })
}

/// A stack after a day with webhooks, polls, and each kind of refused delivery.
async fn after_a_busy_day() -> Deployment {
    let mut stack = Deployment::start().await;
    let (pr, json) = (stack.world.alice().opens("gear").await, json!({ "content-type": "application/json" }));
    let comment = stack.world.bob().comments(pr, "first").await;
    stack.world.bob().edits(pr, comment, "second").await;
    stack.world.advance(60);
    let poller = stack.world.another_poller().with_metrics(Some(stack.metrics.clone()));
    stack.world.run(&poller, "measured").await;
    stack.publishes().await;

    let kept = json!({ "content-type": "application/json", "x-event-key": "pullrequest:updated" });
    let body = json!({
        "repository": { "uuid": stack.world.uuid(Repo::Gadgets), "full_name": "acme/gadgets" },
        "pullrequest": { "id": 1 },
    });
    stack.world.table.inject(Fault::CommitRefused, 1);
    assert_eq!(stack.sends("/webhook/gadgets", "", kept, &body).await, 202);
    assert_eq!(stack.sends("/webhook/widgets", "", json.clone(), &body).await, 401);
    assert_eq!(stack.sends("/webhook/no-such-link", "", json.clone(), &body).await, 401);
    assert_eq!(stack.sends("/webhook/widgets", "x=<", json, &body).await, 400);
    stack
}

#[tokio::test]
async fn every_metric_of_the_dashboard_is_emitted() {
    let mut emitted = after_a_busy_day().await.emitted();
    // From the access log of the API; `every_alarm_watches_a_metric_that_is_emitted` reads the filter.
    emitted.insert("RequestsThrottled".to_owned(), vec![vec!["stack".to_owned()]]);
    let widgets = widgets();
    let metrics: Vec<_> = widgets.iter().flat_map(graphs).filter_map(|graph| metric(&graph)).collect();
    assert!(metrics.len() > 20, "{metrics:?}");
    for GraphedMetric { namespace, name, dimensions } in metrics {
        if namespace == "bitrelay" {
            let names: Vec<_> = dimensions.iter().map(|[name, _]| name.clone()).collect();
            let sets = emitted.get(&name).unwrap_or_else(|| panic!("nobody emits {name}"));
            assert!(sets.contains(&names), "{name} has the dimensions {sets:?}, not {names:?}");
            assert_eq!(dimensions[0][1], "${AWS::StackName}", "{name}");
            let source = dimensions.iter().find(|[name, _]| name == "source");
            assert!(source.is_none_or(|[_, source]| ["webhook", "poll"].contains(&source.as_str())));
        } else {
            let [[dimension, value]] = dimensions.try_into().unwrap();
            let known = |aws: &&(&str, &str, &str, &[&str])| {
                (aws.0, aws.1, aws.2) == (&*namespace, &*name, &*dimension)
            };
            let (_, _, _, resources) =
                AWS.iter().find(known).unwrap_or_else(|| panic!("AWS emits no {name}"));
            assert!(resources.contains(&value.as_str()), "{name} of {value}");
        }
    }
}

#[test]
fn every_formula_of_the_dashboard_names_graphs_of_its_widget() {
    let mut formulas = 0;
    for widget in widgets() {
        let graphs = graphs(&widget);
        let ids: Vec<_> = graphs.iter().filter_map(|graph| graph.last()?.get("id")?.as_str()).collect();
        let expressions = graphs.iter().filter(|graph| metric(graph).is_none());
        for expression in expressions.filter_map(|graph| graph[0]["expression"].as_str()) {
            let words = expression.split(|letter: char| !letter.is_ascii_alphabetic());
            for word in words.filter(|word| !word.is_empty() && *word != "FILL") {
                assert!(ids.contains(&word), "{word} in {expression}");
                formulas += 1;
            }
        }
    }
    assert_eq!(formulas, 3);
}

#[test]
fn dashboard_lists_every_alarm() {
    let resource: String = resource().collect();
    let alarms = TEMPLATE.lines().filter_map(|line| line.strip_prefix("  ")?.strip_suffix("Alarm:"));
    let alarms: Vec<_> = alarms.filter(|name| !name.starts_with(' ')).collect();
    assert!(alarms.len() >= 15, "{alarms:?}");
    for alarm in alarms {
        assert!(resource.contains(&format!("\"${{{alarm}Alarm.Arn}}\"")), "no {alarm}Alarm");
    }
}

#[test]
fn widgets_of_a_row_do_not_overlap() {
    let mut taken = std::collections::BTreeSet::new();
    for widget in widgets() {
        let [x, y, width, height] = ["x", "y", "width", "height"].map(|side| widget[side].as_u64().unwrap());
        assert!(x + width <= 24, "{widget}");
        let cells = (y..y + height).flat_map(|row| (x..x + width).map(move |column| (row, column)));
        assert!(cells.into_iter().all(|cell| taken.insert(cell)), "{widget}");
    }
}
