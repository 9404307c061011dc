//! Registration of repositories for sweeps.

use jiff::Timestamp;

use crate::schedule::is_quiet;
use crate::state::RepositoryState;

/// Interval between reads of a repository's state that only check its registration: far less than it takes to become
/// quiet.
const ASK_AGAIN_SECONDS: i64 = 3_600;

/// True if the table is to be asked whether a repository with activity is registered, last done at `asked_at`. For
/// *economy*: every poll of a pull request is activity.
pub fn is_registration_due(asked_at: Option<Timestamp>, now: Timestamp) -> bool {
    asked_at.is_none_or(|at| now.duration_since(at).as_secs() >= ASK_AGAIN_SECONDS)
}

/// True if a repository with activity is not swept, or only seldom.
pub fn must_register_active(repository: Option<&RepositoryState>, now: Timestamp) -> bool {
    repository.is_none_or(|repository| repository.unreachable || is_quiet(repository, now))
}

/// True if a repository that a link names is not swept.
pub fn must_register_named(repository: Option<&RepositoryState>) -> bool {
    repository.is_none_or(|repository| repository.unreachable)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn registration_is_checked_once_an_hour() {
        for (asked_at, now, is_due) in [(None, 0, true), (Some(0), 3_599, false), (Some(0), 3_600, true)] {
            assert_eq!(is_registration_due(asked_at.map(at), at(now)), is_due, "{asked_at:?} {now}");
        }
    }

    #[test]
    fn repository_is_registered_until_it_is_swept_often() {
        let repository = |unreachable, last_activity_at: Option<i64>| RepositoryState {
            unreachable,
            last_activity_at: last_activity_at.map(at),
            ..RepositoryState::default()
        };
        for (repository, active, named) in [
            (None, true, true),
            (Some(repository(false, None)), true, false),
            (Some(repository(false, Some(99_000))), false, false),
            (Some(repository(false, Some(13_600))), true, false),
            (Some(repository(true, Some(99_000))), true, true),
        ] {
            let found = (
                must_register_active(repository.as_ref(), at(100_000)),
                must_register_named(repository.as_ref()),
            );
            assert_eq!(found, (active, named), "{repository:?}");
        }
    }
}
