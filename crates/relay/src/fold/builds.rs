//! Folding builds of the commit at a pull request's head.

use super::context::FoldContext;
use super::delivery;
use crate::observation::{HeadDetails, Report};
use crate::state::Size;

/// Folds a reported build. A build of another commit than the head is ignored for this pull request.
pub(super) fn fold(ctx: &mut FoldContext<'_>, report: &Report) {
    let head = ctx.state.pull_request_mut().and_then(|pr| pr.head.as_mut());
    if head.zip(report.payload.commit_status()).is_some_and(|(head, status)| head.note(&status)) {
        delivery::fold(ctx, report);
    }
}

/// Folds the head as a poll read it. Counters publish what moved.
pub(super) fn read(ctx: &mut FoldContext<'_>, reading: &HeadDetails) {
    let now = ctx.now;
    let head = ctx.state.pull_request_mut().and_then(|pr| pr.head.as_mut());
    let Some(head) = head.filter(|head| head.hash == reading.hash) else { return };
    for build in &reading.builds {
        head.note(build);
    }
    head.size = Some(Size { commits: reading.commits, files_changed: reading.files_changed, at: now });
}
