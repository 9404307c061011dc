//! The template on an emulator of AWS: deliveries go in over HTTP, events come out at a subscriber.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "test code")]

mod console;
mod corpus;
mod deliveries;
mod oauth;
mod refusals;
mod setup;
mod support;
mod unreported;

use std::process::ExitCode;

use console::console_shows_a_silent_edit_and_new_events;
use corpus::recorded_payload_reaches_the_bus_under_its_key;
use deliveries::{
    bad_input_is_answered_with_the_reason, delivery_sent_fifty_times_at_once_is_one_event,
    forged_delivery_is_refused_and_stores_nothing, genuine_body_under_a_false_key_concludes_nothing,
    same_delivery_twice_is_one_event, two_hundred_deliveries_at_once_are_all_published,
};
use oauth::fifty_refreshes_in_two_processes_make_one_call;
use refusals::edits_after_wrong_refusals_reach_the_subscriber;
use setup::person_authorizes_a_link_in_a_browser;
use unreported::{
    comment_with_a_lost_webhook_reaches_the_subscriber, unreported_changes_reach_the_subscriber,
    unreported_pull_request_reaches_the_subscriber,
};

fn main() -> ExitCode {
    e2e::suite::run(
        support::stack,
        e2e::stories![
            unreported_changes_reach_the_subscriber,
            comment_with_a_lost_webhook_reaches_the_subscriber,
            unreported_pull_request_reaches_the_subscriber,
            edits_after_wrong_refusals_reach_the_subscriber,
            recorded_payload_reaches_the_bus_under_its_key,
            forged_delivery_is_refused_and_stores_nothing,
            genuine_body_under_a_false_key_concludes_nothing,
            same_delivery_twice_is_one_event,
            delivery_sent_fifty_times_at_once_is_one_event,
            two_hundred_deliveries_at_once_are_all_published,
            bad_input_is_answered_with_the_reason,
            person_authorizes_a_link_in_a_browser,
            fifty_refreshes_in_two_processes_make_one_call,
            console_shows_a_silent_edit_and_new_events,
        ],
    )
}
