//! What a table must do, told as stories. Each is run against the table in memory, against dynoxide in process (one
//! private database a story), and against MiniStack (one process for all, one table a story).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "test code")]

mod faults;
mod hosts;
mod interleavings;
mod memory_table;
mod reading;
mod secrets;
mod stories;
mod world;

/// Lists the stories once and tells each to every table.
macro_rules! tell {
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

        /// One test, so that one process serves it and is surely stopped when it ends, however it ends.
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn ministack_tells_every_story() {
            let host = crate::hosts::ministack::MiniStack::start().await;
            let mut failed = Vec::new();
            if tokio::spawn(crate::secrets::links_are_read_by_their_name(host.config.clone())).await.is_err() {
                failed.push("secrets::links_are_read_by_their_name");
            }
            if tokio::spawn(crate::secrets::a_grant_takes_the_place_of_the_one_that_was_read(host.config.clone())).await.is_err() {
                failed.push("secrets::a_grant_takes_the_place_of_the_one_that_was_read");
            }
            if tokio::spawn(crate::secrets::links_are_made_changed_listed_and_deleted(host.config.clone())).await.is_err() {
                failed.push("secrets::links_are_made_changed_listed_and_deleted");
            }
            $( $(
                let table = host.table(concat!(stringify!($chapter), "-", stringify!($story))).await;
                let story = crate::stories::$chapter::$story(crate::world::World::of(table));
                if tokio::spawn(story).await.is_err() {
                    failed.push(concat!(stringify!($chapter), "::", stringify!($story)));
                }
            )* )*
            assert!(failed.is_empty(), "stories that failed on MiniStack: {failed:?}");
        }
    };
}

tell! {
    states {
        a_new_subject_is_at_version_0,
        a_committed_state_reads_back,
        a_commit_on_top_of_an_old_version_changes_nothing,
        a_state_too_large_for_an_item_is_refused_in_words,
    }
    log {
        events_read_back_in_order_from_any_place_up_to_a_limit,
        a_payload_reads_back_byte_for_byte,
        a_payload_of_a_mebibyte_that_cannot_be_compressed_reads_back_byte_for_byte,
        a_fact_that_the_state_has_forgotten_is_refused_by_the_table,
        logs_of_different_subjects_and_links_are_apart,
    }
    deliveries {
        nothing_is_written_when_the_delivery_is_known,
        the_same_delivery_twice_is_one_event,
        the_same_delivery_fifty_times_at_once_is_one_event,
        many_deliveries_at_once_are_as_many_events_without_a_gap,
        a_request_id_with_another_body_is_an_alarm_and_is_stored,
        a_resend_under_a_new_request_id_is_known_by_its_body,
        first_attempts_with_equal_bodies_are_two_deliveries,
        a_resend_after_more_than_ten_minutes_is_not_known_by_its_body,
        a_fact_reported_by_two_hooks_is_one_event,
        a_fact_that_the_state_has_forgotten_is_still_one_event,
    }
    polls {
        more_comments_than_fit_one_transaction_are_all_stored_in_order,
        a_poll_that_finds_nothing_moves_the_watch,
        a_poll_of_a_pull_request_that_nothing_is_known_of_stores_nothing,
        a_webhook_that_comes_during_a_poll_is_not_contradicted_by_it,
    }
    watches {
        a_watch_is_due_at_its_time_and_not_before,
        due_watches_come_longest_overdue_first_up_to_a_limit,
        a_watch_that_is_gone_is_not_due,
        a_shard_has_the_watches_of_its_links_and_no_others,
    }
    heads {
        a_commit_finds_the_open_pull_requests_that_have_it_as_their_head,
        a_push_moves_the_head_and_a_merge_ends_it,
    }
    budgets {
        what_was_reserved_is_known_to_whoever_asks_next,
        a_budget_is_stored_on_top_of_the_one_that_was_read_only,
        two_spenders_at_once_never_spend_more_than_there_is,
        what_bitbucket_names_holds_for_whoever_asks_next,
        a_block_holds_for_whoever_asks_next,
    }
    authorizations {
        a_nonce_and_then_a_state_work_once_each,
        a_nonce_brought_fifty_times_at_once_works_once,
        what_comes_after_ten_minutes_comes_too_late,
        what_is_another_links_or_made_up_is_not_taken_and_ends_nothing,
        opening_another_authorization_ends_the_one_before,
    }
    leases {
        a_lease_has_one_holder_who_may_extend_it,
        a_lease_that_ran_out_goes_to_the_next,
        only_its_holder_gives_a_lease_back,
    }
}
