//! The log of each subject, as a subscriber reads it, and its stored state.

use jiff::Timestamp;
use relay::state::PullRequestState;
use relay::{Event, Subject, SubjectState};
use serde_json::Value;
use store::SubjectLog;

use crate::setup::{Pr, Repo};
use crate::world::World;

/// The most events of one pull request that a test reads.
const MAX_EVENTS: usize = 10_000;

impl World {
    /// Subject of a pull request in the table.
    pub fn subject(&self, pr: Pr) -> Subject {
        let repository = self.repositories[pr.repo as usize].trim_matches(['{', '}']);
        format!("pullrequest/{repository}/{}", pr.id).parse().unwrap()
    }

    /// The log of a pull request.
    pub async fn log(&self, pr: Pr) -> Vec<Event> {
        self.table.events(&pr.repo.link(), &self.subject(pr), 0, MAX_EVENTS).await.unwrap()
    }

    /// The log of a pull request, one line for each event: `3 pullrequest:comment_updated poll`.
    pub async fn events(&self, pr: Pr) -> Vec<String> {
        self.events_after(pr, 0).await
    }

    /// The same lines for the events after `sequence`.
    pub async fn events_after(&self, pr: Pr, sequence: u64) -> Vec<String> {
        let log = self.log(pr).await.into_iter().filter(|event| event.sequence > sequence);
        log.map(|event| format!("{} {} {}", event.sequence, event.key, event.source.as_str())).collect()
    }

    /// Subject of a commit in the table.
    pub fn commit(&self, repo: Repo, hash: &str) -> Subject {
        let repository = self.repositories[repo as usize].trim_matches(['{', '}']);
        format!("commit/{repository}/{hash}").parse().unwrap()
    }

    /// The log of a commit.
    pub async fn commit_log(&self, repo: Repo, hash: &str) -> Vec<Event> {
        self.table.events(&repo.link(), &self.commit(repo, hash), 0, MAX_EVENTS).await.unwrap()
    }

    /// Stored state of a commit.
    pub async fn commit_state(&self, repo: Repo, hash: &str) -> SubjectState {
        self.table.read(&repo.link(), &self.commit(repo, hash)).await.unwrap()
    }

    /// The newest event of a pull request.
    pub async fn last_event(&self, pr: Pr) -> Event {
        self.log(pr).await.pop().unwrap()
    }

    /// Stored state of a pull request's subject, watch included.
    pub async fn subject_state(&self, pr: Pr) -> SubjectState {
        self.table.read(&pr.repo.link(), &self.subject(pr)).await.unwrap()
    }

    /// Stored state of a pull request.
    pub async fn state(&self, pr: Pr) -> PullRequestState {
        self.subject_state(pr).await.pull_request().cloned().unwrap()
    }

    /// Number of calls made so far with the credential of a repository's link.
    pub fn calls(&self, repo: Repo) -> u64 {
        self.simulator.call_counts().get(repo.bot()).map_or(0, |count| count.total)
    }

    /// Times of the calls with the credential of a repository's link.
    pub fn call_times(&self, repo: Repo) -> Vec<Timestamp> {
        let calls = self.simulator.calls().into_iter();
        calls.filter(|call| call.user == repo.bot()).map(|call| call.at).collect()
    }
}

/// Text of the comment or task in an event's payload.
pub fn text_of(event: &Event) -> String {
    let payload: Value = serde_json::from_slice(&event.payload).unwrap();
    let text = |item: &str| payload.pointer(&format!("/{item}/content/raw"))?.as_str().map(str::to_owned);
    text("comment").or_else(|| text("task")).unwrap_or_default()
}

/// Name of the event's actor.
pub fn actor_of(event: &Event) -> Option<String> {
    Some(event.actor.as_ref()?.get("display_name")?.as_str()?.to_owned())
}
