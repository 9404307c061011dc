//! The real template on the real emulator: what goes in by HTTP and what comes out at a subscriber.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "test code")]

mod corpus;
mod deliveries;
mod oauth;
mod setup;
mod support;
mod unreported;

use std::process::ExitCode;

use corpus::every_recorded_payload_reaches_the_bus_under_its_own_key;
use deliveries::{
    a_delivery_fifty_times_at_once_is_one_event, bad_input_is_told_what_is_wrong,
    forged_deliveries_are_refused_and_leave_nothing, the_same_delivery_twice_is_one_event,
};
use oauth::fifty_refreshes_at_once_in_two_processes_are_one_call_and_fifty_good_tokens;
use setup::a_person_authorizes_a_link_in_a_browser;
use unreported::{
    a_comment_whose_webhook_was_lost_reaches_the_subscriber,
    a_pull_request_of_which_nothing_was_reported_reaches_the_subscriber,
    what_bitbucket_never_reports_reaches_the_subscriber,
};

fn main() -> ExitCode {
    e2e::suite::run(
        support::stack,
        e2e::stories![
            what_bitbucket_never_reports_reaches_the_subscriber,
            a_comment_whose_webhook_was_lost_reaches_the_subscriber,
            a_pull_request_of_which_nothing_was_reported_reaches_the_subscriber,
            every_recorded_payload_reaches_the_bus_under_its_own_key,
            forged_deliveries_are_refused_and_leave_nothing,
            the_same_delivery_twice_is_one_event,
            a_delivery_fifty_times_at_once_is_one_event,
            bad_input_is_told_what_is_wrong,
            a_person_authorizes_a_link_in_a_browser,
            fifty_refreshes_at_once_in_two_processes_are_one_call_and_fifty_good_tokens,
        ],
    )
}
