//! The bus: from an event of the log to an entry that EventBridge accepted. The publisher and replays use it.
//!
//! | module | holds |
//! | --- | --- |
//! | [`entry`] | an event as an entry of the bus, and its size |
//! | [`plan`] | packing of entries into requests; pure |
//! | [`event_bridge`] | the trait of the bus, and Amazon EventBridge |
//! | [`publish`](mod@publish) | the rounds of calls, with retries |
//! | [`dead_letter`] | messages about events that are not on the bus |

pub mod dead_letter;
pub mod entry;
mod error;
pub mod event_bridge;
pub mod plan;
pub mod publish;

pub use dead_letter::{DeadLetter, LostBatch, Message};
pub use entry::Entry;
pub use error::Error;
pub use event_bridge::{Bus, EventBridge, Results};
pub use publish::publish;
