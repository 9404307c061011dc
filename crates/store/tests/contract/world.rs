//! The parts of the stories: a table, a clock, a pull request, and its deliveries and polls.

use std::sync::Arc;

use bitbucket::payload::Document;
use bitbucket::{EventKey, Payload};
use jiff::{SignedDuration, Timestamp};
use relay::observation::{Listing, Observation, PullRequestObservation, PullRequestPoll, Report};
use relay::{Event, LinkId, Settings, Subject, SubjectState};
use serde_json::{Value, json};
use store::memory::ManualClock;
use store::{Commit, CommitError, DeliveryMark, Error, Recorded, Recorder, SubjectLog, sha256_hex};

/// Time at which every story begins.
pub(crate) const START: &str = "2026-11-24T10:00:00Z";

/// A table, a clock and a pull request.
#[derive(Debug)]
pub(crate) struct World<T> {
    pub(crate) table: Arc<T>,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) link: LinkId,
    pub(crate) subject: Subject,
    pub(crate) settings: Settings,
}

impl<T> Clone for World<T> {
    fn clone(&self) -> Self {
        Self {
            table: self.table.clone(),
            clock: self.clock.clone(),
            link: self.link.clone(),
            subject: self.subject.clone(),
            settings: self.settings,
        }
    }
}

impl<T: SubjectLog> World<T> {
    pub(crate) fn of(table: T) -> Self {
        Self {
            table: Arc::new(table),
            clock: Arc::new(ManualClock::at(time(0))),
            link: "acme".parse().unwrap(),
            subject: pull_request(7),
            settings: Settings::default(),
        }
    }

    /// The same world, about another pull request.
    pub(crate) fn about(&self, subject: Subject) -> Self {
        Self { subject, ..self.clone() }
    }

    pub(crate) fn now(&self) -> Timestamp {
        store::Clock::now(&*self.clock)
    }

    pub(crate) async fn state(&self) -> SubjectState {
        self.table.read(&self.link, &self.subject).await.unwrap()
    }

    pub(crate) async fn log(&self) -> Vec<Event> {
        self.table.events(&self.link, &self.subject, 0, 1_000).await.unwrap()
    }

    /// Returns the keys of the log. Fails if its sequences have a gap.
    pub(crate) async fn keys(&self) -> Vec<String> {
        let log = self.log().await;
        for (event, expected) in log.iter().zip(1..) {
            assert_eq!(event.sequence, expected, "a gap in {log:#?}");
        }
        assert_eq!(self.state().await.sequence, log.len() as u64, "the state and the log differ");
        log.into_iter().map(|event| event.key.to_string()).collect()
    }

    /// Records a verified delivery, as the webhook function does.
    pub(crate) async fn deliver(&self, delivery: &Delivery) -> Result<Recorded, Error> {
        Box::pin(self.observe(&delivery.observation(), Some(&delivery.mark()), None)).await
    }

    pub(crate) async fn observe(
        &self,
        observation: &Observation,
        mark: Option<&DeliveryMark>,
        known: Option<SubjectState>,
    ) -> Result<Recorded, Error> {
        let (recorder, Self { link, subject, .. }) = (self.recorder(), self);
        match (mark, known) {
            (Some(mark), _) => recorder.record_delivery(link, subject, observation, mark).await,
            (None, Some(state)) => recorder.record_on(state, link, subject, observation).await,
            (None, None) => recorder.record(link, subject, observation).await,
        }
    }

    pub(crate) fn recorder(&self) -> Recorder<'_, T, ManualClock> {
        Recorder { table: &self.table, clock: &self.clock, settings: &self.settings }
    }

    /// Records the comments of a poll, as the poller does.
    pub(crate) async fn poll(&self, comments: &[Value]) -> Result<Recorded, Error> {
        let known = self.state().await;
        self.observe(&poll(known.version, self.now(), comments), None, Some(known)).await
    }

    /// Commits by hand, without folding.
    pub(crate) async fn commit(
        &self,
        state: &SubjectState,
        events: &[Event],
        delivery: Option<&DeliveryMark>,
    ) -> Result<(), CommitError> {
        let Self { link, subject, .. } = self;
        let facts: Vec<_> = events.iter().map(|event| event.id.clone()).collect();
        let (facts, now) = (&facts, self.now());
        self.table.commit(&Commit { link, subject, state, events, delivery, head: None, facts, now }).await
    }

    /// Returns an event like that of a fold.
    pub(crate) fn event(&self, sequence: u64, payload: &[u8]) -> Event {
        Event {
            id: relay::EventId::stored(format!("{sequence:032x}")),
            key: EventKey::CommentCreated,
            source: relay::Source::Webhook,
            trusted: true,
            signed: true,
            link: self.link.clone(),
            subject: self.subject.clone(),
            repository_name: Some("acme/widgets".to_owned()),
            sequence,
            occurred_at: Some("2026-11-24T09:59:59.123456Z".parse().unwrap()),
            observed_at: self.now(),
            actor: Some(json!({ "display_name": "Ünïcode", "big": 1e300, "links": {} })),
            changes: None,
            counters: None,
            payload: payload.to_vec(),
        }
    }
}

pub(crate) fn time(seconds: i64) -> Timestamp {
    START.parse::<Timestamp>().unwrap().saturating_add(SignedDuration::from_secs(seconds)).unwrap()
}

pub(crate) fn pull_request(id: u64) -> Subject {
    format!("pullrequest/0a1b/{id}").parse().unwrap()
}

/// A delivery from Bitbucket.
#[derive(Debug, Clone)]
pub(crate) struct Delivery {
    pub(crate) key: &'static str,
    pub(crate) hook: String,
    pub(crate) request: String,
    pub(crate) attempt: u32,
    pub(crate) body: Vec<u8>,
}

impl Delivery {
    /// Returns the delivery of a new comment.
    pub(crate) fn comment(id: u64) -> Self {
        let body = json!({
            "actor": { "display_name": "alice" },
            "repository": { "uuid": "{0a1b}", "full_name": "acme/widgets" },
            "pullrequest": { "id": 7, "title": "Widgets", "updated_on": START },
            "comment": comment(id, "first", 0),
        });
        Self {
            key: "pullrequest:comment_created",
            hook: "hook-1".to_owned(),
            request: format!("request-{id}"),
            attempt: 1,
            body: body.to_string().into_bytes(),
        }
    }

    pub(crate) fn by_hook(self, hook: &str) -> Self {
        Self { hook: hook.to_owned(), request: format!("{}-by-{hook}", self.request), ..self }
    }

    pub(crate) fn under_request(self, request: &str) -> Self {
        Self { request: request.to_owned(), ..self }
    }

    pub(crate) fn at_attempt(self, attempt: u32) -> Self {
        Self { attempt, ..self }
    }

    pub(crate) fn report(&self) -> Report {
        Report {
            signed: true,
            key: EventKey::parse(self.key).unwrap(),
            payload: Payload::parse(&self.body).unwrap(),
            body: self.body.clone(),
            hook: self.hook.clone(),
            delivery: self.request.clone(),
        }
    }

    pub(crate) fn observation(&self) -> Observation {
        Observation::Delivery(self.report())
    }

    pub(crate) fn mark(&self) -> DeliveryMark {
        DeliveryMark {
            hook: self.hook.clone(),
            request: self.request.clone(),
            key: EventKey::parse(self.key).unwrap(),
            body_sha256: sha256_hex(&self.body),
            attempt: self.attempt,
        }
    }
}

/// A comment as Bitbucket shows it, last changed `seconds` after the beginning.
pub(crate) fn comment(id: u64, text: &str, seconds: i64) -> Value {
    json!({
        "id": id,
        "content": { "raw": text },
        "created_on": time(0),
        "updated_on": time(seconds),
        "user": { "display_name": "alice" },
    })
}

pub(crate) fn poll(base_version: u64, started_at: Timestamp, comments: &[Value]) -> Observation {
    Observation::PullRequest(PullRequestObservation::Poll(PullRequestPoll {
        repository: None,
        base_version,
        started_at,
        pull_request: None,
        head: None,
        comments: Listing::new(comments.iter().cloned().map(Document::new).collect(), true),
        tasks: None,
    }))
}

/// Returns incompressible bytes, the same each time.
pub(crate) fn noise(bytes: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[3]
    };
    (0..bytes).map(|_| next()).collect()
}
