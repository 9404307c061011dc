//! `fold(state, observation, now) -> (state', events, watch')`: the one place where observations become events.

mod builds;
mod comments;
mod commits;
mod counters;
mod draft;
mod poll;
mod reports;
mod revisions;
mod snapshots;
mod sweeps;
mod synthetic;
mod tasks;
mod untold;

use jiff::Timestamp;

use crate::event::Event;
use crate::head::HeadMoved;
use crate::observation::Observation;
use crate::settings::Settings;
use crate::state::SubjectState;
use crate::subject::{LinkId, Subject};
use crate::{commit, places, sweep, watch};

use draft::Draft;
pub use poll::suspects;

/// The most events that one fold gives, so that they fit one transaction (100 items, 4 MB:
/// <https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html>). What is left over is
/// folded on top of the stored result.
pub const MAX_EVENTS_PER_FOLD: usize = 20;

/// What a fold gives.
#[derive(Debug, Clone, PartialEq)]
pub struct Folded {
    /// What is known now, one version further. Its `watch` says when to look again.
    pub state: SubjectState,
    /// The new facts, in order.
    pub events: Vec<Event>,
    /// Whether the observation holds more than fitted: store this, then fold the same observation on top of it.
    pub more: bool,
    /// Whether the head of an open pull request is another one now: builds name a commit, and are found by it.
    pub head: Option<HeadMoved>,
}

/// Folds one observation into what is known of a subject.
///
/// Cannot fail: what cannot be understood is kept as an event that nothing is concluded from.
pub fn fold(
    state: SubjectState,
    link: &LinkId,
    subject: &Subject,
    observation: &Observation,
    now: Timestamp,
    settings: &Settings,
) -> Folded {
    let head_before = state.open_head().cloned();
    let mut draft = Draft::new(state, link, subject, now, settings);
    match observation {
        Observation::Delivery(report) => reports::fold(&mut draft, report),
        Observation::HeadBuild(report) => builds::fold(&mut draft, report),
        Observation::Poll(poll) if draft.state.commit.is_some() => commits::read(&mut draft, poll),
        Observation::Poll(poll) => poll::fold(&mut draft, poll),
        Observation::Noticed(notice) => sweeps::notice(&mut draft, notice),
        Observation::Repository(repository) => sweeps::register(&mut draft, repository),
        Observation::NamedRepository(repository) => sweeps::register_named(&mut draft, repository),
        Observation::Configured(places) => sweeps::configure(&mut draft, places),
        Observation::LookedUp(looks) => {
            if let Some(known) = &mut draft.state.link {
                known.note(looks);
            }
        }
        Observation::Sweep(sweep) => sweeps::fold(&mut draft, sweep),
        Observation::Unreachable => {
            if let Some(pull_request) = draft.pull_request() {
                pull_request.unreachable = true;
            }
            if let Some(commit) = &mut draft.state.commit {
                commit.unreachable = true;
            }
            if let Some(repository) = &mut draft.state.repository {
                repository.unreachable = true;
            }
            if let Some(known) = &mut draft.state.link {
                known.put_off(now);
            }
        }
    }
    counters::note(&mut draft, matches!(observation, Observation::Poll(_)));
    let Draft { mut state, events, more, .. } = draft;
    let repository = state.repository.as_ref().and_then(|known| sweep::plan(known, now, settings));
    let commit = state.commit.as_ref().and_then(|known| commit::plan(known, now, settings));
    let link = state.link.as_ref().and_then(|known| places::plan(known, now, settings));
    let pull_request = state.pull_request.as_ref().and_then(|known| watch::plan(known, now, settings));
    state.watch = pull_request.or(commit).or(repository).or(link);
    let head = HeadMoved::between(head_before, state.open_head().cloned());
    Folded { state, events, more, head }
}
