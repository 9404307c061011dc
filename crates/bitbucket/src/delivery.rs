//! One webhook request, before and after its signature was verified.

use bytes::Bytes;

use crate::payload::Payload;
use crate::signature::{self, Signature, WebhookSecret};
use crate::{Error, EventKey, HookUuid, RequestUuid};

/// An unverified delivery. No byte of its body may be parsed.
#[derive(Clone, Default)]
pub struct Delivery {
    /// `X-Event-Key`.
    pub event_key: Option<String>,
    /// `X-Hook-UUID`.
    pub hook: Option<HookUuid>,
    /// `X-Request-UUID`.
    pub request: Option<RequestUuid>,
    /// `X-Attempt-Number`; counts as 1 if it is missing.
    pub attempt: Option<u32>,
    /// All values of `X-Hub-Signature`, raw.
    pub signatures: Vec<Vec<u8>>,
    /// The body, byte for byte; decoded if the gateway sent base64.
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
    /// Checks the signature against all valid secrets. Only this and [`Delivery::accept_unsigned`] return a
    /// [`VerifiedDelivery`].
    ///
    /// # Errors
    ///
    /// [`Error::SignatureMissing`], [`Error::SignatureMalformed`], [`Error::SignatureMismatch`].
    pub fn verify(self, secrets: &[WebhookSecret]) -> Result<VerifiedDelivery, Error> {
        let signature = Signature::parse(&self.signatures)?;
        signature::verify(&self.body, &signature, secrets)?;
        Ok(VerifiedDelivery { delivery: self, signed: true })
    }

    /// Accepts a delivery of a link that is explicitly unsigned. Anyone who knows its URL can forge events. The caller
    /// must read that choice from the link itself and log a warning.
    pub fn accept_unsigned(self) -> VerifiedDelivery {
        VerifiedDelivery { delivery: self, signed: false }
    }
}

/// A verified delivery.
#[derive(Debug, Clone)]
pub struct VerifiedDelivery {
    delivery: Delivery,
    signed: bool,
}

impl VerifiedDelivery {
    /// False if the link accepts deliveries without a signature, so that nothing was verified.
    pub const fn is_signed(&self) -> bool {
        self.signed
    }

    /// Returns the event key from the header. The body does not contain it.
    ///
    /// # Errors
    ///
    /// [`Error::EventKeyInvalid`], [`Error::EventKeyNotReported`].
    pub fn event_key(&self) -> Result<EventKey, Error> {
        let key = EventKey::parse(self.delivery.event_key.as_deref().ok_or(Error::EventKeyInvalid)?)?;
        if key.is_reported() { Ok(key) } else { Err(Error::EventKeyNotReported(key.to_string())) }
    }

    /// Reads the body.
    ///
    /// # Errors
    ///
    /// [`Error::NotJson`], [`Error::NotAnObject`], [`Error::NestedTooDeep`].
    pub fn payload(&self) -> Result<Payload, Error> {
        Payload::parse(&self.delivery.body)
    }

    /// Returns the id of the hook.
    pub fn hook(&self) -> Option<&HookUuid> {
        self.delivery.hook.as_ref()
    }

    /// Returns the id of the request.
    pub fn request(&self) -> Option<&RequestUuid> {
        self.delivery.request.as_ref()
    }

    /// Returns the number of the attempt, from 1. Bitbucket makes up to three.
    pub fn attempt(&self) -> u32 {
        self.delivery.attempt.unwrap_or(1).max(1)
    }

    /// Returns the body, byte for byte.
    pub fn body(&self) -> &[u8] {
        &self.delivery.body
    }
}
