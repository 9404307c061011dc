//! Folding observations of a repository.

use bitbucket::PullRequestId;

use super::context::FoldContext;
use crate::observation::{MAX_OPEN, RepositoryObservation, Sweep};
use crate::state::{Known, RepositoryState, UnfinishedListing};

pub(super) fn fold(ctx: &mut FoldContext<'_>, observation: &RepositoryObservation) {
    let mut repository = match ctx.state.known.take() {
        Some(Known::Repository(repository)) => repository,
        _ => RepositoryState::default(),
    };
    match observation {
        RepositoryObservation::Active(object) | RepositoryObservation::Confirmed(object) => {
            repository.repository = object.clone();
            repository.is_confirmed = matches!(observation, RepositoryObservation::Confirmed(_));
            repository.last_activity_at = repository.last_activity_at.max(Some(ctx.now));
            repository.first_sweep_at = None;
        }
        // Its first sweep decides how often it is swept.
        RepositoryObservation::Named { repository: object, first_sweep_at } => {
            repository.repository = object.clone();
            repository.is_confirmed = true;
            repository.first_sweep_at = Some(*first_sweep_at);
        }
        RepositoryObservation::Swept(sweep) => swept(&mut repository, sweep),
    }
    ctx.state.known = Some(Known::Repository(repository));
}

fn swept(repository: &mut RepositoryState, sweep: &Sweep) {
    if let Some(found) = &sweep.repository {
        repository.repository = found.clone();
        repository.is_confirmed = true;
    }
    let listed = sweep.listed();
    let newest = listed.values().filter_map(|shown| shown.updated_on).max();
    // A clock that is ahead must not keep the repository from ever being quiet.
    let moved_at = newest.map(|at| at.min(sweep.started_at));
    // Everything in the first sweep is new; its times show when it changed.
    let has_new = listed.iter().any(|(id, shown)| repository.open.get(id) != Some(shown));
    let has_lost = repository.open.keys().any(|id| sweep.lacks(&listed, *id));
    let has_changed = repository.first_swept_at.is_some() && (has_new || has_lost);
    let changed_at = has_changed.then_some(sweep.started_at);
    repository.last_activity_at = repository.last_activity_at.max(moved_at).max(changed_at);
    repository.first_swept_at.get_or_insert(sweep.started_at);
    repository.swept_at = repository.swept_at.max(Some(sweep.started_at));
    repository.pace = sweep.pace;
    repository.open.retain(|id, _| !sweep.lacks(&listed, *id));
    let unfinished = sweep.unfinished(&listed);
    repository.open.extend(listed);
    while repository.open.len() > MAX_OPEN {
        repository.open.pop_first();
    }
    // Only these are looked for in the next part.
    let is_kept = |id: &PullRequestId| repository.open.contains_key(id);
    repository.unfinished = unfinished.map(|UnfinishedListing { next, listed }| UnfinishedListing {
        next,
        listed: listed.into_iter().filter(is_kept).collect(),
    });
}
