//! The reads of one poll, cut to the calls that a run has for it.

use jiff::Timestamp;

use super::allowance::Allowance;
use super::needs::Needs;
use crate::schedule::Settings;
use crate::state::{Comments, PullRequestState};

/// Comments, or tasks, on one page of a listing.
const PAGE_ITEMS: usize = 100;

/// Plans the reads of a pull request whose watch is due since `due_at`; `None` if the poll is left to another run. Without
/// enough calls for all of it, only comments are read. Heads are read only if `reads_heads` and calls are ample.
pub fn plan_reads(
    pr: &PullRequestState,
    due_at: Timestamp,
    now: Timestamp,
    settings: &Settings,
    allowance: &Allowance,
    reads_heads: bool,
) -> Option<Needs> {
    let mut needs = Needs::new(pr, now, settings, allowance.is_short);
    let cost = cost(pr, &needs);
    if allowance.postpones(cost, due_at, now) {
        return None;
    }
    if allowance.left < cost {
        (needs.pull_request, needs.tasks) = (false, false);
    }
    let may_read_head = reads_heads && allowance.is_ample_after(needs.pull_request.into());
    needs.head = needs.head.filter(|_| may_read_head);
    Some(needs)
}

/// Calls that the reads take, by the size of the state; those for a head do not count.
fn cost(pr: &PullRequestState, needs: &Needs) -> u32 {
    let tasks = pr.tasks.values().filter(|task| !task.deleted).count();
    let tasks = if needs.tasks { pages(tasks) } else { 0 };
    comment_pages(&pr.comments).saturating_add(tasks).saturating_add(needs.pull_request.into())
}

/// Calls that listing the comments takes.
pub fn comment_pages(comments: &Comments) -> u32 {
    pages(comments.values().filter(|comment| !comment.deleted).count())
}

fn pages(items: usize) -> u32 {
    u32::try_from(items.div_ceil(PAGE_ITEMS).max(1)).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use bitbucket::CommentId;
    use serde_json::{from_value, json};

    use super::*;
    use crate::state::{Head, PublishedFacts, ShortHash};

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    /// An open pull request whose tasks and head were never read. Reading it takes a call for every 100 comments, and one
    /// for the tasks.
    fn pull_request(comments: u64) -> PullRequestState {
        let mut pr = PullRequestState::first_seen(at(0), PublishedFacts::default());
        let comment = json!({
            "version": 1, "revisions": [], "changed_at": at(0), "resolution": null, "lifted": null, "deleted": false,
        });
        pr.snapshot = json!({ "state": "OPEN" });
        pr.comments = (0..comments).map(|id| (CommentId(id), from_value(comment.clone()).unwrap())).collect();
        let hash = ShortHash::new("0123456789abcdef").unwrap();
        pr.head = Some(Head { hash, builds: std::collections::BTreeMap::new(), size: None });
        pr
    }

    /// True for each of: the tasks, the head. The watch is due at second 0.
    fn planned(comments: u64, now: i64, allowance: Allowance, reads_heads: bool) -> Option<(bool, bool)> {
        let settings = Settings::default();
        let needs = plan_reads(&pull_request(comments), at(0), at(now), &settings, &allowance, reads_heads)?;
        Some((needs.tasks, needs.head.is_some()))
    }

    #[test]
    fn reads_fit_the_calls() {
        let allowance = |granted, left| Allowance { granted, left, max_per_run: 120, is_short: false };
        for (comments, now, granted, left, reads_heads, reads) in [
            (0, 0, 120, 120, true, Some((true, true))),
            (0, 0, 120, 120, false, Some((true, false))),
            (0, 0, 120, 40, true, Some((true, true))),
            (0, 0, 120, 39, true, Some((true, false))),
            (0, 0, 120, 2, true, Some((true, false))),
            (0, 0, 120, 1, true, None),
            (101, 0, 120, 2, true, None),
            (100, 0, 120, 2, true, Some((true, false))),
            (101, 1_200, 2, 2, true, None),
            (101, 1_201, 2, 2, true, Some((false, false))),
            (12_000, 0, 120, 120, true, Some((false, true))),
        ] {
            let found = planned(comments, now, allowance(granted, left), reads_heads);
            assert_eq!(found, reads, "{comments} {now} {granted} {left} {reads_heads}");
        }
    }

    #[test]
    fn heads_wait_while_calls_are_short() {
        let allowance = Allowance { granted: 60, left: 60, max_per_run: 120, is_short: true };
        assert_eq!(planned(0, 0, allowance, true), Some((true, false)));
    }
}
