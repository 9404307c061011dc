//! The contract of a table, as stories. Each runs against the table in memory, against dynoxide in process (one
//! private database per story), and against MiniStack and Amazon's DynamoDB Local (one process each for all, one table
//! per story).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "test code")]

mod capacity;
mod faults;
mod hosts;
mod interleavings;
mod memory_table;
mod reading;
mod refusals;
mod restore;
mod secrets;
mod stories;
mod world;

/// Lists the stories once and runs each against every table.
macro_rules! stories {
    ($( $chapter:ident { $( $story:ident, )* } )*) => {
        mod memory {
            $( mod $chapter { $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $story() {
                    crate::stories::$chapter::$story(crate::world::World::of(store::memory::MemoryTable::default())).await;
                }
            )* } )*
        }

        mod dynoxide {
            $( mod $chapter { $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $story() {
                    let table = crate::hosts::dynoxide::start().await;
                    crate::stories::$chapter::$story(crate::world::World::of(table)).await;
                }
            )* } )*
        }

        /// One test, so that one process serves all stories and surely stops with the test.
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn ministack_passes_every_story() {
            let host = crate::hosts::ministack::MiniStack::start().await;
            assert_eq!(crate::capacity::reported(&host.config).await, crate::capacity::BILLED);
            let mut failed = Vec::new();
            $( $(
                let table = host.table(concat!(stringify!($chapter), "-", stringify!($story))).await;
                if started(table, |world| crate::stories::$chapter::$story(world)).await.is_err() {
                    failed.push(concat!(stringify!($chapter), "::", stringify!($story)));
                }
            )* )*
            assert!(failed.is_empty(), "stories that failed on MiniStack: {failed:?}");
        }

        /// Passes without Java, with the reason printed.
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn dynamodb_local_passes_every_story() {
            let host = match crate::hosts::dynamodb_local::DynamoDbLocal::start().await {
                Ok(host) => host,
                Err(reason) => return left_out("dynamodb_local_passes_every_story", &reason),
            };
            let (written, read) = crate::capacity::BILLED;
            assert_eq!(crate::capacity::reported(&host.config).await, (2.0 * written, read));
            let mut failed = Vec::new();
            $( $(
                let table = host.table(concat!(stringify!($chapter), "-", stringify!($story))).await;
                if started(table, |world| crate::stories::$chapter::$story(world)).await.is_err() {
                    failed.push(concat!(stringify!($chapter), "::", stringify!($story)));
                }
            )* )*
            assert!(failed.is_empty(), "stories that failed on DynamoDB Local: {failed:?}");
        }
    };
}

/// Starts a story. A function of its own keeps its future off the stack of the test, which has one for each story.
fn started<T, F>(table: T, story: impl FnOnce(crate::world::World<T>) -> F) -> tokio::task::JoinHandle<()>
where
    T: store::SubjectLog,
    F: Future<Output = ()> + Send + 'static,
{
    tokio::spawn(story(crate::world::World::of(table)))
}

/// Prints the reason beside the test's name. The test harness hides what a test that passes prints with `println!`.
fn left_out(test: &str, reason: &str) {
    use std::io::Write;
    std::io::stderr().write_all(format!("test {test} ... LEFT OUT: {reason}\n").as_bytes()).unwrap();
}

stories! {
    states {
        new_subject_is_at_version_0,
        committed_state_reads_back,
        commit_on_old_version_changes_nothing,
        too_large_state_is_refused,
        state_with_an_impossible_sequence_is_an_error,
    }
    log {
        events_read_back_in_order_from_any_sequence,
        payload_reads_back_byte_for_byte,
        incompressible_mebibyte_reads_back_byte_for_byte,
        fact_forgotten_by_state_is_refused_by_table,
        logs_of_subjects_and_links_are_separate,
    }
    deliveries {
        known_delivery_writes_nothing,
        same_delivery_twice_is_one_event,
        same_delivery_fifty_times_at_once_is_one_event,
        concurrent_deliveries_leave_no_gap,
        reused_request_id_loses_nothing,
        resend_with_new_request_id_is_known_by_body,
        first_attempts_with_equal_bodies_are_two_deliveries,
        resend_after_ten_minutes_is_not_known_by_body,
        fact_reported_by_two_hooks_is_one_event,
        fact_forgotten_by_state_is_one_event,
    }
    kept {
        delivery_that_cannot_be_folded_is_kept_and_folded_later,
        kept_delivery_is_folded_once_by_two_pollers,
        kept_delivery_without_a_signature_stays_unsigned,
        delivery_that_still_cannot_be_folded_stays_kept,
        resend_of_a_kept_delivery_is_one_event,
        kept_build_reaches_its_pull_request,
        shard_has_only_the_kept_deliveries_of_its_links,
    }
    polls {
        comments_beyond_one_transaction_are_stored_in_order,
        poll_without_changes_moves_the_watch,
        poll_of_unknown_pull_request_stores_nothing,
        poll_does_not_contradict_a_webhook_during_it,
    }
    limits {
        events_flow_with_ten_thousand_comments,
        events_flow_with_fourteen_thousand_tasks,
        replays_under_long_hook_ids_are_stored,
        seventeen_large_comments_are_stored_in_parts,
        comment_of_over_a_mebibyte_is_stored_with_a_note,
        five_hundred_reviews_are_stored_in_parts,
    }
    watches {
        watch_is_due_at_its_time_and_not_before,
        longest_overdue_watches_come_first,
        patient_watches_hide_no_other,
        forged_watches_hide_no_other,
        removed_watch_is_not_due,
        postponed_watch_is_due_later,
        shard_has_only_the_watches_of_its_links,
    }
    heads {
        commit_finds_open_pull_requests_by_head,
        push_moves_the_head_and_merge_ends_it,
    }
    budgets {
        reserved_calls_are_visible_to_the_next_spender,
        budget_is_stored_only_on_the_one_that_was_read,
        two_spenders_never_exceed_the_limit,
        slower_spender_gets_what_is_left,
        reported_limit_holds_for_the_next_spender,
        block_holds_for_the_next_spender,
    }
    authorizations {
        nonce_and_state_work_once_each,
        nonce_used_fifty_times_at_once_works_once,
        proof_expires_after_ten_minutes,
        foreign_or_forged_proof_is_refused_and_ends_nothing,
        new_authorization_ends_the_previous_one,
    }
    leases {
        lease_has_one_holder_who_may_extend_it,
        expired_lease_goes_to_the_next_holder,
        only_its_holder_releases_a_lease,
    }
}
