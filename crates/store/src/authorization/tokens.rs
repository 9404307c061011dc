//! Nonces and states. They travel in addresses and cannot be printed.

use std::fmt;
use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use relay::LinkId;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::Error;

/// 256 bits: nobody guesses one in ten minutes.
const RANDOM_BYTES: usize = 32;
/// Length of the same as text.
const RANDOM_CHARS: usize = 43;

/// Separates a state's link from its random part; no link id contains it.
const SEPARATOR: char = '.';

/// The secret that opens `/start` once.
#[derive(Clone)]
pub struct Nonce(SecretString);

/// The secret that Bitbucket brings back: the link's id and random bytes.
#[derive(Clone)]
pub struct OAuthState {
    link: LinkId,
    text: SecretString,
}

/// The text is no nonce or state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("malformed nonce or state")]
pub struct Malformed;

impl Nonce {
    pub(super) fn random() -> Result<Self, Error> {
        Ok(Self(random()?.into()))
    }

    /// Returns the nonce, for the address of `/start` only.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    pub(super) fn proof(&self) -> Proof {
        Proof::of(&self.0)
    }
}

impl FromStr for Nonce {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        if is_random(text) { Ok(Self(text.into())) } else { Err(Malformed) }
    }
}

impl OAuthState {
    pub(super) fn random(link: &LinkId) -> Result<Self, Error> {
        let text = format!("{link}{SEPARATOR}{}", random()?);
        Ok(Self { link: link.clone(), text: text.into() })
    }

    /// Returns the link that it names. Only [`super::complete`] proves that the link is true.
    pub const fn link(&self) -> &LinkId {
        &self.link
    }

    /// Returns the state, for the address of Bitbucket's page only.
    pub const fn secret(&self) -> &SecretString {
        &self.text
    }

    pub(super) fn proof(&self) -> Proof {
        Proof::of(&self.text)
    }
}

impl FromStr for OAuthState {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        let (link, random) = text.split_once(SEPARATOR).ok_or(Malformed)?;
        if !is_random(random) {
            return Err(Malformed);
        }
        Ok(Self { link: link.parse().map_err(|_| Malformed)?, text: text.into() })
    }
}

impl fmt::Debug for Nonce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Nonce")
    }
}

impl fmt::Debug for OAuthState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OAuthState").field("link", &self.link).finish_non_exhaustive()
    }
}

/// The SHA-256 of a nonce or a state, for the table. It cannot be printed either, though it is no secret.
#[derive(Clone, PartialEq, Eq)]
pub struct Proof([u8; 32]);

impl Proof {
    fn of(secret: &SecretString) -> Self {
        Self(Sha256::digest(secret.expose_secret()).into())
    }

    pub(super) fn matches(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl fmt::Debug for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Proof")
    }
}

impl Serialize for Proof {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&hex::encode(self.0))
    }
}

impl<'de> Deserialize<'de> for Proof {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut proof = [0; 32];
        let text = String::deserialize(deserializer)?;
        hex::decode_to_slice(text, &mut proof).map_err(serde::de::Error::custom)?;
        Ok(Self(proof))
    }
}

fn random() -> Result<String, Error> {
    let mut bytes = [0; RANDOM_BYTES];
    getrandom::fill(&mut bytes).map_err(|error| Error::unavailable(format!("no random bytes: {error}")))?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

fn is_random(text: &str) -> bool {
    text.len() == RANDOM_CHARS && text.bytes().all(|c| c.is_ascii_alphanumeric() || matches!(c, b'-' | b'_'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn acme() -> LinkId {
        "acme".parse().unwrap()
    }

    #[test]
    fn issued_proof_reads_back_and_is_unique() {
        let (one, other) = (Nonce::random().unwrap(), Nonce::random().unwrap());
        assert_ne!(one.expose(), other.expose());
        assert!(one.proof().matches(&one.expose().parse::<Nonce>().unwrap().proof()));
        assert!(!one.proof().matches(&other.proof()));
        let state = OAuthState::random(&acme()).unwrap();
        let back: OAuthState = state.secret().expose_secret().parse().unwrap();
        assert_eq!(back.link(), &acme());
        assert!(state.proof().matches(&back.proof()));
    }

    #[test]
    fn nonce_and_state_are_not_printed() {
        let (nonce, state) = (Nonce::random().unwrap(), OAuthState::random(&acme()).unwrap());
        let printed = format!("{nonce:?} {state:?} {:?}", state.proof());
        assert_eq!(printed, "Nonce OAuthState { link: LinkId(\"acme\"), .. } Proof");
    }

    #[test]
    fn malformed_text_is_refused() {
        let random = "a".repeat(43);
        for bad in ["", "a", &"a".repeat(42), &"a".repeat(44), &"é".repeat(43), &format!("{}=", &random[1..])]
        {
            assert!(bad.parse::<Nonce>().is_err(), "{bad:?}");
            assert!(format!("acme.{bad}").parse::<OAuthState>().is_err(), "{bad:?}");
        }
        for bad in [&random, &format!(".{random}"), &format!("<b>.{random}"), &format!("acme..{random}")] {
            assert!(bad.parse::<OAuthState>().is_err(), "{bad:?}");
        }
    }
}
