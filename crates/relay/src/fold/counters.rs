//! Counters: every event of a fold carries those after it. If a poll alone moved them, they have an event of their own.

use bitbucket::EventKey;

use super::context::FoldContext;
use super::synthetic::{self, Item, Synthetic};
use crate::event::Counters;
use crate::state::Known;

/// Emits `CountersChanged` if the poll that was just folded moved the counters and gave no other event.
pub(super) fn publish_moved(ctx: &mut FoldContext<'_>) {
    let Some(pr) = ctx.state.pull_request() else { return };
    let has_moved = pr.counters.as_ref().is_some_and(|published| has_moved(published, &pr.count()));
    if has_moved && ctx.events.is_empty() && !ctx.more {
        // Only a fold on top of the same version can conclude the same, and the store takes one of them.
        let fact = ctx.fact(&EventKey::CountersChanged).part(ctx.version()).id();
        synthetic::emit(ctx, fact, &EventKey::CountersChanged, Synthetic::default(), Item::PullRequest);
    }
}

/// Adds the counters of the pull request to the events of this fold.
pub(super) fn add_to_events(ctx: &mut FoldContext<'_>) {
    let mut trusted = ctx.events.iter_mut().filter(|event| event.trusted).peekable();
    if trusted.peek().is_none() {
        return;
    }
    let Some(Known::PullRequest(pr)) = &mut ctx.state.known else { return };
    let counters = pr.count();
    pr.counters = Some(counters.clone());
    for event in trusted {
        event.counters = Some(counters.clone());
    }
}

/// True if a known number changed. A number that becomes known has not moved.
fn has_moved(before: &Counters, now: &Counters) -> bool {
    let pairs = [
        (before.reviewers, now.reviewers),
        (before.approvals, now.approvals),
        (before.changes_requested, now.changes_requested),
        (before.comments, now.comments),
        (before.unresolved_threads, now.unresolved_threads),
        (before.tasks_open, now.tasks_open),
        (before.tasks_resolved, now.tasks_resolved),
    ];
    // Size and builds start unknown with every head, so a number that becomes known has moved.
    let sizes = [(before.commits, now.commits), (before.files_changed, now.files_changed)];
    let has_new_size = sizes
        .into_iter()
        .any(|(before, now)| now.is_some_and(|now| before.is_none_or(|before| before.count != now.count)));
    let has_new_builds = now.builds.is_some_and(|now| now != before.builds.unwrap_or_default());
    has_new_size
        || has_new_builds
        || pairs.into_iter().any(|(before, now)| before.zip(now).is_some_and(|(before, now)| before != now))
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::event::{Builds, Counted};

    fn counted(count: u64) -> Counted {
        Counted { count, at: Timestamp::UNIX_EPOCH }
    }

    #[test]
    fn number_that_becomes_known_has_not_moved() {
        let unknown = Counters::default();
        let known = Counters { comments: Some(1), approvals: Some(0), ..unknown.clone() };
        assert!(!has_moved(&unknown, &known));
        assert!(!has_moved(&known, &unknown));
        assert!(has_moved(&known, &Counters { comments: Some(2), ..known.clone() }));
        assert!(has_moved(&known, &Counters { approvals: Some(1), ..known.clone() }));
    }

    #[test]
    fn size_of_a_head_moves_when_it_becomes_known() {
        let unknown = Counters::default();
        for known in [
            Counters { commits: Some(counted(3)), ..unknown.clone() },
            Counters { files_changed: Some(counted(3)), ..unknown.clone() },
        ] {
            assert!(has_moved(&unknown, &known));
            assert!(!has_moved(&known, &known));
            assert!(!has_moved(&known, &unknown));
        }
        let before = Counters { commits: Some(counted(3)), ..unknown.clone() };
        assert!(has_moved(&before, &Counters { commits: Some(counted(4)), ..unknown }));
    }

    #[test]
    fn builds_move_when_one_of_them_does() {
        let with =
            |failed| Counters { builds: Some(Builds { failed, ..Builds::default() }), ..Counters::default() };
        assert!(has_moved(&Counters::default(), &with(1)));
        assert!(!has_moved(&Counters::default(), &with(0)), "no build is as good as none known");
        assert!(has_moved(&with(1), &with(2)));
        assert!(!has_moved(&with(1), &with(1)));
    }
}
