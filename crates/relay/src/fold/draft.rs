//! The result of a fold while it is being made.

use bitbucket::payload::Repository;
use bitbucket::{CommentId, EventKey};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use crate::changes::Change;
use crate::event::{Event, EventId, Source};
use crate::fact::Fact;
use crate::fold::MAX_EVENTS_PER_FOLD;
use crate::settings::Settings;
use crate::state::{CommentState, PullRequestState, SubjectState};
use crate::subject::{LinkId, Subject};

/// The most events that one comment or task can give at once.
const MAX_EVENTS_PER_ITEM: usize = 4;

/// The result of a fold while it is being made.
#[derive(Debug)]
pub(super) struct Draft<'a> {
    pub(super) state: SubjectState,
    pub(super) events: Vec<Event>,
    pub(super) more: bool,
    pub(super) link: &'a LinkId,
    pub(super) subject: &'a Subject,
    pub(super) now: Timestamp,
    pub(super) settings: &'a Settings,
}

/// What a new event says besides its identity and place.
#[derive(Debug)]
pub(super) struct News {
    pub(super) source: Source,
    pub(super) occurred_at: Option<Timestamp>,
    pub(super) actor: Option<Value>,
    pub(super) changes: Option<Vec<Change>>,
    pub(super) payload: Vec<u8>,
}

impl<'a> Draft<'a> {
    pub(super) fn new(
        mut state: SubjectState,
        link: &'a LinkId,
        subject: &'a Subject,
        now: Timestamp,
        settings: &'a Settings,
    ) -> Self {
        state.version += 1;
        Self { state, events: Vec::new(), more: false, link, subject, now, settings }
    }

    /// The version that the result will have.
    pub(super) const fn version(&self) -> u64 {
        self.state.version
    }

    pub(super) const fn pull_request(&mut self) -> Option<&mut PullRequestState> {
        self.state.pull_request.as_mut()
    }

    /// What is known of a comment, on a pull request or on a commit.
    pub(super) fn comment(&mut self, id: CommentId) -> Option<&mut CommentState> {
        self.state.discussion()?.comments.get_mut(&id)
    }

    /// Has the pull request itself read at `at`, or before.
    pub(super) fn refresh(&mut self, at: Timestamp) {
        if let Some(known) = self.pull_request() {
            known.refresh(at);
        }
    }

    pub(super) const fn fact<'k>(&self, key: &'k EventKey) -> Fact<'k>
    where
        'a: 'k,
    {
        Fact::new(self.link, self.subject, key)
    }

    /// Whether another comment or task still fits. If not, notes that there is more.
    pub(super) const fn has_room(&mut self) -> bool {
        let room = self.events.len() + MAX_EVENTS_PER_ITEM <= MAX_EVENTS_PER_FOLD;
        self.more |= !room;
        room
    }

    /// Makes the fact an event, unless it is one already. Says whether it did.
    pub(super) fn emit(&mut self, id: EventId, key: &EventKey, news: News) -> bool {
        if self.state.recent_facts.contains(&id) {
            return false;
        }
        self.state.sequence += 1;
        self.state.remember([id.clone()]);
        self.events.push(Event {
            id,
            key: key.clone(),
            source: news.source,
            link: self.link.clone(),
            subject: self.subject.clone(),
            repository_name: self.repository_name(&news.payload),
            sequence: self.state.sequence,
            occurred_at: news.occurred_at,
            observed_at: self.now,
            actor: news.actor,
            changes: news.changes,
            counters: None,
            payload: news.payload,
        });
        true
    }

    fn repository_name(&self, payload: &[u8]) -> Option<String> {
        match &self.state.pull_request {
            Some(known) => Repository::deserialize(&known.repository).ok()?.full_name,
            None => bitbucket::Payload::parse(payload).ok()?.repository()?.view.full_name,
        }
    }
}
