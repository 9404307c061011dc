//! The questions that the probe answers, and the assumptions of bitrelay.

/// Settings of the deployment that depend on the answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Setup {
    /// `WindowSeconds`.
    pub window_seconds: u32,
    /// `WindowMarginSeconds`.
    pub margin_seconds: u32,
    /// `GraceSeconds`.
    pub grace_seconds: u32,
}

macro_rules! questions {
    ($( $variant:ident $id:literal $text:literal $assumed:literal; )*) => {
        /// A question about Bitbucket.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Question {
            $( #[doc = $text] $variant, )*
        }

        impl Question {
            /// All questions, in the order of the report.
            pub const ALL: &'static [Self] = &[ $( Self::$variant, )* ];

            /// Its name in JSON.
            pub const fn id(self) -> &'static str {
                match self { $( Self::$variant => $id, )* }
            }

            /// The question in words.
            pub const fn text(self) -> &'static str {
                match self { $( Self::$variant => $text, )* }
            }

            /// The answer that bitrelay assumes.
            pub fn assumed(self, setup: Setup) -> String {
                let text = match self { $( Self::$variant => $assumed, )* };
                text.replace("{window}", &setup.window_seconds.to_string())
                    .replace("{grace}", &setup.grace_seconds.to_string())
            }
        }
    };
}

questions! {
    Signatures "signature_headers" "Which headers sign a webhook?" "x-hub-signature";
    Lag "lag_seconds" "How long do answers lag behind a webhook?" "at most {grace} s";
    TextForm "text_form" "Do webhooks and answers write texts alike?" "either";
    ResendId "resend_keeps_request_id" "Does a resend keep its request id?" "yes";
    Attempts "attempts" "How often is a webhook sent that is answered 500?" "up to 3 times";
    SortByTime "comments_sort_by_time" "Can comments be sorted by time?" "either";
    FilterByTime "comments_filter_by_time" "Can comments be filtered by time?" "not used";
    QueuedState "queued_is_a_state" "Do listings take the state QUEUED?" "either";
    ResolutionShown "webhooks_show_resolutions" "Does the webhook of a resolution show it?" "either";
    ResolutionMoves "resolution_moves_comment" "Does a resolution move the comment's time?" "either";
    DeletedReadable "deleted_comments_stay_readable" "Can a deleted comment still be read?" "either";
    DeletedListed "deleted_comments_stay_listed" "Is a deleted comment still listed?" "either";
    DeletionMoves "deletion_moves_comment" "Does a deletion move the comment's time?" "either";
    TaskWebhooks "task_webhooks" "Which webhooks does a task send?" "none";
    TaskMoves "task_moves_pull_request" "Does a task move the pull request's time?" "either";
    ApprovalsWithdrawn "push_withdraws_approvals" "Does a push withdraw approvals?" "either";
    Window "silent_edit_seconds" "How long are edits of a comment silent?" "{window} s";
    Restart "silent_edit_restarts_window" "Does a silent edit start that time again?" "yes";
    EditMovesComment "silent_edit_moves_comment" "Does a silent edit move the comment's time?" "either";
    EditMovesPullRequest "silent_edit_moves_pull_request" "Does a silent edit move the pull request's time?" "either";
}
