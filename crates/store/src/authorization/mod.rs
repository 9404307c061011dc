//! Pending authorizations: from the command that opens one, through a person's browser, to Bitbucket's answer.
//!
//! An authorization needs two proofs, one after the other. The command line opens it and gets a [`Nonce`], which the
//! browser brings to `/start`. That consumes the nonce and issues an [`OAuthState`], which goes to Bitbucket and comes
//! back to `/callback` (RFC 6749, section 10.12). Each works once and for ten minutes. Only its SHA-256 is stored, and
//! it is compared in constant time.
//!
//! Each link has one item: a new authorization ends the previous one.

mod state;
mod tokens;

use jiff::{SignedDuration, Timestamp};
use relay::LinkId;

use crate::Error;
use crate::codec::keys;
use crate::document::{self, Document, Documents, Stored};

pub use state::{Authorization, ProofError, expires_at};
pub use tokens::{Malformed, Nonce, OAuthState, Proof};

/// Number of attempts while other writers are faster on the same link.
const MAX_ATTEMPTS: u32 = 4;

/// Time that an authorization is kept after its end. Versions must not restart at 1 while another process still works
/// on the document that it read.
const KEPT: SignedDuration = SignedDuration::from_mins(10);

impl Document for Authorization {
    type Key = LinkId;
}

impl Stored for Authorization {
    const KIND: &'static str = "authorization";

    fn pk(link: &LinkId) -> String {
        keys::authorization(link)
    }

    fn version(&self) -> u64 {
        self.version
    }

    fn expires_at(&self) -> Timestamp {
        self.until.saturating_add(KEPT).unwrap_or(Timestamp::MAX)
    }
}

/// The reason that an authorization failed. No message holds a nonce or a state.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AuthorizationError {
    /// The proof was refused. The reason is for the log only; the page shows the same text for every reason.
    #[error("the authorization was refused: {0}")]
    Refused(#[from] ProofError),
    /// The table failed. The proof may have been consumed.
    #[error(transparent)]
    Store(#[from] Error),
}

/// Opens an authorization of a link, in place of any before it. Returns the nonce for the address of `/start`.
///
/// # Errors
///
/// The table's errors; [`Error::Contended`] if other writers were faster.
pub async fn open_authorization<T: Documents>(
    table: &T,
    link: &LinkId,
    now: Timestamp,
) -> Result<Nonce, Error> {
    let nonce = Nonce::random()?;
    let open = |document: &mut Authorization| {
        document.open(nonce.proof(), now);
        Ok::<_, Error>(())
    };
    document::update(table, link, MAX_ATTEMPTS, open).await?;
    Ok(nonce)
}

/// Consumes a nonce. Returns the state for the address of Bitbucket's page.
///
/// # Errors
///
/// [`AuthorizationError::Refused`] for a nonce of another link, or one that was used or expired.
pub async fn begin<T: Documents>(
    table: &T,
    link: &LinkId,
    nonce: &Nonce,
    now: Timestamp,
) -> Result<OAuthState, AuthorizationError> {
    let state = OAuthState::random(link)?;
    let begin = |document: &mut Authorization| {
        Ok::<_, AuthorizationError>(document.begin(&nonce.proof(), state.proof(), now)?)
    };
    document::update(table, link, MAX_ATTEMPTS, begin).await?;
    Ok(state)
}

/// Consumes a state. Returns its link.
///
/// # Errors
///
/// [`AuthorizationError::Refused`] for a state that was never issued, or one that was used or expired.
pub async fn complete<T: Documents>(
    table: &T,
    state: &OAuthState,
    now: Timestamp,
) -> Result<LinkId, AuthorizationError> {
    let complete =
        |document: &mut Authorization| Ok::<_, AuthorizationError>(document.complete(&state.proof(), now)?);
    document::update(table, state.link(), MAX_ATTEMPTS, complete).await?;
    Ok(state.link().clone())
}
