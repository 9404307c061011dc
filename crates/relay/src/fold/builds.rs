//! Folding builds of the commit at a pull request's head.

use super::context::FoldContext;
use super::delivery;
use crate::observation::{HeadDetails, Report};
use crate::state::Size;

/// Folds what a webhook says of a build. Where it is not of this pull request's head (any more), it is no fact of the pull
/// request's.
pub(super) fn fold(ctx: &mut FoldContext<'_>, report: &Report) {
    let head = ctx.state.pull_request_mut().and_then(|known| known.head.as_mut());
    if head.zip(report.payload.commit_status()).is_some_and(|(head, status)| head.note(&status)) {
        delivery::fold(ctx, report);
    }
}

/// Folds what a poll read of the head. What moved is told by the counters.
pub(super) fn read(ctx: &mut FoldContext<'_>, reading: &HeadDetails) {
    let now = ctx.now;
    let head = ctx.state.pull_request_mut().and_then(|known| known.head.as_mut());
    let Some(head) = head.filter(|head| head.hash == reading.hash) else { return };
    for build in &reading.builds {
        head.note(build);
    }
    head.size = Some(Size { commits: reading.commits, files_changed: reading.files_changed, at: now });
}
