//! Plans the next sweep of a repository.

use jiff::Timestamp;

use super::settings::Settings;
use crate::state::{Reason, RepositoryState, Watch};

/// Seconds without activity until a repository without open pull requests is quiet: a day.
const QUIET_SECONDS: i64 = 86_400;

/// The same with open pull requests, whose tasks can change without a webhook: a week.
const QUIET_OPEN_SECONDS: i64 = 7 * 86_400;

/// True after a day without activity (a week if pull requests are open). Quiet repositories are swept seldom. For
/// *economy*: a workspace has many repositories in which nobody works. Any activity ends it.
pub fn is_quiet(repository: &RepositoryState, now: Timestamp) -> bool {
    let patience = if repository.open.is_empty() { QUIET_SECONDS } else { QUIET_OPEN_SECONDS };
    repository.last_activity_at.is_none_or(|at| now.duration_since(at).as_secs() >= patience)
}

/// Plans the next sweep of a repository.
pub(super) fn plan(repository: &RepositoryState, now: Timestamp, settings: &Settings) -> Option<Watch> {
    if settings.sweep_seconds == 0 {
        return None;
    }
    let is_quiet = is_quiet(repository, now);
    let due_at = repository.swept_at.map_or(now, |swept_at| settings.next_sweep(swept_at, is_quiet));
    // A comment whose webhook was lost has a window too, and only a sweep finds it. In a quiet repository that is
    // unlikely, and many of them must not delay the sweeps of active ones.
    let deadline = (!is_quiet).then(|| settings.sweep_deadline(due_at));
    Some(Watch { due_at, reason: Reason::Sweep, deadline })
}
