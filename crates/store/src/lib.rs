//! The table and the links: everything that bitrelay stores.
//!
//! | module | holds |
//! | --- | --- |
//! | [`table`] | the table's traits: the log of a subject, leases, versioned documents |
//! | [`delivery`] | accepts deliveries: folds each at once, or keeps it to be folded soon |
//! | [`record`] | stores an observation: read, fold, commit; again if another writer was faster |
//! | [`codec`] | states, events and markers as items of the table |
//! | [`dynamodb`] | the table in DynamoDB |
//! | [`reading`] | reading the log for people, by link and time: filters, pages, and live |
//! | [`links`] | credentials and webhook secrets, in Secrets Manager |
//! | [`budget`] | reserves and spends an account's API calls |
//! | [`authorization`] | nonces and states, while a person authorizes an OAuth consumer |
//! | [`shard`] | the partitions that all links are spread over |
//! | [`clock`] | the source of the current time |
//! | [`units`] | write units of what the table in memory stores (feature `memory`) |
//! | [`memory`] | table and links in memory, with faults on demand, for tests (feature `memory`) |

pub mod authorization;
mod aws;
pub mod budget;
pub mod clock;
pub mod codec;
mod commit;
pub mod delivery;
mod document;
pub mod dynamodb;
mod error;
mod kept;
pub mod links;
#[cfg(feature = "memory")]
pub mod memory;
pub mod reading;
pub mod record;
pub mod restore;
mod retention;
pub mod shard;
pub mod table;
mod transaction;
#[cfg(feature = "memory")]
pub mod units;

pub use authorization::open_authorization;
pub use aws::error_code;
pub use clock::{Clock, SystemClock};
pub use codec::{DueWatch, StoredEvent, event_from_item, sha256_hex};
pub use commit::{Commit, CommitError, DeliveryMark};
pub use delivery::{KeptOutcome, Received};
pub use document::{Document, Documents};
pub use dynamodb::DynamoTable;
pub use error::{Error, NO_CREDENTIALS};
pub use kept::{KeptDelivery, KeptKey};
pub use links::{CachedLinks, Link, LinkSource, SecretsManagerLinks};
pub use record::{Recorded, Recorder};
pub use retention::Retention;
pub use shard::Shard;
pub use table::{Leases, SubjectLog, Table};
