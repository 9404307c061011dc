//! Plans the next sweep of a repository.

use jiff::Timestamp;

use super::settings::{Settings, later};
use crate::state::{Reason, RepositoryState, Watch};

/// Seconds without activity until a repository without open pull requests is quiet: a day.
const QUIET_SECONDS: i64 = 86_400;

/// The same with open pull requests, whose tasks can change without a webhook: a week.
const QUIET_OPEN_SECONDS: i64 = 7 * 86_400;

/// Pull requests that one call of a sweep lists.
const PAGE_ITEMS: usize = 50;

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
    let due_at = match repository.swept_at {
        Some(swept_at) => later(swept_at, interval(repository, is_quiet, settings)),
        None => repository.first_sweep_at.unwrap_or(now),
    };
    // No deadline: a sweep never delays the check after a window.
    let reason = if is_quiet { Reason::QuietSweep } else { Reason::Sweep };
    Some(Watch { due_at, reason, deadline: None })
}

/// Seconds from one sweep to the next: the configured interval, or longer if the link sweeps so many repositories that
/// their sweeps would take too many calls.
fn interval(repository: &RepositoryState, is_quiet: bool, settings: &Settings) -> u32 {
    let pages = u32::try_from(repository.open.len().div_ceil(PAGE_ITEMS).max(1)).unwrap_or(u32::MAX);
    let pace = repository.pace;
    let seconds_per_call = if is_quiet { pace.quiet_seconds } else { pace.active_seconds };
    settings.sweep_interval(is_quiet).max(seconds_per_call.saturating_mul(pages))
}
