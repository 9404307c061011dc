//! The auditor: compares three lists by id. What was acknowledged with 2xx, what the log holds, and what reached the
//! subscriber or the dead-letter queue.
//!
//! A delivery is found in the table by its mark, which is stored in one transaction with its events.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::Value;

use crate::table::TABLE;

/// A delivery: the hook and the request that carried it, without braces.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Request {
    /// The hook.
    pub hook: String,
    /// The request.
    pub request: String,
}

/// An event of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The event's id.
    pub id: String,
    /// The subject's partition.
    pub partition: String,
    /// The position in the subject's log.
    pub sequence: u64,
}

/// Everything that the auditor compares.
#[derive(Debug, Clone, Default)]
pub struct Books {
    /// Number of deliveries that were sent, resends not counted.
    pub sent: usize,
    /// Deliveries that were answered 2xx.
    pub acknowledged: BTreeSet<Request>,
    /// Ids of events in answers with 2xx.
    pub answered: BTreeSet<String>,
    /// Deliveries with a mark in the table.
    pub marks: BTreeSet<Request>,
    /// Kept deliveries that were not folded yet.
    pub waiting: usize,
    /// The events of all logs.
    pub log: Vec<Entry>,
    /// Ids that the subscriber received; one that came twice is there twice.
    pub published: Vec<String>,
    /// Ids in the dead-letter queue.
    pub parked: Vec<String>,
}

/// The result of an audit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Balance {
    sent: usize,
    acknowledged: usize,
    stored: usize,
    logged: usize,
    published: usize,
    parked: usize,
    doubled: usize,
    /// One line for each thing that is missing, or that should not exist.
    pub missing: Vec<String>,
}

impl Books {
    /// Adds what the table holds.
    pub async fn read(&mut self, table: &Client) {
        let mut pages = table.scan().table_name(TABLE).consistent_read(true).into_paginator().items().send();
        while let Some(item) = pages.next().await {
            let item = item.unwrap();
            let text =
                |name: &str| item.get(name).and_then(|value| value.as_s().ok()).map_or("", String::as_str);
            match text("kind") {
                "event" => self.log.push(Entry {
                    id: text("id").to_owned(),
                    partition: text("pk").to_owned(),
                    sequence: text("sk").trim_start_matches("event#").parse().unwrap(),
                }),
                "delivery" => self.marks.extend(request_of(text("pk"), text("request"))),
                // A folded one leaves the index.
                "kept" if matches!(item.get("due_at_ms"), Some(AttributeValue::N(_))) => self.waiting += 1,
                _ => {}
            }
        }
    }

    /// Adds what the bus and the dead-letter queue received.
    pub fn receive(&mut self, published: &[Value], parked: &[Value]) {
        let id = |name: &'static str| move |it: &Value| it[name].as_str().unwrap_or_default().to_owned();
        self.published.extend(published.iter().map(id("id")));
        self.parked.extend(parked.iter().map(id("event_id")));
    }

    /// Compares the lists.
    pub fn audit(&self) -> Balance {
        let logged: BTreeMap<&str, usize> = counts(self.log.iter().map(|entry| entry.id.as_str()));
        let published = counts(self.published.iter().map(String::as_str));
        let parked = counts(self.parked.iter().map(String::as_str));
        let mut missing = Vec::new();
        for request in self.acknowledged.difference(&self.marks) {
            missing.push(format!(
                "delivery {} of hook {} was acknowledged and is not stored",
                request.request, request.hook
            ));
        }
        for id in self.answered.iter().filter(|id| !logged.contains_key(id.as_str())) {
            missing.push(format!("event {id} was acknowledged and is not in the log"));
        }
        for id in logged.keys().filter(|id| !published.contains_key(*id) && !parked.contains_key(*id)) {
            missing.push(format!("event {id} of the log was neither published nor parked"));
        }
        for id in published.keys().chain(parked.keys()).filter(|id| !logged.contains_key(*id)) {
            missing.push(format!("event {id} was published or parked and is not in the log"));
        }
        for (id, count) in logged.iter().filter(|(_, count)| **count > 1) {
            missing.push(format!("event {id} is in the log {count} times"));
        }
        missing.extend(self.gaps());
        if self.waiting > 0 {
            missing.push(format!("{} kept deliveries were not folded", self.waiting));
        }
        Balance {
            sent: self.sent,
            acknowledged: self.acknowledged.len(),
            stored: self.acknowledged.intersection(&self.marks).count(),
            logged: self.log.len(),
            published: published.len(),
            parked: parked.len(),
            doubled: published.values().filter(|count| **count > 1).count(),
            missing,
        }
    }

    /// Returns a line for each log whose sequence is not 1, 2, 3 and so on.
    fn gaps(&self) -> Vec<String> {
        let mut sequences = BTreeMap::<&str, Vec<u64>>::new();
        for entry in &self.log {
            sequences.entry(&entry.partition).or_default().push(entry.sequence);
        }
        let broken = sequences.into_iter().filter_map(|(partition, mut sequences)| {
            sequences.sort_unstable();
            let first = sequences.iter().zip(1..).find(|(sequence, expected)| **sequence != *expected);
            first.map(|(_, expected)| format!("the log {partition} has no event {expected}"))
        });
        broken.collect()
    }
}

/// Reads the key of a delivery's mark, `delivery#{link}#{hook}#...`, and its request. Before format 2 of events, the
/// request was in the key, after the hook.
fn request_of(pk: &str, request: &str) -> Option<Request> {
    let mut parts = pk.split('#').skip(2);
    let (hook, rest) = (parts.next()?, parts.next()?);
    let request = if request.is_empty() { rest } else { request };
    Some(Request { hook: hook.to_owned(), request: request.to_owned() })
}

fn counts<'i>(ids: impl Iterator<Item = &'i str>) -> BTreeMap<&'i str, usize> {
    let mut counts = BTreeMap::new();
    for id in ids {
        *counts.entry(id).or_default() += 1;
    }
    counts
}

impl fmt::Display for Balance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "sent {}, acknowledged {}, stored {}; in the log {}, published {} ({} more than once), parked {}; \
             missing {}",
            self.sent,
            self.acknowledged,
            self.stored,
            self.logged,
            self.published,
            self.doubled,
            self.parked,
            self.missing.len()
        )
    }
}

#[cfg(test)]
mod tests;
