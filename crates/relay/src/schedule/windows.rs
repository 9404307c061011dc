//! The windows of comments, and the polls that they need.

use jiff::Timestamp;

use super::settings::Settings;
use crate::state::{Comments, Reason, Watch};

/// Returns the watch for the earliest due time.
pub(super) fn soonest(due: Vec<(Timestamp, Reason)>, deadline: Option<Timestamp>) -> Option<Watch> {
    due.into_iter().min().map(|(due_at, reason)| Watch { due_at, reason, deadline })
}

/// The windows of the comments of one pull request or commit.
#[derive(Debug, Clone, Copy)]
pub(super) struct Windows<'s> {
    pub(super) comments: &'s Comments,
    /// Time when the last complete poll began.
    pub(super) polled_at: Option<Timestamp>,
    /// Time of the last activity other than a comment, which a tail follows too.
    pub(super) last_activity_at: Option<Timestamp>,
}

impl Windows<'_> {
    /// True if no complete poll has begun at `at` or later.
    fn is_unseen(&self, at: Timestamp) -> bool {
        self.polled_at.is_none_or(|polled| polled < at)
    }

    /// Times when the windows of the comments close, margin included.
    fn closings(&self, settings: &Settings) -> impl Iterator<Item = Timestamp> {
        let standing = self.comments.values().filter(|comment| !comment.deleted);
        standing.map(|comment| settings.window_closes(comment.changed_at))
    }

    /// Earliest closing time that no complete poll has followed.
    fn closing(&self, settings: &Settings) -> Option<Timestamp> {
        self.closings(settings).filter(|closing| self.is_unseen(*closing)).min()
    }

    /// Deadline of the next poll. A poll inside the window moves it to poll time + window + margin: an edit that it
    /// missed happened later and opened its own window.
    pub(super) fn deadline(&self, settings: &Settings) -> Option<Timestamp> {
        let closing = self.closing(settings)?;
        Some(self.polled_at.map_or(closing, |polled_at| closing.max(settings.window_closes(polled_at))))
    }

    /// Returns the planned polls: one after the first closing time, one while a window is open, and the next check of
    /// the tail.
    pub(super) fn due_polls(&self, now: Timestamp, settings: &Settings) -> Vec<(Timestamp, Reason)> {
        let latest = self.closings(settings).max();
        let last_activity = latest.max(self.last_activity_at.map(|moved| settings.window_closes(moved)));
        let mut due = Vec::new();
        if let Some(due_at) = self.closing(settings) {
            due.push((due_at, Reason::WindowClosed));
        }
        let tail = |closed| settings.tail_checks(closed).filter(|check| self.is_unseen(*check)).min();
        if let Some(due_at) = last_activity.and_then(tail) {
            due.push((due_at, Reason::Tail));
        }
        if latest.is_some_and(|latest| self.is_unseen(latest) && latest > now) {
            let polled_at = self.polled_at.unwrap_or(now);
            let is_fresh = |changed_at: Timestamp| Settings::is_fresh(polled_at, changed_at);
            let any_fresh = self.comments.values().any(|comment| is_fresh(comment.changed_at));
            let reason = if any_fresh { Reason::WindowOpen } else { Reason::WindowQuiet };
            due.push((settings.next_poll(polled_at, any_fresh), reason));
        }
        due
    }
}

/// True if every window, margin included, has ended at `at`.
pub(crate) fn all_windows_closed(comments: &Comments, at: Timestamp, settings: &Settings) -> bool {
    comments.values().all(|comment| settings.window_closes(comment.changed_at) <= at)
}

#[cfg(test)]
mod tests {
    use bitbucket::CommentId;
    use serde_json::json;

    use super::*;
    use crate::testing::at;

    #[test]
    fn window_is_polled_until_it_closes_and_once_after() {
        let settings =
            Settings { window_seconds: 600, margin_seconds: 60, tail_seconds: [0; 3], ..Settings::default() };
        let comment = json!({ "version": 1, "revisions": [], "changed_at": at(0), "deleted": false });
        let comments = [(CommentId(1), serde_json::from_value(comment).unwrap())].into();
        let due = |polled_at: Option<i64>, now: i64| {
            let windows =
                Windows { comments: &comments, polled_at: polled_at.map(at), last_activity_at: None };
            let due = windows.due_polls(at(now), &settings);
            due.into_iter().map(|(due_at, reason)| (due_at.as_second(), reason)).collect::<Vec<_>>()
        };
        let closed = (660, Reason::WindowClosed);
        assert_eq!(due(None, 5), [closed, (20, Reason::WindowOpen)]);
        assert_eq!(due(Some(100), 101), [closed, (115, Reason::WindowOpen)]);
        assert_eq!(due(Some(200), 201), [closed, (230, Reason::WindowQuiet)]);
        assert_eq!(due(Some(640), 659), [closed, (670, Reason::WindowQuiet)]);
        assert_eq!(due(Some(640), 660), [closed]);
        assert_eq!(due(Some(660), 661), []);
    }
}
