//! Formats and API of Bitbucket Cloud: event keys, webhook payloads, signatures, and the part of the REST API that
//! bitrelay uses.
//!
//! This crate decides nothing; `relay` does. Payload types are tolerant, because Bitbucket's formats are not stable:
//! fields come and go, accounts get deleted, old hooks send old formats. A field of an unexpected type is `None`, never
//! an error.
//!
//! | module | holds |
//! | --- | --- |
//! | [`event_key`] | names of events, Bitbucket's and ours |
//! | [`delivery`] | one webhook request, before and after its signature was verified |
//! | [`signature`] | webhook secrets and HMAC-SHA256 over raw bytes |
//! | [`credential`] | credentials for the REST API |
//! | [`payload`] | tolerant types for the JSON of webhooks and answers |
//! | `rate_limit` | the hourly limit of calls that Bitbucket reports |
//! | [`client`] | the REST client (feature `client`) |
//! | [`oauth`] | access tokens of OAuth consumers (feature `oauth`) |

#[cfg(feature = "client")]
pub mod client;
mod commit_status;
pub mod credential;
pub mod delivery;
mod error;
pub mod event_key;
mod ids;
mod lenient;
#[cfg(feature = "oauth")]
pub mod oauth;
pub mod payload;
mod rate_limit;
pub mod signature;

pub use credential::Credential;
pub use delivery::{Delivery, VerifiedDelivery};
pub use error::{Category, Error};
pub use event_key::EventKey;
pub use ids::{CommentId, HookUuid, PullRequestId, RepositoryId, RequestUuid, TaskId};
pub use payload::Payload;
pub use rate_limit::RateLimit;
pub use signature::WebhookSecret;
