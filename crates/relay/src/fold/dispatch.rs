//! Folding one observation: dispatch by the kind of subject, then pruning, counters and the next poll.

use jiff::Timestamp;

use super::context::FoldContext;
use super::folded::{Folded, HeadMoved};
use super::{commit, counters, delivery, link, prune, pull_request, repository};
use crate::observation::Observation;
use crate::schedule::{self, Settings};
use crate::state::{Refusal, SubjectState};
use crate::subject::{LinkId, Subject};

/// Folds one observation into the state of a subject.
///
/// Cannot fail: a delivery that nothing can be concluded from is still kept as an event.
pub fn fold(
    state: SubjectState,
    link: &LinkId,
    subject: &Subject,
    observation: &Observation,
    now: Timestamp,
    settings: &Settings,
) -> Folded {
    let head_before = state.open_head().cloned();
    let mut ctx = FoldContext::new(state, link, subject, now, settings);
    let refused_since = ctx.state.refusal.take().map_or(now, |refusal| refusal.since);
    match observation {
        Observation::Delivery(report) => delivery::fold(&mut ctx, report),
        Observation::PullRequest(observation) => pull_request::fold(&mut ctx, observation),
        Observation::Commit(observation) => commit::fold(&mut ctx, observation),
        Observation::Repository(observation) => repository::fold(&mut ctx, observation),
        Observation::Link(observation) => link::fold(&mut ctx, observation),
        Observation::NotNamed => ctx.state.refusal = Some(Refusal::lasting(refused_since, now)),
        Observation::Refused => ctx.state.refusal = Some(Refusal { since: refused_since, at: now }),
    }
    let let_go = prune::prune(&mut ctx.state, now, settings);
    counters::add_to_events(&mut ctx);
    let FoldContext { mut state, events, more, .. } = ctx;
    state.watch = schedule::plan(&state, now, settings);
    let stored_facts = state.store_facts(&events);
    let head = HeadMoved::between(head_before, state.open_head().cloned());
    Folded { state, events, stored_facts, more, head, let_go }
}
