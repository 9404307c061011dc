//! Creates, changes and deletes links in Secrets Manager, for people. The functions only read links.

use std::fmt;

use aws_sdk_secretsmanager::error::ProvideErrorMetadata;
use aws_sdk_secretsmanager::types::{Filter, FilterNameStringType};
use relay::LinkId;
use secrecy::SecretString;

use super::secrets::{SERVICE, Secrets};
use crate::Error;
use crate::aws::failure;

/// Largest number of pages in a listing of secrets; a page has up to 100.
const MAX_PAGES: usize = 100;

/// Days in which a deleted link can be restored.
const RECOVERY_DAYS: i64 = 7;

/// A link's document, and the version that a change replaces. It cannot be printed.
pub struct VersionedLink {
    /// The document.
    pub document: SecretString,
    /// The version of its secret.
    pub version: String,
}

impl fmt::Debug for VersionedLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VersionedLink").field("version", &self.version).finish_non_exhaustive()
    }
}

/// The administration of a deployment's links.
#[derive(Debug, Clone)]
pub struct LinkAdmin(Secrets);

impl LinkAdmin {
    /// Uses the secrets whose names begin with `prefix`, such as `bitrelay/link/`. Nothing is sent yet. Every call ends
    /// within 5 seconds.
    pub fn connect(config: &aws_config::SdkConfig, prefix: impl Into<String>) -> Self {
        Self(Secrets::connect(config, prefix))
    }

    /// Returns the ids of all links, without the OAuth grants beside them. A change of the last minutes may be missing
    /// (<https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_ListSecrets.html>).
    ///
    /// # Errors
    ///
    /// The store's errors.
    pub async fn list(&self) -> Result<Vec<LinkId>, Error> {
        self.listed(false).await
    }

    /// Returns the ids of all links, and of those that were deleted and can still be restored.
    ///
    /// # Errors
    ///
    /// The store's errors.
    pub async fn list_with_deleted(&self) -> Result<Vec<LinkId>, Error> {
        self.listed(true).await
    }

    async fn listed(&self, with_deleted: bool) -> Result<Vec<LinkId>, Error> {
        let prefix = self.0.name("");
        let filter = Filter::builder().key(FilterNameStringType::Name).values(&prefix).build();
        let (mut links, mut from) = (Vec::new(), None);
        for _ in 0..MAX_PAGES {
            let page = self.0.client.list_secrets().filters(filter.clone()).max_results(100);
            let page = page.include_planned_deletion(with_deleted);
            let page = page.set_next_token(from).send().await;
            let page = page.map_err(|error| failure(SERVICE, "ListSecrets", &error))?;
            let names = page.secret_list.into_iter().flatten().filter_map(|secret| secret.name);
            // A link's id has no slash, so a grant's name is no id.
            links.extend(names.filter_map(|name| name.strip_prefix(&prefix)?.parse::<LinkId>().ok()));
            from = page.next_token;
            if from.is_none() {
                break;
            }
        }
        links.sort();
        Ok(links)
    }

    /// Creates a link. False if a link of this id exists.
    ///
    /// # Errors
    ///
    /// The store's errors, also while a deleted link of this id can still be restored.
    pub async fn create(&self, link: &LinkId, document: &SecretString) -> Result<bool, Error> {
        let description = "A link of bitrelay to Bitbucket; `bitrelay link` changes it";
        self.0.create(self.0.name(link), description, document).await
    }

    /// Returns a link's document with its version; `None` if the link does not exist.
    ///
    /// # Errors
    ///
    /// [`Error::LinkInvalid`] if it is not text; the store's errors.
    pub async fn load(&self, link: &LinkId) -> Result<Option<VersionedLink>, Error> {
        let Some(answer) = self.0.read(self.0.name(link), None).await? else { return Ok(None) };
        let (Some(text), Some(version)) = (answer.secret_string, answer.version_id) else {
            let reason = "it is binary, not text".to_owned();
            return Err(Error::LinkInvalid { link: link.clone(), reason });
        };
        Ok(Some(VersionedLink { document: text.into(), version }))
    }

    /// Replaces a link's document, if `version` is still its current one. False if somebody has changed it meanwhile: a
    /// change must not undo another one, such as the rotation of a secret. The functions read the document within five
    /// minutes.
    ///
    /// # Errors
    ///
    /// The store's errors.
    pub async fn replace(
        &self,
        link: &LinkId,
        version: &str,
        document: &SecretString,
    ) -> Result<bool, Error> {
        self.0.replace(self.0.name(link), version, document).await
    }

    /// Deletes a link and its OAuth grant. AWS's own tools can restore the link for seven days, unless `at_once`.
    /// They cannot restore the grant: its tokens would work unnoticed.
    ///
    /// # Errors
    ///
    /// The store's errors.
    pub async fn delete(&self, link: &LinkId, at_once: bool) -> Result<(), Error> {
        let grant = self.0.name(format_args!("{link}/grant"));
        self.delete_secret(grant, true).await?;
        self.delete_secret(self.0.name(link), at_once).await
    }

    async fn delete_secret(&self, name: String, at_once: bool) -> Result<(), Error> {
        let request = self.0.client.delete_secret().secret_id(name);
        let request = if at_once {
            request.force_delete_without_recovery(true)
        } else {
            request.recovery_window_in_days(RECOVERY_DAYS)
        };
        match request.send().await {
            Ok(_) => Ok(()),
            Err(error) if error.code() == Some("ResourceNotFoundException") => Ok(()),
            Err(error) => Err(failure(SERVICE, "DeleteSecret", &error)),
        }
    }
}
