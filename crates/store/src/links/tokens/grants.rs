//! The storage of grants.

use std::future::Future;

use bitbucket::oauth::Grant;
use bitbucket::payload::Account;
use relay::LinkId;

use super::KeptGrant;
use crate::Error;

/// A grant with the version of its secret.
#[derive(Debug, Clone)]
pub struct Versioned {
    /// The grant.
    pub grant: KeptGrant,
    /// Its version.
    pub version: String,
}

/// The storage of grants. A new grant is stored in two steps: first it is durable beside the current one, then it
/// replaces it, if that is still the grant that was read.
pub trait GrantStore: Send + Sync {
    /// Returns the current grant.
    fn load(&self, link: &LinkId) -> impl Future<Output = Result<Option<Versioned>, Error>> + Send;

    /// Finishes a store that was interrupted between its two steps, and returns the current grant. Only the holder of
    /// the lease calls this.
    fn recover(&self, link: &LinkId) -> impl Future<Output = Result<Option<Versioned>, Error>> + Send;

    /// Stores a grant. False if the current version is not `expected` (`None`: no grant is stored). After an error it
    /// may have been stored.
    fn store(
        &self,
        link: &LinkId,
        expected: Option<&str>,
        grant: &KeptGrant,
    ) -> impl Future<Output = Result<bool, Error>> + Send;
}

/// Number of attempts to store a grant while other writers are faster, or the store fails.
const ATTEMPTS: u32 = 4;

/// Stores the grant that a person has just authorized, in place of any other, and returns its generation.
///
/// It takes no lease: that would be for economy only, and it must not wait for a running refresh. The condition on the
/// current version decides. A process that refreshed the earlier grant meanwhile finds this one.
///
/// # Errors
///
/// The store's errors; [`Error::Contended`]. After an error the grant may have been stored.
pub async fn authorized<G: GrantStore>(
    grants: &G,
    link: &LinkId,
    client_id: &str,
    grant: &Grant,
    account: &Account,
) -> Result<u64, Error> {
    let mut failure = Error::Contended { attempts: ATTEMPTS };
    for _ in 0..ATTEMPTS {
        let stored = async {
            let before = grants.load(link).await?;
            let (earlier, version) = before.map(|kept| (kept.grant, kept.version)).unzip();
            let kept = KeptGrant::authorized(earlier.as_ref(), client_id, grant.clone(), account.clone());
            let stored = grants.store(link, version.as_deref(), &kept).await?;
            Ok::<_, Error>(stored.then_some(kept.generation))
        };
        match stored.await {
            Ok(Some(generation)) => return Ok(generation),
            Ok(None) => {}
            Err(error) if !error.retryable() => return Err(error),
            Err(error) => failure = error,
        }
    }
    Err(failure)
}
