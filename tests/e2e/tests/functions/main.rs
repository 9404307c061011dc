//! The functions as binaries, without a gateway: deliveries during an outage of the table, and the publisher under
//! Lambda's rules for streams.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "test code")]

mod outage;
mod publishing;
mod requests;
mod support;

use std::process::ExitCode;

use outage::{table_outage_loses_no_acknowledged_delivery, warm_delivery_costs_one_read_and_one_transaction};
use publishing::{
    bus_outage_delays_events_and_loses_none, entry_refused_inside_a_200_is_published_in_the_end,
    log_is_published_once_and_in_order, malformed_record_is_parked_and_blocks_nothing,
};
use requests::malformed_requests_are_refused_and_end_no_function;

fn main() -> ExitCode {
    e2e::suite::run(
        nothing_shared,
        e2e::stories![
            table_outage_loses_no_acknowledged_delivery,
            warm_delivery_costs_one_read_and_one_transaction,
            log_is_published_once_and_in_order,
            entry_refused_inside_a_200_is_published_in_the_end,
            malformed_record_is_parked_and_blocks_nothing,
            bus_outage_delays_events_and_loses_none,
            malformed_requests_are_refused_and_end_no_function,
        ],
    )
}

/// Each story has its own functions and table.
async fn nothing_shared() {}
