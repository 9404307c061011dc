//! When a repository is swept next.

use jiff::Timestamp;

use super::settings::Settings;
use crate::state::{Reason, RepositoryState, Watch};

/// How long nothing must have moved in a repository without open pull requests for it to be quiet: a day.
const QUIET_SECONDS: i64 = 86_400;

/// The same for one with open pull requests, in which tasks can change without a webhook: a week.
const QUIET_OPEN_SECONDS: i64 = 7 * 86_400;

/// Whether it is swept seldom: nothing moved for long, and the less time of that counts the less there is to move. For
/// *economy*: a workspace has many repositories in which nobody works. Anything seen ends it.
pub fn is_quiet(repository: &RepositoryState, now: Timestamp) -> bool {
    let patience = if repository.open.is_empty() { QUIET_SECONDS } else { QUIET_OPEN_SECONDS };
    repository.last_activity_at.is_none_or(|at| now.duration_since(at).as_secs() >= patience)
}

/// When a repository is swept next.
pub(super) fn plan(repository: &RepositoryState, now: Timestamp, settings: &Settings) -> Option<Watch> {
    if repository.unreachable || settings.sweep_seconds == 0 {
        return None;
    }
    let is_quiet = is_quiet(repository, now);
    let due_at = repository.swept_at.map_or(now, |swept_at| settings.next_sweep(swept_at, is_quiet));
    // A comment whose webhook was lost has a window too, and only a sweep knows of it. Where nobody works that is unlikely, and
    // many such repositories must not delay those where somebody does.
    let deadline = (!is_quiet).then(|| settings.sweep_deadline(due_at));
    Some(Watch { due_at, reason: Reason::Sweep, deadline })
}
