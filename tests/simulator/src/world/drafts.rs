//! Reviews that are not published: their comments are pending, and only their author sees them. Bitbucket documents the
//! field `pending` and no call that publishes a review.

use super::outcome::{Done, Outbox, Refusal, SilenceReason};
use super::{Act, World};
use jiff::Timestamp;

impl World {
    /// Publishes the pending comments of an account on a pull request, and returns their ids. Each is reported as new.
    /// The rules decide if they keep the times of their drafts.
    ///
    /// # Errors
    /// [`Refusal::NotFound`], also if there is no pending comment.
    pub fn publish_review(&mut self, act: &Act, id: u64) -> Result<Done<Vec<u64>>, Refusal> {
        let keep_times = self.rules.drafts_keep_times;
        let pull_request = self.pull_request_mut(act.repository, id)?;
        let mut published: Vec<u64> = Vec::new();
        let drafts = pull_request.comments.values_mut();
        for draft in drafts.filter(|comment| comment.pending && comment.user == act.actor) {
            draft.pending = false;
            if !keep_times {
                (draft.created_on, draft.updated_on, draft.window_from) = (act.now, act.now, act.now);
            }
            published.push(draft.id);
        }
        if published.is_empty() {
            return Err(Refusal::not_found(format!("{} has no pending comment here", act.actor.name)));
        }
        let mut outbox = Outbox::default();
        for comment in &published {
            self.after_creation(act, id, *comment, act.now, &mut outbox)?;
        }
        Ok(Done { value: published, outbox })
    }

    /// Edits a pending comment. Nobody else can know.
    pub(super) fn edit_draft(
        &mut self,
        act: &Act,
        id: u64,
        comment_id: u64,
        raw: &str,
    ) -> Result<Done<()>, Refusal> {
        let draft = self.standing_comment(act, id, comment_id)?;
        raw.clone_into(&mut draft.raw);
        draft.updated_on = Timestamp::max(draft.updated_on, act.now);
        draft.window_from = act.now;
        self.silent_on_draft(act, id, "comment_updated")
    }

    /// Discards a pending comment.
    pub(super) fn discard_draft(&mut self, act: &Act, id: u64, comment_id: u64) -> Result<Done<()>, Refusal> {
        self.pull_request_mut(act.repository, id)?.comments.remove(&comment_id);
        self.silent_on_draft(act, id, "comment_deleted")
    }

    fn silent_on_draft(&self, act: &Act, id: u64, what: &'static str) -> Result<Done<()>, Refusal> {
        let mut outbox = Outbox::default();
        self.stay_silent(act, id, what, SilenceReason::UnpublishedReview, &mut outbox)?;
        Ok(Done { value: (), outbox })
    }
}
