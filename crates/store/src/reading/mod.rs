//! Reading the log for people: across subjects, by filters, newest first, and live.
//!
//! The functions never do this: they know their subject. The table has no index over all events, so a question that names no
//! pull request reads the whole table, page by page, up to a limit that the answer tells of. One that names link,
//! repository (by its id) and pull request reads that partition only.

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

/// The most pages that one question reads. A page is up to 1 MB of the table, whatever the filter leaves of it
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

/// Events that were found, the newest first.
#[derive(Debug, Clone, PartialEq)]
pub struct FoundEvents {
    /// The events, without their payloads.
    pub events: Vec<EventSummary>,
    /// Whether all of the table was read that could hold one; not so where it has too many pages.
    pub complete: bool,
}

impl Reader {
    /// Uses the table of this name. Nothing is sent yet. Every call ends within 5 seconds.
    pub fn connect(config: &aws_config::SdkConfig, table: impl Into<String>) -> Self {
        Self { client: aws::dynamodb(config), table: table.into(), max_pages: MAX_PAGES }
    }

    /// The same, but reading fewer pages.
    #[must_use]
    pub fn with_max_pages(self, max_pages: usize) -> Self {
        Self { max_pages, ..self }
    }

    /// The newest events that pass a filter, at most `limit`, by the time they were learned.
    ///
    /// # Errors
    ///
    /// The table's; [`Error::Corrupt`] for an event that cannot be read.
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
            // One partition is read from its end, so the first are the newest.
            if pages.is_ordered() && newest.is_full() {
                return Ok(FoundEvents { events: newest.into_events(), complete: true });
            }
        }
        Ok(FoundEvents { events: newest.into_events(), complete: pages.complete })
    }

    /// Where the event of this id stands; `None` where none has it.
    ///
    /// # Errors
    ///
    /// The table's; [`Error::TooManyPages`] where the table was not read to its end.
    pub async fn find(&self, id: &str) -> Result<Option<EventLocation>, Error> {
        let mut pages = Pages::new(self, Expression::of_fact(id));
        while let Some(items) = pages.next().await? {
            if let Some(item) = items.first() {
                return Ok(Some(location(item)?));
            }
        }
        pages.end(None)
    }

    /// The id of the repository of this full name (`workspace/slug`), from the first event that has it; `None` where none has.
    /// A repository that was made anew under an old name has another id: then only the id says which is meant.
    ///
    /// # Errors
    ///
    /// As [`Reader::find`].
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

/// The pages of one question.
struct Pages<'r> {
    reader: &'r Reader,
    expression: Expression,
    from: Option<Attributes>,
    left: usize,
    /// Whether the last page was read.
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

    /// What a search answers that found nothing: that is only known where all was read.
    fn end<T>(&self, nothing: T) -> Result<T, Error> {
        if self.complete { Ok(nothing) } else { Err(Error::TooManyPages { pages: self.reader.max_pages }) }
    }
}

/// Everything of an event but its payload. Some names are words of DynamoDB's own, so all are given by other names.
fn projection() -> (String, Vec<(String, String)>) {
    let alias = |field: &str| format!("#p_{field}");
    let expression: Vec<String> = SUMMARY_FIELDS.iter().map(|field| alias(field)).collect();
    let names = SUMMARY_FIELDS.iter().map(|field| (alias(field), (*field).to_owned())).collect();
    (expression.join(", "), names)
}
