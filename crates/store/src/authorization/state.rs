//! The state of an authorization, and the proofs that move it on. No I/O here.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::tokens::Proof;

/// Life of a proof. RFC 6749 wants codes to live for ten minutes at most; a person who has to sign in first needs some
/// of them.
const PROOF_LIFE: SignedDuration = SignedDuration::from_mins(10);

/// The state of a link's authorization.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Authorization {
    /// Number of times that it was stored. The store accepts version n+1 only on top of n.
    pub version: u64,
    /// Time when the expected proof expires. After that nothing of this matters.
    pub until: Timestamp,
    /// The expected proof; none before the first and after the last step.
    #[serde(default)]
    expected: Option<ExpectedProof>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct ExpectedProof {
    kind: ProofKind,
    proof: Proof,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum ProofKind {
    Nonce,
    State,
}

/// The reason that a proof is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    /// No proof of this kind is expected: it was used, or never issued.
    #[error("no authorization is pending (already used, or never issued)")]
    NotPending,
    /// Another proof of this kind is expected.
    #[error("it does not match the pending authorization")]
    Mismatch,
    /// The proof came after its end.
    #[error("it expired; open a new authorization")]
    Expired,
}

/// Returns the time when a proof that is issued now expires.
pub fn expires_at(now: Timestamp) -> Timestamp {
    now.saturating_add(PROOF_LIFE).unwrap_or(Timestamp::MAX)
}

impl Authorization {
    /// Opens it anew, in any state.
    pub(super) fn open(&mut self, nonce: Proof, now: Timestamp) {
        self.expect(ProofKind::Nonce, nonce, now);
    }

    /// Consumes the nonce; the state is expected next.
    pub(super) fn begin(&mut self, nonce: &Proof, state: Proof, now: Timestamp) -> Result<(), ProofError> {
        self.consume(ProofKind::Nonce, nonce, now)?;
        self.expect(ProofKind::State, state, now);
        Ok(())
    }

    /// Consumes the state; nothing more is expected.
    pub(super) fn complete(&mut self, state: &Proof, now: Timestamp) -> Result<(), ProofError> {
        self.consume(ProofKind::State, state, now)?;
        self.version = self.version.saturating_add(1);
        self.expected = None;
        Ok(())
    }

    fn expect(&mut self, kind: ProofKind, proof: Proof, now: Timestamp) {
        self.version = self.version.saturating_add(1);
        self.until = expires_at(now);
        self.expected = Some(ExpectedProof { kind, proof });
    }

    fn consume(&self, kind: ProofKind, proof: &Proof, now: Timestamp) -> Result<(), ProofError> {
        let expected = self.expected.as_ref().filter(|expected| expected.kind == kind);
        let expected = expected.ok_or(ProofError::NotPending)?;
        if !expected.proof.matches(proof) {
            return Err(ProofError::Mismatch);
        }
        if now >= self.until {
            return Err(ProofError::Expired);
        }
        Ok(())
    }
}
