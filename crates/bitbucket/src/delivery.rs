//! One HTTP request from Bitbucket, before and after its signature was checked.

use bytes::Bytes;

use crate::payload::Payload;
use crate::signature::{self, Signature, WebhookSecret};
use crate::{Error, EventKey, HookUuid, RequestUuid};

/// A delivery as it came in: nothing of it is believed, no byte of the body is parsed.
#[derive(Clone, Default)]
pub struct Delivery {
    /// `X-Event-Key`.
    pub event_key: Option<String>,
    /// `X-Hook-UUID`.
    pub hook: Option<HookUuid>,
    /// `X-Request-UUID`.
    pub request: Option<RequestUuid>,
    /// `X-Attempt-Number`, 1 where it is missing.
    pub attempt: Option<u32>,
    /// All values of `X-Hub-Signature`, raw.
    pub signatures: Vec<Vec<u8>>,
    /// The body, byte for byte (after the gateway's base64 was taken off, if there was one).
    pub body: Bytes,
}

impl std::fmt::Debug for Delivery {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Delivery")
            .field("event_key", &self.event_key)
            .field("hook", &self.hook)
            .field("request", &self.request)
            .field("attempt", &self.attempt)
            .field("body_bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}

impl Delivery {
    /// Checks the signature against every secret that is valid now. This and [`Delivery::accept_unsigned`] are the only
    /// ways to a [`VerifiedDelivery`].
    ///
    /// # Errors
    ///
    /// [`Error::SignatureMissing`], [`Error::SignatureMalformed`], [`Error::SignatureMismatch`].
    pub fn verify(self, secrets: &[WebhookSecret]) -> Result<VerifiedDelivery, Error> {
        let signature = Signature::parse(&self.signatures)?;
        signature::verify(&self.body, &signature, secrets)?;
        Ok(VerifiedDelivery(self))
    }

    /// Takes a delivery of a link that was explicitly made without a secret. Anybody who knows its URL can forge
    /// events; the caller must have read that choice from the link itself and must say so loudly.
    pub fn accept_unsigned(self) -> VerifiedDelivery {
        VerifiedDelivery(self)
    }
}

/// A delivery whose sender is known.
#[derive(Debug, Clone)]
pub struct VerifiedDelivery(Delivery);

impl VerifiedDelivery {
    /// The event key from the header; the body does not have it.
    ///
    /// # Errors
    ///
    /// [`Error::EventKeyInvalid`].
    pub fn event_key(&self) -> Result<EventKey, Error> {
        EventKey::parse(self.0.event_key.as_deref().ok_or(Error::EventKeyInvalid)?)
    }

    /// Reads the body.
    ///
    /// # Errors
    ///
    /// [`Error::NotJson`], [`Error::NotAnObject`].
    pub fn payload(&self) -> Result<Payload, Error> {
        Payload::parse(&self.0.body)
    }

    /// The hook that sent it.
    pub fn hook(&self) -> Option<&HookUuid> {
        self.0.hook.as_ref()
    }

    /// The request that carried it.
    pub fn request(&self) -> Option<&RequestUuid> {
        self.0.request.as_ref()
    }

    /// Which attempt this is, from 1. Bitbucket makes up to three.
    pub fn attempt(&self) -> u32 {
        self.0.attempt.unwrap_or(1).max(1)
    }

    /// The body, byte for byte.
    pub fn body(&self) -> &[u8] {
        &self.0.body
    }
}
