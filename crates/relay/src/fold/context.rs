//! The result of a fold while it is being made.

use bitbucket::payload::Repository;
use bitbucket::{CommentId, EventKey};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use crate::event::fact::Fact;
use crate::event::{Change, Event, EventId, Source};
use crate::schedule::Settings;
use crate::state::{CommentState, MAX_FACTS_WITHOUT_ITEMS, MAX_RECENT_FACTS, SubjectState};
use crate::subject::{LinkId, Subject};

/// The most events that one fold gives, so that they fit one transaction (100 items, 4 MB:
/// <https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html>). The remainder is
/// folded on top of the stored result.
pub const MAX_EVENTS_PER_FOLD: usize = 20;

// When a fold gives each fact an item of its own for the first time, the state still has to remember all of them.
const _: () = assert!(MAX_FACTS_WITHOUT_ITEMS + MAX_EVENTS_PER_FOLD <= MAX_RECENT_FACTS);

/// The most events that one comment or task can give at once.
const MAX_EVENTS_PER_ITEM: usize = 4;

/// Largest payload of a synthetic event. A larger item is cut. Bitbucket's own webhooks have at most 256 KB
/// (<https://support.atlassian.com/bitbucket-cloud/docs/troubleshoot-webhooks/>).
pub(super) const MAX_SYNTHETIC_BYTES: usize = 256 * 1024;

/// The most bytes of payloads that one fold of a poll gives. The state and the other fields of the events have to fit
/// the transaction too, and not every payload can be compressed.
const MAX_BYTES_PER_FOLD: usize = 2 * 1024 * 1024;

/// The result of a fold while it is being made.
#[derive(Debug)]
pub(super) struct FoldContext<'a> {
    pub(super) state: SubjectState,
    pub(super) events: Vec<Event>,
    pub(super) more: bool,
    pub(super) link: &'a LinkId,
    pub(super) subject: &'a Subject,
    pub(super) now: Timestamp,
    pub(super) settings: &'a Settings,
}

/// The fields of a new event besides its identity and position.
#[derive(Debug)]
pub(super) struct EventBody {
    pub(super) source: Source,
    pub(super) trusted: bool,
    pub(super) signed: bool,
    pub(super) occurred_at: Option<Timestamp>,
    pub(super) actor: Option<Value>,
    pub(super) changes: Option<Vec<Change>>,
    pub(super) payload: Vec<u8>,
}

impl<'a> FoldContext<'a> {
    pub(super) fn new(
        mut state: SubjectState,
        link: &'a LinkId,
        subject: &'a Subject,
        now: Timestamp,
        settings: &'a Settings,
    ) -> Self {
        state.version = state.version.saturating_add(1);
        Self { state, events: Vec::new(), more: false, link, subject, now, settings }
    }

    /// The version of the new state.
    pub(super) const fn version(&self) -> u64 {
        self.state.version
    }

    /// Returns a comment of the pull request or commit.
    pub(super) fn comment(&mut self, id: CommentId) -> Option<&mut CommentState> {
        self.state.discussion()?.comments.get_mut(&id)
    }

    pub(super) const fn fact<'k>(&self, key: &'k EventKey) -> Fact<'k>
    where
        'a: 'k,
    {
        Fact::new(self.link, self.subject, key)
    }

    /// End of the grace period of a fact at `at`; `None` if it has ended.
    pub(super) fn grace_left(&self, at: Option<Timestamp>) -> Option<Timestamp> {
        at.map(|at| self.settings.grace_ends(at)).filter(|ends| *ends > self.now)
    }

    /// True if another comment or task still fits. If not, sets `more`.
    pub(super) fn has_room(&mut self) -> bool {
        let bytes: usize = self.events.iter().map(|event| event.payload.len()).sum();
        let room = self.events.len() + MAX_EVENTS_PER_ITEM <= MAX_EVENTS_PER_FOLD
            && bytes + MAX_EVENTS_PER_ITEM * MAX_SYNTHETIC_BYTES <= MAX_BYTES_PER_FOLD;
        self.more |= !room;
        room
    }

    /// Publishes the fact, unless it is already published. Returns true if it did.
    pub(super) fn emit(&mut self, id: EventId, key: &EventKey, body: EventBody) -> bool {
        if self.state.recent_facts.contains(&id) {
            return false;
        }
        self.state.sequence = self.state.sequence.saturating_add(1);
        self.state.remember([id.clone()]);
        self.events.push(Event {
            id,
            key: key.clone(),
            source: body.source,
            trusted: body.trusted,
            signed: body.signed,
            link: self.link.clone(),
            subject: self.subject.clone(),
            repository_name: self.repository_name(&body.payload),
            sequence: self.state.sequence,
            occurred_at: body.occurred_at,
            observed_at: self.now,
            actor: body.actor,
            changes: body.changes,
            counters: None,
            payload: body.payload,
        });
        true
    }

    fn repository_name(&self, payload: &[u8]) -> Option<String> {
        match self.state.pull_request() {
            Some(pr) => Repository::deserialize(&pr.repository).ok()?.full_name,
            None => bitbucket::Payload::parse(payload).ok()?.repository()?.view.full_name,
        }
    }
}

#[cfg(test)]
mod tests {
    use bitbucket::{PullRequestId, RepositoryId};

    use super::*;

    const MIB: usize = 1024 * 1024;

    /// True if a fold has room after events with payloads of so many bytes. Checks that `more` says the opposite.
    fn has_room_after(payloads_bytes: &[usize]) -> bool {
        let (link, settings) = ("acme".parse().unwrap(), Settings::default());
        let subject = Subject::PullRequest { repository: RepositoryId::new("{ab}"), id: PullRequestId(7) };
        let mut ctx =
            FoldContext::new(SubjectState::default(), &link, &subject, Timestamp::UNIX_EPOCH, &settings);
        for (number, bytes) in payloads_bytes.iter().enumerate() {
            let body = EventBody {
                source: Source::Poll,
                trusted: true,
                signed: true,
                occurred_at: None,
                actor: None,
                changes: None,
                payload: vec![b' '; *bytes],
            };
            assert!(ctx.emit(EventId(number.to_string()), &EventKey::CommentCreated, body));
        }
        let room = ctx.has_room();
        assert_eq!(ctx.more, !room);
        room
    }

    #[test]
    fn fold_has_room_for_the_events_of_one_more_item() {
        assert!(has_room_after(&[0; 16]));
        assert!(!has_room_after(&[0; 17]));
        assert!(has_room_after(&[MIB / 2, MIB / 2]));
        assert!(!has_room_after(&[MIB / 2, MIB / 2 + 1]));
    }
}
