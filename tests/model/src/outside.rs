//! Everything else behind a gate: the links, Bitbucket's API, the bus and the dead-letter queue.

use std::sync::{Arc, Mutex, PoisonError};

use bitbucket::client::{Sent, Transport, Unreachable};
use bus::{Bus, Entry, Results};
use publisher::dead_letters::DeadLetters;
use relay::LinkId;
use reqwest::{Request, Response};
use secrecy::SecretString;
use serde_json::Value;
use store::links::LinkSource;
use store::memory::MemoryLinks;

use crate::bitbucket::{Answered, Bitbucket};
use crate::call::Call;
use crate::gate::{Failure, Gate};

/// The links behind a gate.
#[derive(Debug, Clone)]
pub(crate) struct GatedLinks {
    pub(crate) links: MemoryLinks,
    pub(crate) gate: Gate,
}

impl LinkSource for GatedLinks {
    async fn load(&self, link: &LinkId) -> Result<Option<SecretString>, store::Error> {
        let failed = |_: Failure| store::Error::unavailable("a fault was injected");
        self.gate.pass(Call::LoadLink, self.links.load(link), failed, |_| "done".to_owned()).await
    }
}

/// Bitbucket's API behind a gate, after a number of acts.
#[derive(Debug)]
pub(crate) struct GatedApi {
    pub(crate) bitbucket: Arc<Bitbucket>,
    pub(crate) acts: usize,
    pub(crate) gate: Gate,
}

impl Transport for GatedApi {
    fn send(&self, request: Request) -> Sent<'_> {
        Box::pin(async move {
            let call = Call::Api(Bitbucket::short_path(request.url().path()));
            let work = async { Ok(self.bitbucket.answer(self.acts, &request).await) };
            let said = |answer: &Result<Answered, Unreachable>| match answer {
                Ok(answered) => answered.status.to_string(),
                Err(error) => error.0.to_owned(),
            };
            let failed = |_: Failure| Unreachable("a fault was injected");
            let answered = self.gate.pass(call, work, failed, said).await?;
            Ok(Response::from(http::Response::from(answered)))
        })
    }
}

/// The events on the bus and in the dead-letter queue, by their ids. Clones share them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Subscriber(Arc<Mutex<Received>>);

/// Ids of events.
#[derive(Debug, Clone, Default)]
pub(crate) struct Received {
    pub(crate) published: Vec<String>,
    pub(crate) parked: Vec<String>,
}

impl Subscriber {
    pub(crate) fn with(received: Received) -> Self {
        Self(Arc::new(Mutex::new(received)))
    }

    pub(crate) fn received(&self) -> Received {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// The bus and the dead-letter queue behind a gate.
#[derive(Debug, Clone)]
pub(crate) struct GatedBus {
    pub(crate) subscriber: Subscriber,
    pub(crate) gate: Gate,
}

impl Bus for GatedBus {
    async fn put_events(&self, entries: &[&Entry]) -> Result<Results, bus::Error> {
        let put = async {
            let mut received = self.subscriber.0.lock().unwrap_or_else(PoisonError::into_inner);
            received.published.extend(entries.iter().map(|entry| entry.event_id.clone()));
            Results::new(entries.len(), vec![Ok(()); entries.len()])
        };
        let failed = |failure| match failure {
            Failure::Refused => bus::Error::BusRefused { code: "InternalFailure".to_owned() },
            Failure::Invalid => bus::Error::BusRefused { code: "MalformedDetail".to_owned() },
            _ => bus::Error::BusUnreachable("a fault was injected"),
        };
        let said = |answer: &Result<Results, bus::Error>| match answer {
            Ok(_) => "published".to_owned(),
            Err(error) => error.to_string(),
        };
        self.gate.pass(Call::PutEvents(entries.len()), put, failed, said).await
    }
}

impl DeadLetters for GatedBus {
    async fn park(&self, message: String) -> Result<(), publisher::Error> {
        let park = async {
            let message: Value = serde_json::from_str(&message).unwrap();
            let id = message["event_id"].as_str().unwrap_or_default().to_owned();
            self.subscriber.0.lock().unwrap_or_else(PoisonError::into_inner).parked.push(id);
            Ok(())
        };
        let failed = |_: Failure| publisher::Error::DeadLetterRefused("a fault was injected".to_owned());
        let said = |answer: &Result<(), publisher::Error>| match answer {
            Ok(()) => "parked".to_owned(),
            Err(error) => error.to_string(),
        };
        self.gate.pass(Call::Park, park, failed, said).await
    }
}
