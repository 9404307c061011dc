//! Links: the credentials and webhook secrets of a connection to Bitbucket, one secret of Secrets Manager each.
//!
//! The secret is JSON:
//!
//! ```json
//! {
//! "version": 1,
//! "template": "bitbucket-user-token",
//! "webhook_secrets": [{ "value": "...", "created_at": "2026-11-24T10:00:00Z", "expires_at": null }],
//! "credential": { "type": "basic", "username": "alice@example.com", "password": "..." }
//! }
//! ```
//!
//! `credential` may be missing (the link only receives then), or `{ "type": "bearer", "token": "..." }`, or an OAuth
//! consumer: `{ "type": "client-credentials", "client_id": "...", "client_secret": "..." }`. The same with
//! `"app-oauth"` has its grant in a secret of its own. A link without webhook secrets needs the explicit choice
//! `"unsigned": true`, for deliveries through a proxy that cannot sign. `hooks` may list the hooks of the link
//! (`workspace/slug`, or `workspace`); the command line writes it. `sweep` may list repositories and workspaces, in
//! the same form, to sweep from the beginning without waiting for a webhook. The polls of an unsigned link read only
//! repositories that `hooks` or `sweep` name.

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
mod unknown;

use std::collections::BTreeSet;
use std::future::Future;

use bitbucket::WebhookSecret;
use relay::polling::NamedRepositories;
use relay::{LinkId, SweepTarget, SweepTargets};
use secrecy::SecretString;

pub use admin::{LinkAdmin, VersionedLink};
pub use cache::CachedLinks;
pub use credential::{Flow, LinkCredential, OAuthCredential};
pub use document::LinkDocument;
pub use edit::{LinkEdit, LinkSummary, SecretTimes};
pub use secrets_manager::SecretsManagerLinks;
pub use template::{Given, Part, Template};

use crate::Error;

/// The storage of links.
pub trait LinkSource: Send + Sync {
    /// Returns the stored secret of a link; `None` if the link does not exist.
    fn load(&self, link: &LinkId) -> impl Future<Output = Result<Option<SecretString>, Error>> + Send;
}

/// A link with its secrets at one moment.
#[derive(Debug, Clone)]
pub struct Link {
    /// Its id.
    pub id: LinkId,
    /// The kind of credential, such as `bitbucket-user-token`.
    pub template: String,
    /// The currently valid secrets. Empty only if `unsigned` is true.
    pub webhook_secrets: Vec<WebhookSecret>,
    /// True if the link accepts deliveries without a signature. Anybody who knows the URL can then forge events.
    pub unsigned: bool,
    /// The credential for Bitbucket's API; `None` if the link only receives.
    pub credential: Option<LinkCredential>,
    /// The repositories and workspaces to sweep from the beginning.
    pub sweep: SweepTargets,
    /// The repositories and workspaces in which it has hooks.
    pub hooks: BTreeSet<SweepTarget>,
}

impl Link {
    /// The repositories that its owner named.
    pub fn named(&self) -> NamedRepositories {
        let targets = self.sweep.iter().chain(&self.hooks).cloned().collect();
        NamedRepositories { signed: !self.unsigned, targets }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn link_names_what_it_sweeps_and_where_it_has_hooks() {
        let target = |text: &str| text.parse::<SweepTarget>().unwrap();
        for unsigned in [true, false] {
            let link = Link {
                id: "acme".parse().unwrap(),
                template: String::new(),
                webhook_secrets: Vec::new(),
                unsigned,
                credential: None,
                sweep: BTreeSet::from([target("acme/widgets")]).try_into().unwrap(),
                hooks: BTreeSet::from([target("globex")]),
            };
            let named = link.named();
            assert_eq!(named.signed, !unsigned);
            assert_eq!(named.targets, BTreeSet::from([target("acme/widgets"), target("globex")]));
        }
    }
}
