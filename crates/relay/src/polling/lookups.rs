//! Items to look up one by one: comments and tasks that a listing lacks, and the targets of a link.

use std::collections::BTreeSet;

use bitbucket::payload::{Comment, Task};
use bitbucket::{CommentId, TaskId};

use crate::observation::Listing;
use crate::state::{Comments, Tasks};

/// The most targets that one poll of a link looks up. Each takes one call, or one call for every hundred repositories.
pub const MAX_TARGET_LOOKUPS: usize = 20;

/// Comments that stand in the state and are missing from a complete listing. A listing is read in pages while people
/// write, so a missing comment is deleted only if Bitbucket, asked by id, confirms it: put its answers into
/// [`Listing::lookups`]. Some of many suffice: the fold then plans another poll for the others.
pub fn unlisted_comments(comments: &Comments, listing: &Listing<CommentId, Comment>) -> Vec<CommentId> {
    let listed: BTreeSet<_> = listing.items.iter().filter_map(|comment| comment.id()).collect();
    let standing = comments.iter().filter(|(id, comment)| !comment.deleted && !listed.contains(id));
    standing.map(|(id, _)| *id).collect()
}

/// The same for tasks.
pub fn unlisted_tasks(tasks: &Tasks, listing: &Listing<TaskId, Task>) -> Vec<TaskId> {
    let listed: BTreeSet<_> = listing.items.iter().filter_map(|task| task.id()).collect();
    let standing = tasks.iter().filter(|(id, task)| !task.deleted && !listed.contains(id));
    standing.map(|(id, _)| *id).collect()
}
