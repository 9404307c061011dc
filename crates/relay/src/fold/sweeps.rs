//! Folding sweeps: what a listing shows of a repository, and what that means for one pull request.

use jiff::Timestamp;
use serde_json::Value;

use super::draft::Draft;
use crate::places::{LinkState, Places};
use crate::state::PullRequestState;
use crate::sweep::{Notice, RepositoryState, Sweep};
use crate::told::Told;

/// Has a pull request read when the webhook that tells of it has had its time.
pub(super) fn notice(draft: &mut Draft<'_>, notice: &Notice) {
    let due = draft.settings.grace_ends(draft.now);
    let known = draft.state.pull_request.get_or_insert_with(|| {
        // It was open when it was listed.
        let told = Told::at_first_sight(&Value::Null, true);
        PullRequestState::first_seen(notice.since, Told { created: !notice.is_new, ..told })
    });
    if known.repository.is_null() {
        known.repository = notice.repository.clone();
    }
    known.unreachable = false;
    // What is not listed any more has ended: no webhook of before explains that.
    known.noticed = Some(notice.updated_on.unwrap_or(Timestamp::MAX));
    draft.refresh(due);
}

/// Has a repository swept from now on, because something happened in it: often.
pub(super) fn register(draft: &mut Draft<'_>, repository: &Value) {
    register_named(draft, repository);
    let now = draft.now;
    if let Some(known) = &mut draft.state.repository {
        known.stirred_at = known.stirred_at.max(Some(now));
    }
}

/// Has a repository swept from now on. How often, its first sweep says.
pub(super) fn register_named(draft: &mut Draft<'_>, repository: &Value) {
    let known = draft.state.repository.get_or_insert_with(RepositoryState::default);
    known.repository = repository.clone();
    known.unreachable = false;
}

/// Takes up what a link names to be swept.
pub(super) fn configure(draft: &mut Draft<'_>, places: &Places) {
    draft.state.link.get_or_insert_with(LinkState::default).configure(places);
    if places.is_empty() {
        draft.state.link = None;
    }
}

pub(super) fn fold(draft: &mut Draft<'_>, sweep: &Sweep) {
    if let Some(known) = &mut draft.state.repository {
        known.swept(sweep);
    }
}
