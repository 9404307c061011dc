//! Reads the log for people: across subjects, by filters, newest first, and live.
//!
//! The functions never do this, because they know their subject. The table has no index of all events. A search without
//! a pull request therefore reads the whole table, page by page, up to a limit. A search with link, repository id and
//! pull request reads one partition.

mod filter;
mod summary;
#[cfg(feature = "tail")]
mod tail;

use std::collections::HashMap;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use aws_sdk_dynamodb::operation::scan::builders::ScanFluentBuilder;
use aws_sdk_dynamodb::types::AttributeValue;
use bitbucket::RepositoryId;
use relay::LinkId;
use serde_dynamo::Item;

pub use filter::{EventFilter, EventLocation, RepositoryFilter};
pub use summary::EventSummary;
#[cfg(feature = "tail")]
pub use tail::Tail;

use crate::Error;
use crate::aws::{self, DYNAMODB, failure};
use crate::codec::keys;
use filter::{Expression, location};
use summary::{Newest, SUMMARY_FIELDS};

/// Largest number of pages per search. A page is up to 1 MB of the table before the filter
/// (<https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Scan.html>).
const MAX_PAGES: usize = 1_000;

type Attributes = HashMap<String, AttributeValue>;

/// Reads the table for people. It never writes.
#[derive(Debug, Clone)]
pub struct Reader {
    client: Client,
    table: String,
    max_pages: usize,
}

/// The events of a search, the newest first.
#[derive(Debug, Clone, PartialEq)]
pub struct FoundEvents {
    /// The events, without their payloads.
    pub events: Vec<EventSummary>,
    /// False if the search reached its page limit before the end of the table.
    pub complete: bool,
}

impl Reader {
    /// Uses the table of this name. Nothing is sent yet. Every call ends within 5 seconds.
    pub fn connect(config: &aws_config::SdkConfig, table: impl Into<String>) -> Self {
        Self { client: aws::dynamodb(config), table: table.into(), max_pages: MAX_PAGES }
    }

    /// Sets the largest number of pages per search.
    #[must_use]
    pub fn with_max_pages(self, max_pages: usize) -> Self {
        Self { max_pages, ..self }
    }

    /// Returns at most `limit` events that pass a filter, the latest observed first.
    ///
    /// # Errors
    ///
    /// The table's errors; [`Error::Corrupt`] for an event that cannot be read.
    pub async fn events(&self, filter: &EventFilter, limit: usize) -> Result<FoundEvents, Error> {
        let mut newest = Newest::new(limit);
        let mut pages = Pages::new(self, Expression::of(filter));
        while let Some(items) = pages.next().await? {
            for item in items {
                let event = EventSummary::read(item)?;
                if filter.passes(&event) {
                    newest.push(event);
                }
            }
            // One partition is read from its end, so the first events are the newest.
            if pages.is_ordered() && newest.is_full() {
                return Ok(FoundEvents { events: newest.into_events(), complete: true });
            }
        }
        Ok(FoundEvents { events: newest.into_events(), complete: pages.complete })
    }

    /// Returns the location of the event with this id; `None` if no event has it.
    ///
    /// # Errors
    ///
    /// The table's errors; [`Error::TooManyPages`] if the table was not read to its end.
    pub async fn find(&self, id: &str) -> Result<Option<EventLocation>, Error> {
        let mut pages = Pages::new(self, Expression::of_fact(id));
        while let Some(items) = pages.next().await? {
            if let Some(item) = items.first() {
                return Ok(Some(location(item)?));
            }
        }
        pages.end(None)
    }

    /// Returns the id of the repository with this full name (`workspace/slug`), from the first event that has it.
    /// `None` if no event has it. Repositories that had the same name one after the other differ in their ids only.
    ///
    /// # Errors
    ///
    /// As for [`Reader::find`].
    pub async fn repository_id(
        &self,
        link: Option<&LinkId>,
        full_name: &str,
    ) -> Result<Option<RepositoryId>, Error> {
        let repository = Some(RepositoryFilter::FullName(full_name.to_ascii_lowercase()));
        let filter = EventFilter { link: link.cloned(), repository, ..EventFilter::default() };
        let mut pages = Pages::new(self, Expression::of(&filter));
        while let Some(items) = pages.next().await? {
            for item in items {
                let event = EventSummary::read(item)?;
                if let Some(id) = event.subject.repository().filter(|_| filter.passes(&event)) {
                    return Ok(Some(id.clone()));
                }
            }
        }
        pages.end(None)
    }
}

/// The pages of one search.
struct Pages<'r> {
    reader: &'r Reader,
    expression: Expression,
    from: Option<Attributes>,
    left: usize,
    /// True if the last page was read.
    complete: bool,
}

impl<'r> Pages<'r> {
    fn new(reader: &'r Reader, expression: Expression) -> Self {
        Self { reader, expression, from: None, left: reader.max_pages, complete: false }
    }

    fn is_ordered(&self) -> bool {
        self.expression.partition.is_some()
    }

    async fn next(&mut self) -> Result<Option<Vec<Item>>, Error> {
        if self.complete || self.left == 0 {
            return Ok(None);
        }
        self.left -= 1;
        let (items, from) = if let Some(pk) = &self.expression.partition {
            let page = self.query(pk).send().await.map_err(|error| failure(DYNAMODB, "Query", &error))?;
            (page.items, page.last_evaluated_key)
        } else {
            let page = self.scan().send().await.map_err(|error| failure(DYNAMODB, "Scan", &error))?;
            (page.items, page.last_evaluated_key)
        };
        self.complete = from.is_none();
        self.from = from;
        Ok(Some(items.unwrap_or_default().into_iter().map(Item::from).collect()))
    }

    fn scan(&self) -> ScanFluentBuilder {
        let Expression { filter, names, values, .. } = &self.expression;
        let (projection, projected) = projection();
        self.reader
            .client
            .scan()
            .table_name(&self.reader.table)
            .filter_expression(filter)
            .projection_expression(projection)
            .set_expression_attribute_names(Some(names.clone().into_iter().chain(projected).collect()))
            .set_expression_attribute_values(Some(values.clone()))
            .set_exclusive_start_key(self.from.clone())
    }

    fn query(&self, pk: &str) -> QueryFluentBuilder {
        let Expression { filter, names, values, .. } = &self.expression;
        let (projection, projected) = projection();
        self.reader
            .client
            .query()
            .table_name(&self.reader.table)
            .key_condition_expression("pk = :partition AND sk BETWEEN :first AND :last")
            .filter_expression(filter)
            .projection_expression(projection)
            .set_expression_attribute_names(Some(names.clone().into_iter().chain(projected).collect()))
            .set_expression_attribute_values(Some(values.clone()))
            .expression_attribute_values(":partition", AttributeValue::S(pk.to_owned()))
            .expression_attribute_values(":first", AttributeValue::S(keys::event(0)))
            .expression_attribute_values(":last", AttributeValue::S(keys::LAST_EVENT.to_owned()))
            .scan_index_forward(false)
            .set_exclusive_start_key(self.from.clone())
    }

    /// Returns the answer of a search without result. It is an error if the table was not read to its end.
    fn end<T>(&self, nothing: T) -> Result<T, Error> {
        if self.complete { Ok(nothing) } else { Err(Error::TooManyPages { pages: self.reader.max_pages }) }
    }
}

/// Returns the projection of an event without its payload. All names get aliases, because DynamoDB reserves some.
fn projection() -> (String, Vec<(String, String)>) {
    let alias = |field: &str| format!("#p_{field}");
    let expression: Vec<String> = SUMMARY_FIELDS.iter().map(|field| alias(field)).collect();
    let names = SUMMARY_FIELDS.iter().map(|field| (alias(field), (*field).to_owned())).collect();
    (expression.join(", "), names)
}
