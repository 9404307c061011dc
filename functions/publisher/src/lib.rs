//! Publishes every event of the log: reads the table's stream and puts its events on the [`bus`].
//!
//! Nothing else publishes new events. Guarantee G7: every event of the log reaches the bus or the dead-letter queue.
//! Each record has one of three outcomes:
//!
//! | outcome | cause | consequence |
//! | --- | --- | --- |
//! | published | the bus accepted the entry | none |
//! | parked | the bus will never accept it, or it blocks its shard while others pass | a dead letter, an alarm |
//! | failed | the bus may accept it later | its sequence number is reported; Lambda resends it |
//!
//! Lambda resends from the *lowest* reported sequence number on
//! (<https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-batchfailurereporting.html>). Records behind a failed
//! one are therefore published again. Delivery is at least once, and subscribers drop duplicates by event id.
//!
//! | module | holds |
//! | --- | --- |
//! | [`record`] | reading of stream records |
//! | [`dead_letters`] | the messages about records that cannot be published |
//! | [`handler`] | the publisher: from a batch of records to their outcomes |
//! | `outcomes` | the outcomes as Lambda's answer and as metrics |

pub mod config;
pub mod dead_letters;
mod error;
pub mod handler;
mod outcomes;
pub mod record;

pub use config::Config;
pub use error::Error;
pub use handler::Publisher;
pub use outcomes::{Delay, Outcome, Outcomes};
