//! Authorizations that are under way: from the command that opens one, over a person's browser, to Bitbucket's answer.
//!
//! An authorization has two proofs, one after the other. Whoever may write the table opens it and gets a [`Nonce`], which
//! the browser brings to `/start`. That uses the nonce up and gives an [`OAuthState`], which goes to Bitbucket and comes
//! back to `/callback` (RFC 6749, section 10.12). Each works once and for ten minutes, of each only the SHA-256 is stored,
//! and each is compared in constant time.
//!
//! There is one item a link: who opens another one ends the one before.

mod state;
mod tokens;

use jiff::{SignedDuration, Timestamp};
use relay::LinkId;

use crate::Error;
use crate::codec::keys;
use crate::document::{self, Document, Documents, Stored};

pub use state::{Authorization, ProofError, expires_at};
pub use tokens::{Malformed, Nonce, OAuthState, Proof};

/// How often in a row another one may be faster on the same link.
const MAX_ATTEMPTS: u32 = 4;

/// Time that an authorization is kept after its end, so that no version is counted from 1 again while somebody still
/// works on the document that was read.
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

/// Why an authorization does not go on. No message holds a nonce or a state.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AuthorizationError {
    /// What was brought is not what is waited for. Why is for the log; a stranger is told no difference.
    #[error("the authorization was refused: {0}")]
    Refused(#[from] ProofError),
    /// The table failed. The proof may have been used up.
    #[error(transparent)]
    Store(#[from] Error),
}

/// Opens an authorization of a link, in place of any before it. The nonce belongs into the address of `/start`.
///
/// # Errors
///
/// The table's; [`Error::Contended`] where others kept opening.
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

/// Uses a nonce up. The state belongs into the address of Bitbucket's page.
///
/// # Errors
///
/// [`AuthorizationError::Refused`] for a nonce that is not this link's, was used, or is too old.
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

/// Uses a state up. It tells which link it is of.
///
/// # Errors
///
/// [`AuthorizationError::Refused`] for a state that was never given, was used, or is too old.
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
