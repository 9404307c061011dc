//! What is waited for, and what a proof does to it. No I/O here.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::Proof;

/// How long a proof is waited for. RFC 6749 wants codes to live for ten minutes at most; a person who has to sign in
/// first needs some of them.
const WAIT: SignedDuration = SignedDuration::from_mins(10);

/// Where an authorization stands.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Authorization {
    /// How often it was stored. The store accepts version n+1 only on top of n.
    pub version: u64,
    /// How long something is waited for. After that nothing of this matters.
    pub until: Timestamp,
    /// What is waited for; nothing before the first and after the last step.
    #[serde(default)]
    awaited: Option<Awaited>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Awaited {
    what: What,
    proof: Proof,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum What {
    Nonce,
    State,
}

/// Why a proof is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Nothing like it is waited for: it was used, or never given.
    #[error("nothing like it is waited for")]
    NotAwaited,
    /// Something like it is waited for, and this is not it.
    #[error("it is not what is waited for")]
    Mismatch,
    /// It came too late.
    #[error("it came too late")]
    Expired,
}

/// How long a proof that is given now is waited for.
pub fn waits_until(now: Timestamp) -> Timestamp {
    now.saturating_add(WAIT).unwrap_or(Timestamp::MAX)
}

impl Authorization {
    /// Opened anew, whatever was before.
    pub(super) fn opened(&self, nonce: Proof, now: Timestamp) -> Self {
        self.waiting(What::Nonce, nonce, now)
    }

    /// The nonce was brought; the state is waited for.
    pub(super) fn begun(&self, nonce: &Proof, state: Proof, now: Timestamp) -> Result<Self, Refusal> {
        self.takes(What::Nonce, nonce, now)?;
        Ok(self.waiting(What::State, state, now))
    }

    /// The state was brought; nothing more is waited for.
    pub(super) fn completed(&self, state: &Proof, now: Timestamp) -> Result<Self, Refusal> {
        self.takes(What::State, state, now)?;
        Ok(Self { version: self.version.saturating_add(1), until: self.until, awaited: None })
    }

    fn waiting(&self, what: What, proof: Proof, now: Timestamp) -> Self {
        let until = waits_until(now);
        Self { version: self.version.saturating_add(1), until, awaited: Some(Awaited { what, proof }) }
    }

    fn takes(&self, what: What, proof: &Proof, now: Timestamp) -> Result<(), Refusal> {
        let awaited = self.awaited.as_ref().filter(|awaited| awaited.what == what);
        let awaited = awaited.ok_or(Refusal::NotAwaited)?;
        if !awaited.proof.matches(proof) {
            return Err(Refusal::Mismatch);
        }
        if now >= self.until {
            return Err(Refusal::Expired);
        }
        Ok(())
    }
}
