//! The measurements. Each acts on the pull request, and looks at webhooks and answers.

mod arrivals;
mod comments;
mod listings;
mod others;
mod window;

use crate::Error;
use crate::bench::Bench;
use crate::question::Question;

/// A measurement. They run in the order of [`Measurement::ALL`]: the lag comes before everything that reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Measurement {
    Signatures,
    Lag,
    Resend,
    Listings,
    Resolution,
    Deletion,
    Tasks,
    Approvals,
    Window,
    Restart,
}

impl Measurement {
    pub(crate) const ALL: [Self; 10] = [
        Self::Signatures,
        Self::Lag,
        Self::Resend,
        Self::Listings,
        Self::Resolution,
        Self::Deletion,
        Self::Tasks,
        Self::Approvals,
        Self::Window,
        Self::Restart,
    ];

    /// The questions that it answers.
    pub(crate) const fn questions(self) -> &'static [Question] {
        match self {
            Self::Signatures => &[Question::Signatures],
            Self::Lag => &[Question::Lag, Question::TextForm],
            Self::Resend => &[Question::ResendId, Question::Attempts],
            Self::Listings => &[Question::SortByTime, Question::FilterByTime, Question::QueuedState],
            Self::Resolution => &[Question::ResolutionShown, Question::ResolutionMoves],
            Self::Deletion => &[Question::DeletedReadable, Question::DeletedListed, Question::DeletionMoves],
            Self::Tasks => &[Question::TaskWebhooks, Question::TaskMoves],
            Self::Approvals => &[Question::ApprovalsWithdrawn],
            Self::Window => &[Question::Window, Question::EditMovesComment, Question::EditMovesPullRequest],
            Self::Restart => &[Question::Restart],
        }
    }

    /// A line of progress.
    pub(crate) const fn progress(self) -> &'static str {
        match self {
            Self::Signatures => "signatures of webhooks",
            Self::Lag => "lag of answers behind webhooks",
            Self::Resend => "resends after an answer of 500, up to 4 minutes",
            Self::Listings => "sorting and filters of listings",
            Self::Resolution => "resolution of a comment",
            Self::Deletion => "deletion of a comment",
            Self::Tasks => "a task",
            Self::Approvals => "an approval and a push",
            Self::Window => "time of silent edits, 13 minutes",
            Self::Restart => "silent edits one after the other, 12 minutes",
        }
    }

    pub(crate) async fn make(self, bench: &Bench<'_>) -> Result<(), Error> {
        match self {
            Self::Signatures => arrivals::signatures(bench).await,
            Self::Lag => arrivals::lag(bench).await,
            Self::Resend => arrivals::resend(bench).await,
            Self::Listings => listings::listings(bench).await,
            Self::Resolution => comments::resolution(bench).await,
            Self::Deletion => comments::deletion(bench).await,
            Self::Tasks => others::tasks(bench).await,
            Self::Approvals => others::approvals(bench).await,
            Self::Window => window::window(bench).await,
            Self::Restart => window::restart(bench).await,
        }
    }
}
