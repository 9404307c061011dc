//! What Bitbucket Cloud says: event keys, webhook payloads, signatures, and the part of its REST API that bitrelay uses.
//!
//! Nothing in here concludes anything: that is `relay`'s work. Payload types are tolerant, because Bitbucket's are not
//! stable: fields come and go, accounts get deleted, old hooks send old shapes. A field that cannot be understood is
//! `None`, never an error.
//!
//! | module | holds |
//! | --- | --- |
//! | [`event_key`] | the names of events, Bitbucket's and ours |
//! | [`delivery`] | one HTTP request from Bitbucket, before and after its signature was checked |
//! | [`signature`] | webhook secrets and HMAC-SHA256 over raw bytes |
//! | [`credential`] | what a link proves itself with to the REST API |
//! | [`payload`] | the tolerant types of what a body or an answer says |
//! | `rate_limit` | what it says of the calls that a credential may make |
//! | [`client`] | the REST client (feature `client`) |
//! | [`oauth`] | how an OAuth consumer gets and renews access tokens (feature `oauth`) |

#[cfg(feature = "client")]
pub mod client;
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
