//! Where grants are kept.

use std::future::Future;
use std::sync::Arc;

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

/// One store for several users in one process.
impl<G: GrantStore> GrantStore for Arc<G> {
    async fn load(&self, link: &LinkId) -> Result<Option<Versioned>, Error> {
        (**self).load(link).await
    }

    async fn recover(&self, link: &LinkId) -> Result<Option<Versioned>, Error> {
        (**self).recover(link).await
    }

    async fn store(&self, link: &LinkId, expected: Option<&str>, grant: &KeptGrant) -> Result<bool, Error> {
        (**self).store(link, expected, grant).await
    }
}
