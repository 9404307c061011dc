//! The functions as binaries, without a gateway: what they do when the table goes away, and how the publisher keeps its
//! promises by Lambda's rules for streams.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "test code")]

mod outage;
mod publishing;
mod support;

use std::process::ExitCode;

use outage::{
    a_table_that_goes_away_loses_nothing_that_was_acknowledged,
    a_warm_delivery_costs_one_read_and_one_transaction,
};
use publishing::{
    a_bus_that_is_down_delays_events_and_loses_none, a_poison_record_is_parked_and_blocks_nothing,
    an_entry_refused_inside_a_200_is_published_in_the_end,
    every_event_of_the_log_is_published_once_and_in_order,
};

fn main() -> ExitCode {
    e2e::suite::run(
        nothing_shared,
        e2e::stories![
            a_table_that_goes_away_loses_nothing_that_was_acknowledged,
            a_warm_delivery_costs_one_read_and_one_transaction,
            every_event_of_the_log_is_published_once_and_in_order,
            an_entry_refused_inside_a_200_is_published_in_the_end,
            a_poison_record_is_parked_and_blocks_nothing,
            a_bus_that_is_down_delays_events_and_loses_none,
        ],
    )
}

/// Each story has functions and a table of its own.
async fn nothing_shared() {}
