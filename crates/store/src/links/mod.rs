//! Links: the credentials and webhook secrets of a connection to Bitbucket, one secret of Secrets Manager each.
//!
//! The secret is JSON:
//!
//! ```json
//! {
//!   "version": 1,
//!   "template": "bitbucket-user-token",
//!   "webhook_secrets": [{ "value": "...", "created_at": "2026-11-24T10:00:00Z", "expires_at": null }],
//!   "credential": { "type": "basic", "username": "alice@example.com", "password": "..." }
//! }
//! ```
//!
//! `credential` may be missing (then nothing is polled) or `{ "type": "bearer", "token": "..." }`, or an OAuth consumer:
//! `{ "type": "client-credentials", "client_id": "...", "client_secret": "..." }`, and the same with `"app-oauth"`, whose
//! grant is kept apart in a secret of its own. A link without
//! webhook secrets is possible only with `"unsigned": true`: a loud choice, for those who fan out through a proxy that
//! cannot sign. `hooks` may list where the link has its hooks (`workspace/slug`, or `workspace`); only the command line reads it.
//! `sweep` may list what is swept from the beginning, without waiting for a webhook, in the same words.

mod admin;
mod cache;
mod credential;
mod document;
mod edit;
#[cfg(feature = "memory")]
pub(crate) mod memory;
mod secrets;
mod secrets_manager;
mod template;
#[cfg(feature = "oauth")]
pub mod tokens;

use std::future::Future;

use bitbucket::WebhookSecret;
use relay::{LinkId, SweepTargets};
use secrecy::SecretString;

pub use admin::LinkAdmin;
pub use cache::CachedLinks;
pub use credential::{Flow, LinkCredential, OAuthCredential};
pub use document::LinkDocument;
pub use edit::{LinkEdit, LinkSummary, SecretTimes};
pub use secrets_manager::SecretsManagerLinks;
pub use template::{Given, Part, Template};

use crate::Error;

/// Where links are kept.
pub trait LinkSource: Send + Sync {
    /// The secret of a link as it is kept; `None` where there is no such link.
    fn load(&self, link: &LinkId) -> impl Future<Output = Result<Option<SecretString>, Error>> + Send;
}

/// A link, as it is at one moment.
#[derive(Debug, Clone)]
pub struct Link {
    /// Its id.
    pub id: LinkId,
    /// The kind of credential, such as `bitbucket-user-token`.
    pub template: String,
    /// The secrets that are valid now. Empty only where `unsigned` is true.
    pub webhook_secrets: Vec<WebhookSecret>,
    /// Whether deliveries are taken without a signature. Anybody who knows the URL can then forge events.
    pub unsigned: bool,
    /// What to call Bitbucket's API with; `None` where the link only receives.
    pub credential: Option<LinkCredential>,
    /// What is swept from the beginning.
    pub sweep: SweepTargets,
}
