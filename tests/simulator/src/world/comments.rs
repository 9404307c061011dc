//! Comments on pull requests, and the rule by which most of their edits are never reported.

use super::event_keys::{
    COMMENT_CREATED, COMMENT_DELETED, COMMENT_REOPENED, COMMENT_RESOLVED, COMMENT_UPDATED,
};
use super::inputs::NewComment;
use super::outcome::{Done, Outbox, Refusal, SilenceReason};
use super::state::{Account, Comment, PullRequest};
use super::{Act, World, not_blank, room};
use crate::clock::later;
use jiff::{SignedDuration, Timestamp};
use std::collections::{BTreeMap, BTreeSet};

/// A new comment's `updated_on` is a little after its `created_on`, as in every capture. A client that takes
/// "different" for "edited" must fail against the simulator too.
const CREATION_TAKES: SignedDuration = SignedDuration::from_micros(53);

impl World {
    /// Comments on a pull request, or replies if there is a parent, and returns the comment's id. A pending comment is
    /// one of a review that is published later.
    ///
    /// # Errors
    /// [`Refusal::NotFound`] for the pull request or the parent; [`Refusal::Invalid`] for a blank text.
    pub fn create_comment(&mut self, act: &Act, id: u64, new: &NewComment) -> Result<Done<u64>, Refusal> {
        let pull_request = self.pull_request(act.repository, id)?;
        let mut comment = new_comment(&pull_request.comments, act, new)?;
        let comment_id = self.ids.number();
        comment.id = comment_id;
        let (updated_on, is_pending) = (comment.updated_on, comment.pending);
        let pull_request = self.pull_request_mut(act.repository, id)?;
        pull_request.comments.insert(comment_id, comment);
        let mut outbox = Outbox::default();
        if is_pending {
            self.stay_silent(act, id, "comment_created", SilenceReason::UnpublishedReview, &mut outbox)?;
        } else {
            self.after_creation(act, id, comment_id, updated_on, &mut outbox)?;
        }
        Ok(Done { value: comment_id, outbox })
    }

    /// A comment is new for everybody.
    pub(super) fn after_creation(
        &mut self,
        act: &Act,
        id: u64,
        comment_id: u64,
        at: Timestamp,
        outbox: &mut Outbox,
    ) -> Result<(), Refusal> {
        let pull_request = self.pull_request_mut(act.repository, id)?;
        pull_request.touch(at);
        if let Some(entry) = pull_request.participant(&act.actor) {
            entry.participated_on = Some(at);
        }
        self.announce_comment(act, id, comment_id, COMMENT_CREATED, outbox)
    }

    /// Edits a comment. `pullrequest:comment_updated` is sent if the comment was created and last changed at least
    /// the window ago; if not, nothing is. By default an edit restarts the window either way.
    ///
    /// # Errors
    /// [`Refusal::NotFound`], also for a deleted comment; [`Refusal::Forbidden`] for somebody else's;
    /// [`Refusal::Invalid`] for a blank text.
    pub fn edit_comment(
        &mut self,
        act: &Act,
        id: u64,
        comment_id: u64,
        raw: &str,
    ) -> Result<Done<()>, Refusal> {
        not_blank("content", raw)?;
        let (rules, window) = (self.rules, self.window);
        let comment = self.own_comment(act, id, comment_id)?;
        if comment.pending {
            return self.edit_draft(act, id, comment_id, raw);
        }
        let silent = act.now.duration_since(comment.window_from) < window;
        raw.clone_into(&mut comment.raw);
        if !silent || rules.silent_edit_moves_updated_on {
            comment.updated_on = comment.updated_on.max(act.now);
        }
        if !silent || rules.silent_edit_restarts_window {
            comment.window_from = act.now;
        }
        if rules.edit_moves_pull_request {
            self.pull_request_mut(act.repository, id)?.touch(act.now);
        }
        let mut outbox = Outbox::default();
        if silent {
            self.stay_silent(act, id, "comment_updated", SilenceReason::InsideWindow, &mut outbox)?;
        } else {
            self.announce_comment(act, id, comment_id, COMMENT_UPDATED, &mut outbox)?;
        }
        Ok(Done { value: (), outbox })
    }

    /// Deletes a comment. It stays in listings, blank, while it has replies that are visible.
    ///
    /// # Errors
    /// As [`Self::edit_comment`].
    pub fn delete_comment(&mut self, act: &Act, id: u64, comment_id: u64) -> Result<Done<()>, Refusal> {
        let rules = self.rules;
        let comment = self.own_comment(act, id, comment_id)?;
        if comment.pending {
            return self.discard_draft(act, id, comment_id);
        }
        comment.deleted = true;
        comment.raw.clear();
        if rules.deletion_moves_comment {
            comment.updated_on = comment.updated_on.max(act.now);
        }
        self.pull_request_mut(act.repository, id)?.touch(act.now);
        let mut outbox = Outbox::default();
        self.announce_comment(act, id, comment_id, COMMENT_DELETED, &mut outbox)?;
        Ok(Done { value: (), outbox })
    }

    /// Resolves a comment's thread.
    ///
    /// # Errors
    /// [`Refusal::NotFound`]; [`Refusal::Forbidden`] for a reply or a comment that is not on the diff;
    /// [`Refusal::Conflict`] if it is resolved already.
    pub fn resolve_comment(&mut self, act: &Act, id: u64, comment_id: u64) -> Result<Done<()>, Refusal> {
        let comment = self.top_level_comment(act, id, comment_id)?;
        if comment.inline.is_none() {
            return Err(Refusal::Forbidden("Only a comment on the diff can be resolved.".to_owned()));
        }
        if comment.resolution.is_some() {
            return Err(Refusal::Conflict("This comment has already been resolved.".to_owned()));
        }
        comment.resolution = Some((act.actor.clone(), act.now));
        self.after_resolution(act, id, comment_id, COMMENT_RESOLVED)
    }

    /// Reopens a comment's thread.
    ///
    /// # Errors
    /// [`Refusal::NotFound`], also if it is not resolved; [`Refusal::Forbidden`] for a reply.
    pub fn reopen_comment(&mut self, act: &Act, id: u64, comment_id: u64) -> Result<Done<()>, Refusal> {
        let comment = self.top_level_comment(act, id, comment_id)?;
        if comment.resolution.take().is_none() {
            return Err(Refusal::not_found("This comment has not been resolved."));
        }
        self.after_resolution(act, id, comment_id, COMMENT_REOPENED)
    }

    /// Likes a comment, or stops liking it, and returns how many like it then. Bitbucket never reports it.
    ///
    /// # Errors
    /// [`Refusal::NotFound`].
    pub fn like_comment(
        &mut self,
        act: &Act,
        id: u64,
        comment_id: u64,
        like: bool,
    ) -> Result<Done<usize>, Refusal> {
        let comment = self.standing_comment(act, id, comment_id)?;
        let changed = if like {
            comment.likes.insert(act.actor.uuid.clone())
        } else {
            comment.likes.remove(&act.actor.uuid)
        };
        let likes = comment.likes.len();
        let mut outbox = Outbox::default();
        if changed {
            let what = if like { "comment_liked" } else { "comment_unliked" };
            self.stay_silent(act, id, what, SilenceReason::NoSuchEvent, &mut outbox)?;
        }
        Ok(Done { value: likes, outbox })
    }

    fn after_resolution(
        &mut self,
        act: &Act,
        id: u64,
        comment_id: u64,
        event_key: &'static str,
    ) -> Result<Done<()>, Refusal> {
        if self.rules.resolution_moves_updated_on {
            let comment = self.standing_comment(act, id, comment_id)?;
            comment.updated_on = comment.updated_on.max(act.now);
            self.pull_request_mut(act.repository, id)?.touch(act.now);
        }
        let mut outbox = Outbox::default();
        self.announce_comment(act, id, comment_id, event_key, &mut outbox)?;
        Ok(Done { value: (), outbox })
    }

    fn announce_comment(
        &mut self,
        act: &Act,
        id: u64,
        comment_id: u64,
        event_key: &'static str,
        outbox: &mut Outbox,
    ) -> Result<(), Refusal> {
        let repository = &self.repository(act.repository)?.identity;
        let pull_request = self.pull_request(act.repository, id)?;
        let comment = pull_request.comments.get(&comment_id).ok_or_else(|| no_comment(comment_id))?;
        let part = self.payload_view().pull_request_comment(repository, pull_request, comment);
        self.announce_pull_request(act, id, event_key, Some(("comment", part)), outbox)
    }

    pub(super) fn standing_comment(
        &mut self,
        act: &Act,
        id: u64,
        comment_id: u64,
    ) -> Result<&mut Comment, Refusal> {
        let comment = self.pull_request_mut(act.repository, id)?.comments.get_mut(&comment_id);
        comment
            .filter(|comment| !comment.deleted && comment.is_visible_to(Some(&act.actor)))
            .ok_or_else(|| no_comment(comment_id))
    }

    fn own_comment(&mut self, act: &Act, id: u64, comment_id: u64) -> Result<&mut Comment, Refusal> {
        own(self.standing_comment(act, id, comment_id)?, act)
    }

    fn top_level_comment(&mut self, act: &Act, id: u64, comment_id: u64) -> Result<&mut Comment, Refusal> {
        let comment = self.standing_comment(act, id, comment_id)?;
        if comment.parent.is_some() || comment.pending {
            return Err(Refusal::Forbidden(
                "Only a published top-level comment can be resolved or reopened.".to_owned(),
            ));
        }
        Ok(comment)
    }
}

impl PullRequest {
    /// Comments that a listing shows to a viewer, oldest first.
    pub(crate) fn listed_comments(&self, viewer: Option<&Account>) -> Vec<&Comment> {
        listed(&self.comments).into_iter().filter(|comment| comment.is_visible_to(viewer)).collect()
    }
}

/// Comments that are not deleted, and deleted ones with visible replies, oldest first.
pub(crate) fn listed(comments: &BTreeMap<u64, Comment>) -> Vec<&Comment> {
    let mut needed = BTreeSet::new();
    // Newest first: a reply always has a higher id than its parent.
    for comment in comments.values().rev() {
        if !comment.deleted || needed.contains(&comment.id) {
            needed.insert(comment.id);
            needed.extend(comment.parent);
        }
    }
    comments.values().filter(|comment| needed.contains(&comment.id)).collect()
}

pub(super) fn no_comment(id: u64) -> Refusal {
    Refusal::not_found(format!("Comment {id} not found"))
}

pub(super) fn own<'a>(comment: &'a mut Comment, act: &Act) -> Result<&'a mut Comment, Refusal> {
    if comment.user == act.actor {
        Ok(comment)
    } else {
        Err(Refusal::Forbidden("Only its author can change a comment.".to_owned()))
    }
}

/// A comment among these, without an id yet.
pub(super) fn new_comment(
    among: &BTreeMap<u64, Comment>,
    act: &Act,
    new: &NewComment,
) -> Result<Comment, Refusal> {
    not_blank("content", &new.content.raw)?;
    room(among.len(), "comments in one place")?;
    let parent = match new.parent {
        None => None,
        Some(parent) => {
            let visible = among.get(&parent.id).filter(|parent| parent.is_visible_to(Some(&act.actor)));
            Some(visible.ok_or_else(|| no_comment(parent.id))?)
        }
    };
    let inline = new.inline.clone().or_else(|| parent.and_then(|parent| parent.inline.clone()));
    let updated_on: Timestamp = later(act.now, CREATION_TAKES);
    Ok(Comment {
        id: 0,
        user: act.actor.clone(),
        raw: new.content.raw.clone(),
        created_on: act.now,
        updated_on,
        window_from: act.now,
        deleted: false,
        pending: new.pending,
        parent: parent.map(|parent| parent.id),
        inline,
        resolution: None,
        likes: BTreeSet::new(),
    })
}
