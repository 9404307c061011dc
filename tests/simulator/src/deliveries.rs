//! The record of webhooks that were sent, and of those that were not, with the reason.

use crate::world::{Silence, SilenceReason, Webhook};
use jiff::Timestamp;
use serde::Serialize;
use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::watch;

/// Records kept; the oldest go first.
const MAX_RECORDS: usize = 10_000;

/// One webhook, or one silence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DeliveryRecord {
    /// Counts from 1.
    pub id: u64,
    /// Time of the act, by the simulator's clock.
    pub at: Timestamp,
    /// The event key, or for a silence the change (`comment_updated`, `task_resolved`, `comment_liked`).
    pub what: String,
    /// `acme/widgets#1`, or the repository, or repository@commit.
    pub subject: String,
    /// Outcome so far.
    pub outcome: Outcome,
    /// Reason, for a silence.
    pub reason: Option<SilenceReason>,
    /// The hook, without braces; nothing for a silence.
    pub hook_uuid: Option<String>,
    /// The uuid of the first attempt, without braces.
    pub request_uuid: Option<String>,
    /// Size of the payload.
    pub bytes: usize,
    /// In the order in which they ended.
    pub attempts: Vec<Attempt>,
}

/// Outcome of a webhook.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Not sent yet, or waiting for an answer or a resend.
    Pending,
    /// An attempt was answered 2xx.
    Delivered,
    /// Answered otherwise, and no attempt is left.
    Failed,
    /// No answer in time; not sent again.
    TimedOut,
    /// No connection, or it broke; not sent again.
    Unreachable,
    /// A fault lost it.
    Lost,
    /// Bitbucket does not report this change.
    Silent,
}

/// One request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Attempt {
    /// `X-Attempt-Number`, 1 to 3.
    pub number: u32,
    /// `X-Request-UUID`, without braces.
    pub request_uuid: String,
    /// The status, if there was an answer.
    pub status: Option<u16>,
    /// Reason for a missing answer.
    pub error: Option<String>,
    /// Duration of the request.
    pub duration_ms: u64,
}

/// All records, and the number of webhooks still on their way.
#[derive(Debug)]
pub(crate) struct DeliveryLog {
    records: Mutex<Records>,
    pending: watch::Sender<usize>,
}

#[derive(Debug, Default)]
struct Records {
    last_id: u64,
    kept: VecDeque<DeliveryRecord>,
}

impl Records {
    fn push(&mut self, mut record: DeliveryRecord) -> u64 {
        self.last_id += 1;
        record.id = self.last_id;
        if self.kept.len() >= MAX_RECORDS {
            self.kept.pop_front();
        }
        self.kept.push_back(record);
        self.last_id
    }
}

impl DeliveryLog {
    pub(crate) fn new() -> Self {
        Self { records: Mutex::default(), pending: watch::Sender::new(0) }
    }

    fn records(&self) -> MutexGuard<'_, Records> {
        self.records.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn all(&self) -> Vec<DeliveryRecord> {
        self.records().kept.iter().cloned().collect()
    }

    pub(crate) fn silence(&self, silence: &Silence, at: Timestamp) {
        self.records().push(DeliveryRecord {
            id: 0,
            at,
            what: silence.what.to_owned(),
            subject: silence.subject.clone(),
            outcome: Outcome::Silent,
            reason: Some(silence.reason),
            hook_uuid: None,
            request_uuid: None,
            bytes: 0,
            attempts: Vec::new(),
        });
    }

    /// Records a webhook and returns the record's id.
    pub(crate) fn webhook(&self, webhook: &Webhook, at: Timestamp, outcome: Outcome) -> u64 {
        self.records().push(DeliveryRecord {
            id: 0,
            at,
            what: webhook.event_key.to_owned(),
            subject: webhook.subject.clone(),
            outcome,
            reason: None,
            hook_uuid: Some(bare(&webhook.hook_uuid).to_owned()),
            request_uuid: Some(bare(&webhook.request_uuid).to_owned()),
            bytes: webhook.body.len(),
            attempts: Vec::new(),
        })
    }

    /// Adds an attempt to a record. An outcome once reached is not undone by the double of the webhook.
    pub(crate) fn attempt(&self, id: u64, attempt: Attempt, outcome: Outcome) {
        let mut records = self.records();
        if let Some(record) = records.kept.iter_mut().rev().find(|record| record.id == id) {
            record.attempts.push(attempt);
            if record.outcome != Outcome::Delivered {
                record.outcome = outcome;
            }
        }
    }

    /// Marks a record that no attempt could be made for.
    pub(crate) fn give_up(&self, id: u64) {
        let mut records = self.records();
        if let Some(record) = records.kept.iter_mut().rev().find(|record| record.id == id) {
            record.outcome = Outcome::Lost;
        }
    }

    pub(crate) fn begin(&self) {
        self.pending.send_modify(|pending| *pending += 1);
    }

    pub(crate) fn end(&self) {
        self.pending.send_modify(|pending| *pending = pending.saturating_sub(1));
    }

    /// Waits until no webhook is on its way. False if that takes longer than the limit.
    pub(crate) async fn settled(&self, limit: Duration) -> bool {
        let mut pending = self.pending.subscribe();
        let quiet = pending.wait_for(|pending| *pending == 0);
        matches!(tokio::time::timeout(limit, quiet).await, Ok(Ok(_)))
    }
}

/// A uuid without braces.
pub(crate) fn bare(uuid: &str) -> &str {
    uuid.trim_matches(['{', '}'])
}
