//! Everything that a measurement needs: the pull request, the listener, the time, and the answers so far.

use std::cell::{Cell, RefCell};
use std::time::Duration;

use bitbucket::WebhookSecret;
use bitbucket::client::Client;
use serde_json::Value;

use crate::Error;
use crate::findings::{Answer, Findings};
use crate::listener::{Delivery, Listener};
use crate::question::{Question, Setup};
use crate::sandbox::PullRequest;
use crate::time::Time;

/// Longest wait for a webhook, in seconds.
pub(crate) const ARRIVAL_SECONDS: u32 = 30;

/// Interval between looks.
pub(crate) const LOOK: Duration = Duration::from_secs(1);

/// Everything that a measurement needs.
pub(crate) struct Bench<'p> {
    pub(crate) pr: PullRequest,
    /// Another person than the author, if one is at hand.
    pub(crate) reviewer: Option<Client>,
    pub(crate) listener: &'p Listener,
    pub(crate) secret: WebhookSecret,
    pub(crate) setup: Setup,
    pub(crate) time: &'p dyn Time,
    pub(crate) progress: &'p dyn Fn(&str),
    pub(crate) findings: &'p RefCell<Findings>,
    /// The time by which answers lag, once it is measured.
    pub(crate) lag: Cell<Duration>,
}

impl Bench<'_> {
    pub(crate) fn add(&self, question: Question, answer: Answer) {
        self.findings.borrow_mut().add(question, answer);
    }

    /// Waits for a webhook.
    pub(crate) async fn arrival(
        &self,
        key: &'static str,
        is_it: impl Fn(&Delivery) -> bool,
    ) -> Result<Delivery, Error> {
        let arrived = || self.listener.deliveries().into_iter().find(|one| one.key == key && is_it(one));
        for _ in 0..ARRIVAL_SECONDS {
            if let Some(delivery) = arrived() {
                return Ok(delivery);
            }
            self.time.wait(LOOK).await;
        }
        arrived().ok_or(Error::NoWebhook { key, within_seconds: ARRIVAL_SECONDS })
    }

    /// Waits until answers show everything that has happened.
    pub(crate) async fn settle(&self) {
        self.time.wait(self.lag.get() + LOOK).await;
    }
}

/// The time of the last change, as Bitbucket writes it.
pub(crate) fn time_of(item: &Value) -> Result<&str, Error> {
    item.get("updated_on").and_then(Value::as_str).ok_or(Error::Missing("updated_on"))
}

/// True if the time of the last change differs.
pub(crate) fn has_moved(before: &Value, after: &Value) -> Result<bool, Error> {
    Ok(time_of(before)? != time_of(after)?)
}
