//! Folding builds of the commit at a pull request's head.

use super::draft::Draft;
use super::reports;
use crate::head::Size;
use crate::observation::{HeadReading, Report};

/// Folds what a webhook says of a build. Where it is not of this pull request's head (any more), it is no fact of the pull
/// request's.
pub(super) fn fold(draft: &mut Draft<'_>, report: &Report) {
    let head = draft.pull_request().and_then(|known| known.head.as_mut());
    if head.zip(report.payload.commit_status()).is_some_and(|(head, status)| head.note(&status)) {
        reports::fold(draft, report);
    }
}

/// Folds what a poll read of the head. What moved is told by the counters.
pub(super) fn read(draft: &mut Draft<'_>, reading: &HeadReading) {
    let now = draft.now;
    let head = draft.pull_request().and_then(|known| known.head.as_mut());
    let Some(head) = head.filter(|head| head.hash == reading.hash) else { return };
    for build in &reading.builds {
        head.note(build);
    }
    head.size = Some(Size { commits: reading.commits, files_changed: reading.files_changed, at: now });
}
