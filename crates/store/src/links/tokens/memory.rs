//! Grants in memory, for tests.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use relay::LinkId;

use super::{GrantStore, KeptGrant, Versioned};
use crate::Error;

/// The step at which a store fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GrantFault {
    /// Before anything is stored.
    Lost,
    /// After the new grant is durable, before it is current.
    Half,
    /// After it is current; the answer is lost.
    AnswerLost,
}

/// Grants in memory, with the two steps of Secrets Manager. Its clones are the same grants.
#[derive(Debug, Clone, Default)]
pub struct MemoryGrants(Arc<Mutex<Contents>>);

#[derive(Debug, Default)]
struct Contents {
    current: HashMap<LinkId, Versioned>,
    next: HashMap<LinkId, Versioned>,
    faults: VecDeque<GrantFault>,
    versions: u64,
}

impl MemoryGrants {
    /// Makes the next `times` stores fail.
    pub fn inject(&self, fault: GrantFault, times: usize) {
        self.lock().faults.extend(std::iter::repeat_n(fault, times));
    }

    /// Makes no store fail any more.
    pub fn heal(&self) {
        self.lock().faults.clear();
    }

    fn lock(&self) -> MutexGuard<'_, Contents> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Contents {
    fn version(&self, link: &LinkId) -> Option<&str> {
        self.current.get(link).map(|current| current.version.as_str())
    }
}

impl GrantStore for MemoryGrants {
    async fn load(&self, link: &LinkId) -> Result<Option<Versioned>, Error> {
        Ok(self.lock().current.get(link).cloned())
    }

    async fn recover(&self, link: &LinkId) -> Result<Option<Versioned>, Error> {
        let mut contents = self.lock();
        let generation = contents.current.get(link).map_or(0, |current| current.grant.generation);
        let next = contents.next.get(link).filter(|next| next.grant.generation == generation + 1).cloned();
        if let Some(next) = next {
            contents.current.insert(link.clone(), next);
        }
        Ok(contents.current.get(link).cloned())
    }

    async fn store(&self, link: &LinkId, expected: Option<&str>, grant: &KeptGrant) -> Result<bool, Error> {
        let mut contents = self.lock();
        let fault = contents.faults.pop_front();
        if fault == Some(GrantFault::Lost) {
            return Err(Error::unavailable("a fault was injected"));
        }
        contents.versions += 1;
        let new = Versioned { grant: grant.clone(), version: contents.versions.to_string() };
        contents.next.insert(link.clone(), new.clone());
        if fault == Some(GrantFault::Half) {
            return Err(Error::unavailable("a fault was injected"));
        }
        let holds = contents.version(link) == expected;
        if holds {
            contents.current.insert(link.clone(), new);
        }
        if fault == Some(GrantFault::AnswerLost) {
            return Err(Error::unavailable("a fault was injected"));
        }
        Ok(holds)
    }
}
