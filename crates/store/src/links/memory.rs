//! Links in memory, for tests.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use relay::LinkId;
use secrecy::SecretString;

use super::LinkSource;
use crate::Error;

/// Links in memory. Its clones are the same links.
#[derive(Debug, Clone, Default)]
pub struct MemoryLinks(Arc<Mutex<Contents>>);

#[derive(Debug, Default)]
struct Contents {
    secrets: BTreeMap<LinkId, String>,
    down: bool,
    loads: usize,
}

impl MemoryLinks {
    /// Adds a link, or changes its secret.
    pub fn set(&self, link: &LinkId, json: impl Into<String>) {
        self.lock().secrets.insert(link.clone(), json.into());
    }

    /// Deletes a link.
    pub fn remove(&self, link: &LinkId) {
        self.lock().secrets.remove(link);
    }

    /// Makes every load fail from now on, or none.
    pub fn set_down(&self, down: bool) {
        self.lock().down = down;
    }

    /// Returns the number of loads, failed ones included.
    pub fn loads(&self) -> usize {
        self.lock().loads
    }

    fn lock(&self) -> MutexGuard<'_, Contents> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl LinkSource for MemoryLinks {
    async fn load(&self, link: &LinkId) -> Result<Option<SecretString>, Error> {
        let mut contents = self.lock();
        contents.loads += 1;
        if contents.down {
            let reason = "a fault was injected".to_owned();
            return Err(Error::Unavailable {
                service: "Secrets Manager",
                operation: "GetSecretValue",
                code: None,
                reason,
            });
        }
        Ok(contents.secrets.get(link).map(|json| SecretString::from(json.as_str())))
    }
}
