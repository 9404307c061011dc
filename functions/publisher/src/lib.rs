//! Puts every event of the log on the bus: the table's stream in, `PutEvents` out.
//!
//! Nothing else publishes. What this function promises (G7): every event of the log reaches `PutEvents` successfully or
//! the dead-letter queue; never neither. How each record ends:
//!
//! | outcome | when | what happens next |
//! | --- | --- | --- |
//! | published | the bus took it | nothing |
//! | parked | it can never be taken, or it holds its shard up while others pass | a message in the dead-letter queue, an alarm |
//! | failed | it may be taken later | its sequence number is reported; Lambda sends it again |
//!
//! Lambda sends again from the *lowest* reported sequence number on
//! (<https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-batchfailurereporting.html>), so records behind a failed
//! one are published again: at least once, and subscribers drop what they know by the event's id.
//!
//! | module | holds |
//! | --- | --- |
//! | [`record`] | a record of the stream, read one by one so that a bad one spoils only itself |
//! | [`entry`] | the entry of the bus that an event becomes, and its size |
//! | [`plan`] | packing entries into requests; pure |
//! | [`bus`], [`dead_letters`] | the ports, each with its AWS implementation |
//! | [`publish`] | the rounds of calls |
//! | [`handler`] | records in, outcomes out |

pub mod bus;
pub mod config;
pub mod dead_letters;
pub mod entry;
mod error;
pub mod handler;
pub mod plan;
pub mod publish;
pub mod record;

pub use config::Config;
pub use error::Error;
pub use handler::{Outcome, Outcomes, Publisher};
