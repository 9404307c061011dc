//! Where grants are kept.

use std::future::Future;

use bitbucket::oauth::Grant;
use bitbucket::payload::Account;
use relay::LinkId;

use super::KeptGrant;
use crate::Error;

/// A grant, and which version of what is kept it is.
#[derive(Debug, Clone)]
pub struct Versioned {
    /// The grant.
    pub grant: KeptGrant,
    /// Its version.
    pub version: String,
}

/// Where grants are kept. A new one is stored in two steps: first it is durable beside the old one, then it takes the
/// old one's place, if that is still the one that was read.
pub trait GrantStore: Send + Sync {
    /// The grant that is in place.
    fn load(&self, link: &LinkId) -> impl Future<Output = Result<Option<Versioned>, Error>> + Send;

    /// The same, after a store that was interrupted between its two steps was finished. For the holder of the lease.
    fn recover(&self, link: &LinkId) -> impl Future<Output = Result<Option<Versioned>, Error>> + Send;

    /// Stores a grant. False where what is in place is not `expected` (`None`: nothing is in place). After an error it
    /// may have been stored.
    fn store(
        &self,
        link: &LinkId,
        expected: Option<&str>,
        grant: &KeptGrant,
    ) -> impl Future<Output = Result<bool, Error>> + Send;
}

/// How often a grant is tried to be stored while another one is faster, or the store fails.
const ATTEMPTS: u32 = 4;

/// Stores what a person has just allowed, in place of whatever is there, and gives its generation. No lease is taken: it would
/// only be for economy, and a refresh that is under way is not waited for. The condition on what is in place decides; whoever
/// refreshed the earlier grant meanwhile finds this one.
///
/// # Errors
///
/// The store's; [`Error::Contended`]. After an error it may have been stored.
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
