//! One query, page by page: a partition of the index `log`, or the events of one pull request.

use std::collections::{HashMap, VecDeque};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;
use serde_dynamo::Item;

use super::cursor::Cursor;
use super::filter::{EventFilter, Expression};
use super::summary::{EventSummary, SUMMARY_FIELDS};
use crate::Error;
use crate::aws::{DYNAMODB, failure};
use crate::codec::{keys, log};

/// The index of all events.
const INDEX: &str = "log";

/// Sorts after every sort key of the index.
const END_OF_TIME: &str = "~";

type Attributes = HashMap<String, AttributeValue>;

/// The parts of a query that all lanes of a log share.
#[derive(Debug)]
pub(super) struct Query {
    pub(super) table: String,
    /// Largest number of items in an answer.
    pub(super) page: i32,
    pub(super) is_forward: bool,
}

/// The range of sort keys that a lane reads.
#[derive(Debug)]
enum Range {
    /// A partition of the index, between two sort keys.
    Time { partition: String, first: String, last: String },
    /// The partition of a pull request.
    Subject { pk: String },
}

/// One query, with the events that it has read ahead.
#[derive(Debug)]
pub(super) struct Lane {
    range: Range,
    ahead: VecDeque<EventSummary>,
    /// Key after which the next page begins; `None` before the first page and after the last.
    start_key: Option<Attributes>,
    /// True once the last page was read.
    complete: bool,
}

impl Lane {
    /// Makes a lane over a partition of the index, within the times of the filter.
    pub(super) fn time(partition: String, filter: &EventFilter) -> Self {
        let first = filter.since.map(log::moment).unwrap_or_default();
        let last = filter.until.map_or_else(|| END_OF_TIME.to_owned(), log::moment);
        // DynamoDB refuses an empty sort key.
        let first = if first.is_empty() { "0".to_owned() } else { first };
        Self::new(Range::Time { partition, first, last })
    }

    /// Makes a lane over the events of the subject with this partition key.
    pub(super) const fn subject(pk: String) -> Self {
        Self::new(Range::Subject { pk })
    }

    const fn new(range: Range) -> Self {
        Self { range, ahead: VecDeque::new(), start_key: None, complete: false }
    }

    pub(super) fn start_after(&mut self, cursor: &Cursor) {
        self.start_key = match &self.range {
            Range::Time { partition, .. } => cursor.index_key(partition),
            Range::Subject { pk } => cursor.table_key(pk),
        };
    }

    /// True if its next event is in memory, or it has no more events.
    pub(super) fn is_ready(&self) -> bool {
        self.complete || !self.ahead.is_empty()
    }

    /// True if it has no more events.
    pub(super) fn is_over(&self) -> bool {
        self.complete && self.ahead.is_empty()
    }

    pub(super) fn first(&self) -> Option<&EventSummary> {
        self.ahead.front()
    }

    pub(super) fn pop(&mut self) -> Option<EventSummary> {
        self.ahead.pop_front()
    }

    /// Time of the last item that was read, if another page follows.
    pub(super) fn reached(&self) -> Option<Timestamp> {
        let AttributeValue::S(at) = self.start_key.as_ref()?.get("log_at")? else { return None };
        log::observed_at(at)
    }

    /// Reads the next page.
    pub(super) async fn read(
        &mut self,
        client: &Client,
        query: &Query,
        filter: &EventFilter,
    ) -> Result<(), Error> {
        let request = self.request(client, query, filter).set_exclusive_start_key(self.start_key.take());
        let page = request.send().await.map_err(|error| failure(DYNAMODB, "Query", &error))?;
        for item in page.items.unwrap_or_default() {
            let event = EventSummary::read(Item::from(item))?;
            if filter.passes(&event) {
                self.ahead.push_back(event);
            }
        }
        self.complete = page.last_evaluated_key.is_none();
        self.start_key = page.last_evaluated_key;
        Ok(())
    }

    fn request(&self, client: &Client, query: &Query, filter: &EventFilter) -> QueryFluentBuilder {
        let request =
            client.query().table_name(&query.table).limit(query.page).scan_index_forward(query.is_forward);
        let (request, expression) = match &self.range {
            Range::Time { partition, first, last } => {
                let request = request.index_name(INDEX).key_condition_expression(
                    "log_partition = :partition AND log_at BETWEEN :first AND :last",
                );
                (between(request, partition, first, last), filter.expression())
            }
            Range::Subject { pk } => {
                let request =
                    request.key_condition_expression("pk = :partition AND sk BETWEEN :first AND :last");
                let request = between(request, pk, &keys::event(0), keys::LAST_EVENT);
                let (projection, names) = projection();
                let request = names
                    .into_iter()
                    .fold(request.projection_expression(projection), |request, (alias, name)| {
                        request.expression_attribute_names(alias, name)
                    });
                // The further items of a large payload have another kind.
                (request, filter.expression().and("kind", "event"))
            }
        };
        filtered(request, expression)
    }
}

fn between(request: QueryFluentBuilder, partition: &str, first: &str, last: &str) -> QueryFluentBuilder {
    let text = |text: &str| AttributeValue::S(text.to_owned());
    request
        .expression_attribute_values(":partition", text(partition))
        .expression_attribute_values(":first", text(first))
        .expression_attribute_values(":last", text(last))
}

fn filtered(request: QueryFluentBuilder, expression: Expression) -> QueryFluentBuilder {
    let Some(terms) = expression.terms() else { return request };
    expression.0.into_iter().fold(request.filter_expression(terms), |request, (name, value)| {
        request
            .expression_attribute_names(format!("#{name}"), name)
            .expression_attribute_values(format!(":{name}"), AttributeValue::S(value))
    })
}

/// Returns the projection on the fields of a summary. All names get aliases, because DynamoDB reserves some.
fn projection() -> (String, Vec<(String, String)>) {
    let alias = |field: &str| format!("#p_{field}");
    let expression: Vec<String> = SUMMARY_FIELDS.iter().map(|field| alias(field)).collect();
    let names = SUMMARY_FIELDS.iter().map(|field| (alias(field), (*field).to_owned())).collect();
    (expression.join(", "), names)
}
