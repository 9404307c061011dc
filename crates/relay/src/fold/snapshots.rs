//! Taking the newest `pullrequest` object, from a report or a poll.

use bitbucket::payload::{Document, PullRequest};
use jiff::Timestamp;
use serde_json::Value;

use super::bounds;
use super::context::FoldContext;
use crate::event::{Change, changes_between};
use crate::observation::Report;
use crate::schedule::Settings;
use crate::state::{Head, Known, PublishedFacts, PullRequestState, digest, has_ended};
use crate::subject::Subject;

/// The snapshot that a newer one replaced.
#[derive(Debug)]
pub(super) struct Replaced {
    snapshot: Value,
    repository: Value,
    updated_on: Option<Timestamp>,
    is_unsigned: bool,
}

impl Replaced {
    /// The changes since then; `None` if there was no snapshot.
    pub(super) fn changes(&self, pr: &PullRequestState) -> Option<Vec<Change>> {
        (!self.snapshot.is_null()).then(|| changes_between(&self.snapshot, &pr.snapshot))
    }

    /// Its `updated_on`.
    pub(super) const fn updated_on(&self) -> Option<Timestamp> {
        self.updated_on
    }

    /// True if it came from an unsigned delivery.
    pub(super) const fn is_unsigned(&self) -> bool {
        self.is_unsigned
    }

    /// Puts it back, and plans a reread: the changes are still unpublished.
    pub(super) fn restore(self, pr: &mut PullRequestState, read_at: Timestamp) {
        pr.seen_in_sweep_at = Some(pr.snapshot_updated_on.unwrap_or(Timestamp::MAX));
        pr.reread_by(read_at);
        pr.snapshot = self.snapshot;
        pr.repository = self.repository;
        pr.snapshot_updated_on = self.updated_on;
        pr.is_unsigned = self.is_unsigned;
    }
}

/// Takes the snapshot of a report if it is the newest, and records that tasks may have changed. Returns the snapshot
/// that it replaced.
pub(super) fn of_report(ctx: &mut FoldContext<'_>, report: &Report) -> Option<Replaced> {
    let payload = &report.payload;
    let seen = payload.pull_request().filter(|seen| seen.id().is_some())?;
    let (now, settings) = (ctx.now, ctx.settings);
    if !matches!(ctx.subject, Subject::PullRequest { .. }) {
        return None;
    }
    if ctx.state.known.is_none() {
        ctx.state.known = Some(Known::PullRequest(first_seen(&seen, now, settings)));
    }
    let pr = ctx.state.pull_request_mut()?;
    pr.tasks_dirty_since.get_or_insert(now);
    if !is_newest(pr, &seen, report.signed) {
        return None;
    }
    if pr.seen_in_sweep_at.is_some_and(|noticed| has_ended(&seen.raw) || seen.updated_on > Some(noticed)) {
        // The change in the listing is in this snapshot, or in comments and tasks: those are read as planned. A
        // snapshot of the same time may be older than the listing, because not every change moves the time.
        pr.seen_in_sweep_at = None;
    }
    if is_ambiguous(pr, &seen) {
        pr.seen_in_sweep_at = seen.updated_on;
        pr.reread_by(settings.grace_ends(now));
    }
    let repository = payload.repository().map(|repository| repository.raw).unwrap_or_default();
    Some(take(pr, seen, repository, !report.signed))
}

/// Takes a snapshot that a poll read, and the `repository` object if it read that.
pub(super) fn of_poll(
    pr: &mut PullRequestState,
    seen: Document<PullRequest>,
    repository: Option<&Value>,
) -> Replaced {
    // Of an unsigned delivery, nothing is left only if Bitbucket answered for both.
    let is_unsigned = pr.is_unsigned && repository.is_none();
    let repository = repository.unwrap_or(&pr.repository).clone();
    take(pr, seen, repository, is_unsigned)
}

/// True if a snapshot is not older than the stored one. Bitbucket's own word replaces an unsigned one, whose time
/// proves nothing.
pub(super) fn is_newest(pr: &PullRequestState, seen: &PullRequest, is_signed: bool) -> bool {
    (is_signed && pr.is_unsigned) || seen.updated_on >= pr.snapshot_updated_on
}

/// True if a report has another snapshot of the same time. Not every change moves the time, so a late report may have
/// the older one; a poll shows which is the newest. Sweeps cannot: their listings do not change.
fn is_ambiguous(pr: &PullRequestState, seen: &Document<PullRequest>) -> bool {
    seen.updated_on.is_some()
        && seen.updated_on == pr.snapshot_updated_on
        && digest(&seen.raw) != digest(&pr.snapshot)
}

fn take(
    pr: &mut PullRequestState,
    seen: Document<PullRequest>,
    repository: Value,
    is_unsigned: bool,
) -> Replaced {
    let head = Head::from_snapshot(&seen.raw);
    if pr.head.as_ref().map(|head| &head.hash) != head.as_ref().map(|head| &head.hash) {
        pr.head = head;
    }
    Replaced {
        updated_on: std::mem::replace(&mut pr.snapshot_updated_on, seen.updated_on),
        snapshot: std::mem::replace(&mut pr.snapshot, bounds::snapshot(seen.raw)),
        repository: std::mem::replace(&mut pr.repository, repository),
        is_unsigned: std::mem::replace(&mut pr.is_unsigned, is_unsigned),
    }
}

fn first_seen(seen: &Document<PullRequest>, now: Timestamp, settings: &Settings) -> PullRequestState {
    let at = seen.updated_on.unwrap_or(now).min(now);
    let is_news = seen.created_on.is_some_and(|created_on| created_on >= settings.baseline(at));
    PullRequestState::first_seen(at, PublishedFacts::at_first_sight(&seen.raw, is_news))
}
