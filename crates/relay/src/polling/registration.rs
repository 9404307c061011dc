//! Registration of repositories for sweeps.

use jiff::Timestamp;

use crate::schedule::is_quiet;
use crate::state::SubjectState;

/// Interval between reads of a repository's state that only check its registration: far less than it takes to become
/// quiet.
const ASK_AGAIN_SECONDS: i64 = 3_600;

/// True if the table is to be asked whether a repository with activity is registered, last done at `asked_at`. For
/// *economy*: every poll of a pull request is activity.
pub fn is_registration_due(asked_at: Option<Timestamp>, now: Timestamp) -> bool {
    asked_at.is_none_or(|at| now.duration_since(at).as_secs() >= ASK_AGAIN_SECONDS)
}

/// True if a repository with activity is not swept, or only seldom.
pub fn must_register_active(state: &SubjectState, now: Timestamp) -> bool {
    must_register_named(state) || state.repository().is_none_or(|repository| is_quiet(repository, now))
}

/// True if a repository that a link names is not swept, or its last sweep was refused: it can be read again.
pub const fn must_register_named(state: &SubjectState) -> bool {
    state.repository().is_none() || state.refusal.is_some()
}
