//! The reads of one poll, cut to the calls that a run has for it.

use jiff::Timestamp;

use super::allowance::Allowance;
use super::needs::Needs;
use crate::schedule::Settings;
use crate::state::{Comments, PullRequestState};

/// Comments, or tasks, on one page of a listing.
const PAGE_ITEMS: usize = 100;

/// The most pages that are read of one listing.
pub const MAX_PAGES_READ: usize = 20;

/// Plans the reads of a pull request whose watch is due since `due_at`; `None` if the poll is left to another run.
/// Without enough calls for all of it, only comments are read. Heads are read only if `reads_heads` and calls are
/// ample.
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

/// Pages that are read of a listing with this many items.
fn pages(items: usize) -> u32 {
    u32::try_from(items.div_ceil(PAGE_ITEMS).clamp(1, MAX_PAGES_READ)).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deleted_items_cost_nothing() {
        let task = |deleted: bool| {
            serde_json::from_value(serde_json::json!({
                "version": 1, "revision": crate::state::Revision::default(), "resolution": null, "deleted": deleted,
            }))
            .unwrap()
        };
        let mut pr = crate::testing::a_pull_request();
        pr.tasks = (0..150).map(|id| (bitbucket::TaskId(id), task(id >= 100))).collect();
        let started_at = Timestamp::UNIX_EPOCH;
        let needs = Needs { started_at, pull_request: true, tasks: true, head: None };
        assert_eq!(cost(&pr, &needs), 3, "a page of comments, a page of tasks, and the pull request");
        pr.tasks.insert(bitbucket::TaskId(200), task(false));
        assert_eq!(cost(&pr, &needs), 4);
    }

    #[test]
    fn long_listing_costs_the_pages_that_are_read() {
        for (items, cost) in [(0, 1), (100, 1), (101, 2), (2_000, 20), (6_000, 20)] {
            assert_eq!(pages(items), cost, "{items}");
        }
    }
}
