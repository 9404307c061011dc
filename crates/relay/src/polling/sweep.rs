//! The results of a sweep: which pull requests to compare, and which to read.

use bitbucket::PullRequestId;

use crate::observation::{FirstListing, Notice, PullRequestObservation, Sweep};
use crate::state::{Listed, RepositoryState, SubjectState, digest};

/// Returns the pull requests that changed since the last sweep, and those that are not open any more.
pub fn moved(state: &SubjectState, sweep: &Sweep) -> Vec<PullRequestId> {
    let before = state.repository().map(|repository| &repository.open);
    let listed = sweep.listed();
    let is_same = |id: &PullRequestId, now: &Listed| before.and_then(|open| open.get(id)) == Some(now);
    let moved = listed.iter().filter(|(id, now)| !is_same(id, now)).map(|(id, _)| *id);
    let gone = before.into_iter().flatten().map(|(id, _)| *id);
    moved.chain(gone.filter(|id| sweep.lacks(&listed, *id))).collect()
}

/// True if the state of a pull request does not explain its listing; `shown` is `None` if it is not open any more.
pub fn is_unexplained(state: &SubjectState, shown: Option<&Listed>) -> bool {
    let Some(pr) = state.pull_request() else { return true };
    let Some(shown) = shown else { return pr.is_open() };
    let counted = pr.count();
    let differs = |shown: Option<u64>, counted: Option<u64>| shown.is_some() && shown != counted;
    shown.updated_on > pr.snapshot_updated_on
        || shown.digest != digest(&pr.snapshot)
        || differs(shown.comments, counted.comments)
        || differs(shown.tasks, counted.tasks_open)
}

/// Describes an unexplained change of a pull request, for its state.
pub fn notice(repository: &RepositoryState, sweep: &Sweep, id: PullRequestId) -> Notice {
    let shown = sweep.open.iter().find(|shown| shown.id() == Some(id));
    let created_on = shown.and_then(|shown| shown.created_on);
    let is_new = created_on > repository.first_swept_at && repository.first_swept_at.is_some();
    let since = created_on.filter(|_| is_new).or(repository.swept_at).unwrap_or(sweep.started_at);
    let updated_on = shown.and_then(|shown| shown.updated_on);
    let object = sweep.repository.as_ref().unwrap_or(&repository.repository);
    Notice { repository: object.clone(), since, is_new, updated_on }
}

/// The most pull requests that one sweep compares with their states.
const MAX_MOVED: usize = 500;

/// The pull requests that one sweep compares, and those left to the next sweep.
pub fn split_moved(moved: &[PullRequestId]) -> (&[PullRequestId], &[PullRequestId]) {
    moved.split_at(moved.len().min(MAX_MOVED))
}

/// The sweep without the pull requests that were `left`: the next sweep then finds that they moved.
#[must_use]
pub fn without_left(sweep: Sweep, left: &[PullRequestId]) -> Sweep {
    if left.is_empty() {
        return sweep;
    }
    let is_left = |id: Option<PullRequestId>| id.is_some_and(|id| left.contains(&id));
    let open = sweep.open.into_iter().filter(|shown| !is_left(shown.id())).collect();
    Sweep { open, complete: false, ..sweep }
}

/// The sweep with those of the `noticed` pull requests that it lacks. The next sweep compares them again: this one may
/// have lacked them by mistake, and nothing else would find an end that no webhook reports.
#[must_use]
pub fn with_missing(sweep: Sweep, noticed: &[PullRequestId]) -> Sweep {
    let listed = sweep.listed();
    let missing = noticed.iter().copied().filter(|id| sweep.lacks(&listed, *id)).collect();
    Sweep { missing, ..sweep }
}

/// The observation of a pull request that moved; `None` if its state explains what the sweep shows. One that existed
/// before the first sweep is no news: it is read in time.
pub fn finding(
    repository: &RepositoryState,
    pr: &SubjectState,
    sweep: &Sweep,
    id: PullRequestId,
) -> Option<PullRequestObservation> {
    let shown = sweep.open.iter().find(|shown| shown.id() == Some(id));
    let notice = notice(repository, sweep, id);
    let is_first_listed = pr.known.is_none() && !notice.is_new && !repository.open.contains_key(&id);
    if let Some(shown) = shown.filter(|_| is_first_listed) {
        let (repository, at) = (notice.repository, sweep.started_at);
        return Some(PullRequestObservation::FirstListed(FirstListing {
            repository,
            shown: shown.clone(),
            at,
        }));
    }
    let listed = shown.map(Listed::from_listing);
    is_unexplained(pr, listed.as_ref()).then_some(PullRequestObservation::SeenInSweep(notice))
}
