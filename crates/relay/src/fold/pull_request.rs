//! Folding observations of a pull request.

use jiff::Timestamp;
use serde_json::Value;

use super::context::FoldContext;
use super::poll::PollContext;
use super::{builds, comments, counters, reconcile, tasks};
use crate::observation::{FirstListing, Notice, PullRequestObservation, PullRequestPoll};
use crate::polling::{unlisted_comments, unlisted_tasks};
use crate::schedule::{self, Settings};
use crate::state::{Known, PublishedFacts, PullRequestState};

pub(super) fn fold(ctx: &mut FoldContext<'_>, observation: &PullRequestObservation) {
    match observation {
        PullRequestObservation::HeadBuild(report) => builds::fold(ctx, report),
        PullRequestObservation::Poll(read) => {
            fold_poll(ctx, read);
            counters::publish_moved(ctx);
        }
        PullRequestObservation::SeenInSweep(notice) => seen_in_sweep(ctx, notice),
        PullRequestObservation::FirstListed(listing) => first_listed(ctx, listing),
    }
}

/// Marks a pull request that a sweep found changed, to be read after the grace period.
fn seen_in_sweep(ctx: &mut FoldContext<'_>, notice: &Notice) {
    let mut pr = if let Some(Known::PullRequest(pr)) = ctx.state.known.take() {
        pr
    } else {
        // A sweep listed it as open, so its end is not published yet.
        let published = PublishedFacts::at_first_sight(&Value::Null, true);
        PullRequestState::first_seen(notice.since, PublishedFacts { created: !notice.is_new, ..published })
    };
    if pr.repository.is_null() {
        pr.repository = notice.repository.clone();
    }
    // Without `updated_on` it is no longer listed, so it has ended. No stored webhook explains that.
    pr.seen_in_sweep_at = Some(notice.updated_on.unwrap_or(Timestamp::MAX));
    pr.reread_by(ctx.settings.grace_ends(ctx.now));
    ctx.state.known = Some(Known::PullRequest(pr));
}

/// Plans the first read of a pull request that existed before its repository was swept.
fn first_listed(ctx: &mut FoldContext<'_>, listing: &FirstListing) {
    if ctx.state.known.is_some() {
        return;
    }
    let published = PublishedFacts::at_first_sight(&listing.shown.raw, false);
    let mut pr = PullRequestState::first_seen(listing.at, published);
    pr.repository = listing.repository.clone();
    pr.recheck_at = listing.shown.id().and_then(|id| ctx.settings.first_full_read(listing.at, id.0));
    ctx.state.known = Some(Known::PullRequest(pr));
}

fn fold_poll(ctx: &mut FoldContext<'_>, read: &PullRequestPoll) {
    let mut poll = PollContext::new(read.base_version, read.started_at, read.comments.complete);
    pull_request_itself(ctx, read);
    comments::fold_listing(ctx, &mut poll, &read.comments);
    if let Some(listing) = &read.tasks {
        tasks::fold_listing(ctx, &mut poll, listing);
    }
    let (now, version, more, settings) = (ctx.now, ctx.version(), ctx.more, ctx.settings);
    let Some(pr) = ctx.state.pull_request_mut() else { return };
    recheck_unlisted(pr, &mut poll, read, now, settings);
    postpone_tasks(pr, &mut poll, read, now, settings);
    pr.recheck_at = poll.recheck_after(pr.recheck_at, version, more);
    if more {
        return;
    }
    pr.polled_at = pr.polled_at.max(Some(read.started_at));
    pr.has_unread_comments = !read.comments.complete;
    if let Some(tasks) = &read.tasks {
        pr.tasks_read = true;
        pr.has_unread_tasks = !tasks.complete;
    }
    if !poll.is_settled() {
        // The undecided item may be a task, so the next poll reads the tasks again.
        pr.tasks_read_at = None;
    } else if read.tasks.is_some() {
        pr.tasks_read_at = pr.tasks_read_at.max(Some(read.started_at));
    }
    if read.tasks.is_some() && pr.tasks_dirty_since.is_some() {
        // An event that was stored while the poll was reading may have brought tasks that it did not see.
        pr.tasks_dirty_since = (read.base_version.saturating_add(1) < version).then_some(now);
    }
}

/// Plans another poll for comments and tasks of the state that the listings lack and that this poll did not look up.
fn recheck_unlisted(
    pr: &PullRequestState,
    poll: &mut PollContext,
    read: &PullRequestPoll,
    now: Timestamp,
    settings: &Settings,
) {
    let comments = unlisted_comments(&pr.comments, &read.comments).into_iter();
    let comments = comments.filter_map(|id| {
        let comment = pr.comments.get(&id)?;
        Some((id, comment.version, comment.doubts.as_slice()))
    });
    poll.recheck_unlisted(&read.comments, comments, now, settings);
    let Some(listing) = &read.tasks else { return };
    let tasks = unlisted_tasks(&pr.tasks, listing).into_iter();
    let tasks = tasks.filter_map(|id| {
        let task = pr.tasks.get(&id)?;
        Some((id, task.version, task.doubts.as_slice()))
    });
    poll.recheck_unlisted(listing, tasks, now, settings);
}

/// If this poll skipped the tasks to save calls, plans a later poll that reads them. Needed if they were due, or if no
/// other poll would follow.
fn postpone_tasks(
    pr: &mut PullRequestState,
    poll: &mut PollContext,
    read: &PullRequestPoll,
    now: Timestamp,
    settings: &Settings,
) {
    let is_due = pr.tasks_dirty_since.is_some_and(|since| settings.tasks_due(since, pr.tasks_read_at) <= now);
    let is_last_poll = schedule::all_windows_closed(&pr.comments, read.started_at, settings);
    if read.tasks.is_none() && (is_due || is_last_poll) {
        pr.tasks_dirty_since = None;
        let read_at = pr.tasks_read_at.unwrap_or(now);
        poll.recheck(Settings::tasks_put_off(read_at).max(now));
    }
}

/// Folds the pull request itself and its head. If the same poll is folded again for the events that did not fit, this
/// finds nothing new.
fn pull_request_itself(ctx: &mut FoldContext<'_>, read: &PullRequestPoll) {
    let Some(pr) = ctx.state.pull_request_mut() else { return };
    if read.pull_request.is_some() {
        pr.seen_in_sweep_at = None;
    }
    if read.pull_request.is_some() || !pr.must_be_read() {
        pr.reread_at = pr.reread_at.filter(|at| *at > read.started_at);
    }
    if let Some(repository) = read.repository.as_ref().filter(|_| !pr.is_unsigned) {
        // It has moved.
        pr.repository = repository.clone();
    }
    if let Some(seen) = &read.pull_request {
        reconcile::fold_snapshot(ctx, read, seen);
    }
    if let Some(details) = &read.head {
        builds::read(ctx, details);
    }
}
