//! Lists: filter, sort, cut into pages, and choose fields
//! (<https://developer.atlassian.com/cloud/bitbucket/rest/intro/#pagination>).

use super::errors::ApiError;
use super::fields::Fields;
use super::filter::Filter;
use crate::hub::Hub;
use crate::sight;
use crate::world::{Refusal, World};
use axum::Json;
use axum::http::{StatusCode, Uri};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use serde_json::{Map, Value, json};
use std::cmp::Ordering;

const DEFAULT_PAGELEN: usize = 10;

/// The rules of one list.
#[derive(Debug, Clone, Copy)]
pub(crate) struct List {
    /// Above this, 400 "Invalid pagelen".
    pub(crate) max_pagelen: usize,
    /// Fields that it may be sorted by.
    pub(crate) sortable: &'static [&'static str],
    /// The order when none is asked for, `-` for descending; empty for the order in which things were made.
    pub(crate) default_sort: &'static str,
    /// Fields of `values` that must be asked for with `fields=+values....`.
    pub(crate) hidden: &'static [&'static str],
}

impl List {
    /// Most lists: up to 100 a page, oldest first.
    pub(crate) const USUAL: Self = Self {
        max_pagelen: 100,
        sortable: &["created_on", "updated_on", "id"],
        default_sort: "",
        hidden: &[],
    };

    /// Comments, which may not be sortable by their time.
    pub(crate) fn of_comments(hub: &Hub) -> Self {
        let sorts_by_time = hub.world().comments_sort_by_time();
        Self { sortable: if sorts_by_time { Self::USUAL.sortable } else { &["created_on"] }, ..Self::USUAL }
    }
}

/// The query of a request.
#[derive(Debug, Clone)]
pub(crate) struct Query(Vec<(String, String)>);

impl Query {
    pub(crate) fn of(uri: &Uri) -> Self {
        let pairs = url::form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes());
        Self(pairs.into_owned().collect())
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.all(name).next()
    }

    pub(crate) fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.0.iter().filter(move |(other, _)| other == name).map(|(_, value)| value.as_str())
    }
}

/// One page of values read from the world, as the query asks for it. The world is locked only while it is read.
pub(crate) fn listed(
    list: List,
    hub: &Hub,
    uri: &Uri,
    read: impl FnOnce(&World) -> Result<Vec<Value>, Refusal>,
) -> Result<Json<Value>, ApiError> {
    let values = read(&hub.world())?;
    Ok(Json(page(list, &hub.base_url, uri, values)?))
}

/// One page of the values, as the query asks for it.
pub(crate) fn page(list: List, base_url: &str, uri: &Uri, values: Vec<Value>) -> Result<Value, ApiError> {
    let query = Query::of(uri);
    let fields = Fields::parse(query.get("fields"))?;
    let pagelen = pagelen(&query, list.max_pagelen)?;
    let start = start(&query, pagelen)?;
    let mut values = values;
    if let Some(filter) = query.get("q").filter(|filter| !filter.trim().is_empty()) {
        let filter = Filter::parse(filter).map_err(ApiError::bad_request)?;
        values.retain(|value| filter.matches(value));
    }
    values.retain(|value| !sight::omits(value.get("id")));
    sort(&mut values, query.get("sort").unwrap_or(list.default_sort), list.sortable)?;
    let size = values.len();
    let mut page = Map::new();
    page.insert("values".to_owned(), values.into_iter().skip(start).take(pagelen).collect());
    page.insert("pagelen".to_owned(), json!(pagelen));
    page.insert("size".to_owned(), json!(size));
    page.insert("page".to_owned(), json!(start / pagelen + 1));
    if start + pagelen < size {
        page.insert("next".to_owned(), json!(link(base_url, uri, start + pagelen)));
    }
    if start > 0 {
        page.insert("previous".to_owned(), json!(link(base_url, uri, start.saturating_sub(pagelen))));
    }
    let hidden: Vec<String> = list.hidden.iter().map(|name| format!("values.{name}")).collect();
    Ok(fields.choose(Value::Object(page), &hidden))
}

/// One value with the fields that the query asks for.
pub(crate) fn item(uri: &Uri, value: Value) -> Result<Value, ApiError> {
    Ok(Fields::parse(Query::of(uri).get("fields"))?.choose(value, &[]))
}

fn pagelen(query: &Query, max: usize) -> Result<usize, ApiError> {
    let Some(text) = query.get("pagelen") else { return Ok(DEFAULT_PAGELEN) };
    text.parse()
        .ok()
        .filter(|pagelen| (1..=max).contains(pagelen))
        .ok_or_else(|| ApiError::bad_request("Invalid pagelen"))
}

/// Start of the page: `page` is a number counted from 1, or the opaque mark that `next` carries.
fn start(query: &Query, pagelen: usize) -> Result<usize, ApiError> {
    let invalid = || ApiError::new(StatusCode::NOT_FOUND, "Invalid page");
    let Some(text) = query.get("page") else { return Ok(0) };
    if let Ok(number) = text.parse::<usize>() {
        return number.checked_sub(1).and_then(|before| before.checked_mul(pagelen)).ok_or_else(invalid);
    }
    let mark = BASE64.decode(text).ok().and_then(|mark| String::from_utf8(mark).ok());
    mark.and_then(|mark| mark.strip_prefix("from:")?.parse().ok()).ok_or_else(invalid)
}

fn link(base_url: &str, uri: &Uri, start: usize) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    for (name, value) in Query::of(uri).0.iter().filter(|(name, _)| name != "page") {
        query.append_pair(name, value);
    }
    query.append_pair("page", &BASE64.encode(format!("from:{start}")));
    format!("{base_url}{}?{}", uri.path(), query.finish())
}

fn sort(values: &mut [Value], by: &str, sortable: &[&str]) -> Result<(), ApiError> {
    if by.is_empty() {
        return Ok(());
    }
    let (field, descending) = by.strip_prefix('-').map_or((by, false), |field| (field, true));
    if !sortable.contains(&field) {
        let message =
            format!("Invalid sort: {by}. Sort by one of {}, with - for descending.", sortable.join(", "));
        return Err(ApiError::bad_request(message));
    }
    let key = |value: &Value| value.get(field).cloned().unwrap_or_default();
    values.sort_by(|one, other| {
        let order = compare(&key(one), &key(other));
        if descending { order.reverse() } else { order }
    });
    Ok(())
}

/// Numbers by value, everything else by its text: times are written so that this is their order.
fn compare(one: &Value, other: &Value) -> Ordering {
    match (one.as_u64(), other.as_u64()) {
        (Some(one), Some(other)) => one.cmp(&other),
        _ => one.as_str().unwrap_or_default().cmp(other.as_str().unwrap_or_default()),
    }
}
