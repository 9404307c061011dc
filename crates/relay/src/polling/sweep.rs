//! What a sweep of a repository shows: the pull requests to compare, and those to read.

use bitbucket::PullRequestId;

use crate::observation::{Notice, Sweep};
use crate::state::{Listed, RepositoryState, SubjectState, digest};

/// The pull requests that moved since the last sweep, and those that are not open any more.
pub fn moved(state: &SubjectState, sweep: &Sweep) -> Vec<PullRequestId> {
    let before = state.repository().map(|repository| &repository.open);
    let listed = sweep.listed();
    let is_same = |id: &PullRequestId, now: &Listed| before.and_then(|open| open.get(id)) == Some(now);
    let moved = listed.iter().filter(|(id, now)| !is_same(id, now)).map(|(id, _)| *id);
    let gone = before.into_iter().flatten().map(|(id, _)| *id);
    moved.chain(gone.filter(|id| sweep.complete && !listed.contains_key(id))).collect()
}

/// Whether what is known of a pull request leaves open what a listing shows; `shown` is `None` where it is not open any
/// more.
pub fn is_unexplained(state: &SubjectState, shown: Option<&Listed>) -> bool {
    let Some(pr) = state.pull_request() else { return true };
    let Some(shown) = shown else { return pr.is_open() };
    let counted = pr.count();
    let differs = |shown: Option<u64>, known: Option<u64>| shown.is_some() && shown != known;
    shown.updated_on > pr.snapshot_updated_on
        || shown.digest != digest(&pr.snapshot)
        || differs(shown.comments, counted.comments)
        || differs(shown.tasks, counted.tasks_open)
}

/// What is to be said of a pull request that this sweep shows and nothing explains.
pub fn notice(repository: &RepositoryState, sweep: &Sweep, id: PullRequestId) -> Notice {
    let shown = sweep.open.iter().find(|shown| shown.id() == Some(id));
    let created_on = shown.and_then(|shown| shown.created_on);
    let is_new = created_on > repository.first_swept_at && repository.first_swept_at.is_some();
    let since = created_on.filter(|_| is_new).or(repository.swept_at).unwrap_or(sweep.started_at);
    let updated_on = shown.and_then(|shown| shown.updated_on);
    Notice { repository: repository.repository.clone(), since, is_new, updated_on }
}
