//! Deliveries that were accepted before they could be folded. Each is a document of its own, which no other writer
//! touches, so neither contention nor a state that cannot be stored loses it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use bitbucket::{EventKey, Payload};
use jiff::{SignedDuration, Timestamp};
use relay::LinkId;
use relay::observation::Report;
use serde::{Deserialize, Serialize};

use crate::Error;
use crate::codec::{corrupt, gzip, keys};
use crate::commit::DeliveryMark;
use crate::document::{Document, Stored};
use crate::shard::Shard;

/// Largest compressed body that is kept. In base64, with the other fields, it fits DynamoDB's 400 KB
/// (<https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html>). Bitbucket sends at most
/// 256 KB, uncompressed (<https://support.atlassian.com/bitbucket-cloud/docs/troubleshoot-webhooks/>).
const MAX_COMPRESSED_BYTES: usize = 280 * 1024;

/// Largest body when it is read again; the webhook function accepts 1 MiB.
const MAX_BODY_BYTES: usize = 2 * 1024 * 1024;

/// Time that the document is left after its delivery was folded. A late copy of the index may still list it.
const LEFT_AFTER: SignedDuration = SignedDuration::from_hours(24);

/// Pause after the first failed attempt, in seconds. It doubles with each further one.
const FIRST_PAUSE_SECONDS: u32 = 60;

/// Longest pause between two attempts, in seconds.
const LONGEST_PAUSE_SECONDS: u32 = 3_600;

/// The partition key of a kept delivery.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct KeptKey(String);

impl std::fmt::Display for KeptKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl KeptKey {
    pub(crate) fn new(link: &LinkId, mark: &DeliveryMark) -> Self {
        Self(keys::kept(link, mark))
    }

    /// True if the delivery came through this link.
    pub fn is_of(&self, link: &LinkId) -> bool {
        self.0.split('#').nth(1) == Some(link.as_str())
    }

    pub(crate) const fn stored(pk: String) -> Self {
        Self(pk)
    }
}

/// A verified delivery that waits to be folded.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct KeptDelivery {
    version: u64,
    /// Time of its acceptance, by our clock.
    kept_at: Timestamp,
    /// Time of the next attempt to fold it.
    due_at: Timestamp,
    /// Attempts that failed.
    failures: u32,
    /// `None` once it is folded.
    waiting: Option<Waiting>,
}

/// The content of a delivery.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Waiting {
    /// True if nobody compared its signature.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    unsigned: bool,
    link: LinkId,
    key: EventKey,
    hook: String,
    request: String,
    attempt: u32,
    body_sha256: String,
    /// gzip, in base64.
    body: String,
}

impl KeptDelivery {
    /// Keeps a delivery from `now` on.
    ///
    /// # Errors
    ///
    /// [`Error::TooLarge`] if its body does not fit one item.
    pub(crate) fn new(
        link: &LinkId,
        report: &Report,
        mark: &DeliveryMark,
        now: Timestamp,
    ) -> Result<Self, Error> {
        let compressed = gzip::compress(&report.body)
            .map_err(|error| corrupt(&keys::kept(link, mark), Self::KIND, &error))?;
        if compressed.len() > MAX_COMPRESSED_BYTES {
            let (bytes, max_bytes) = (compressed.len(), MAX_COMPRESSED_BYTES);
            return Err(Error::TooLarge { what: "the compressed body", bytes, max_bytes });
        }
        let waiting = Waiting {
            unsigned: !report.signed,
            link: link.clone(),
            key: report.key.clone(),
            hook: report.hook.clone(),
            request: mark.request.clone(),
            attempt: mark.attempt,
            body_sha256: mark.body_sha256.clone(),
            body: BASE64.encode(compressed),
        };
        Ok(Self { version: 1, kept_at: now, due_at: now, failures: 0, waiting: Some(waiting) })
    }

    /// The delivery; `None` if it is folded.
    ///
    /// # Errors
    ///
    /// [`Error::Corrupt`] if its body cannot be read.
    pub(crate) fn delivery(&self, key: &KeptKey) -> Result<Option<(LinkId, Report, DeliveryMark)>, Error> {
        let Some(waiting) = self.waiting.clone() else { return Ok(None) };
        let unreadable = |reason: &dyn std::fmt::Display| corrupt(&key.0, Self::KIND, reason);
        let compressed = BASE64.decode(&waiting.body).map_err(|error| unreadable(&error))?;
        let body = gzip::decompress(&compressed, MAX_BODY_BYTES).map_err(|error| unreadable(&error))?;
        // The parser's message could hold a piece of the body.
        let payload = Payload::parse(&body).map_err(|_| unreadable(&"its body is not JSON"))?;
        let mark = DeliveryMark {
            hook: waiting.hook.clone(),
            request: waiting.request.clone(),
            key: waiting.key.clone(),
            body_sha256: waiting.body_sha256,
            attempt: waiting.attempt,
        };
        let report = Report {
            signed: !waiting.unsigned,
            key: waiting.key,
            payload,
            body,
            hook: waiting.hook,
            delivery: waiting.request,
        };
        Ok(Some((waiting.link, report, mark)))
    }

    /// Marks it as folded.
    pub(crate) fn fold(&mut self, now: Timestamp) {
        self.version = self.version.saturating_add(1);
        self.due_at = now;
        self.waiting = None;
    }

    /// Plans another attempt, after a failed one.
    pub(crate) fn postpone(&mut self, now: Timestamp) {
        self.version = self.version.saturating_add(1);
        let pause = FIRST_PAUSE_SECONDS.saturating_mul(1 << self.failures.min(16)).min(LONGEST_PAUSE_SECONDS);
        self.failures = self.failures.saturating_add(1);
        self.due_at = now.saturating_add(SignedDuration::from_secs(pause.into())).unwrap_or(now);
    }
}

impl Document for KeptDelivery {
    type Key = KeptKey;
}

impl Stored for KeptDelivery {
    const KIND: &'static str = "kept";

    fn pk(key: &KeptKey) -> String {
        key.0.clone()
    }

    fn version(&self) -> u64 {
        self.version
    }

    fn expires_at(&self) -> Timestamp {
        match self.waiting {
            Some(_) => Timestamp::MAX,
            None => self.due_at.saturating_add(LEFT_AFTER).unwrap_or(Timestamp::MAX),
        }
    }

    fn due(&self) -> Option<(String, Timestamp)> {
        let waiting = self.waiting.as_ref()?;
        Some((Shard::of(&waiting.link).kept_partition(), self.due_at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pause_doubles_up_to_an_hour() {
        let mut kept = KeptDelivery::default();
        let pauses = [60, 120, 240, 480, 960, 1_920, 3_600, 3_600];
        for pause in pauses {
            kept.postpone(Timestamp::UNIX_EPOCH);
            assert_eq!(kept.due_at.as_second(), pause);
        }
        kept.failures = u32::MAX - 1;
        kept.postpone(Timestamp::MAX);
        assert_eq!(kept.due_at, Timestamp::MAX);
    }

    #[test]
    fn key_names_its_link() {
        let key = KeptKey::new(&"acme".parse().unwrap(), &mark());
        assert!(key.is_of(&"acme".parse().unwrap()) && !key.is_of(&"acme-1".parse().unwrap()));
        assert_eq!(KeptKey::stored(key.to_string()), key);
    }

    #[test]
    fn delivery_is_kept_until_a_day_after_it_was_folded() {
        let waiting = Waiting {
            unsigned: false,
            link: "acme".parse().unwrap(),
            key: EventKey::RepositoryPush,
            hook: String::new(),
            request: String::new(),
            attempt: 1,
            body_sha256: String::new(),
            body: String::new(),
        };
        let mut kept = KeptDelivery { waiting: Some(waiting), ..KeptDelivery::default() };
        assert_eq!(kept.expires_at(), Timestamp::MAX);
        assert!(kept.due().is_some());
        kept.fold(Timestamp::from_second(5).unwrap());
        assert_eq!(kept.expires_at(), Timestamp::from_second(86_405).unwrap());
        assert_eq!(kept.due(), None);
    }

    fn mark() -> DeliveryMark {
        DeliveryMark {
            hook: "hook".to_owned(),
            request: "request".to_owned(),
            key: EventKey::RepositoryPush,
            body_sha256: "0".repeat(64),
            attempt: 1,
        }
    }

    /// Keeps a body, and reads it back.
    fn kept_and_read(body: Vec<u8>) -> Result<usize, Error> {
        let link = "acme".parse().unwrap();
        let report = Report {
            signed: true,
            key: EventKey::RepositoryPush,
            payload: Payload::parse(b"{}").unwrap(),
            body,
            hook: "hook".to_owned(),
            delivery: "request".to_owned(),
        };
        let kept = KeptDelivery::new(&link, &report, &mark(), Timestamp::UNIX_EPOCH)?;
        let (_, report, _) = kept.delivery(&KeptKey::new(&link, &mark()))?.unwrap();
        Ok(report.body.len())
    }

    #[test]
    fn largest_body_that_is_kept_is_read_back() {
        let padded = |bytes: usize| format!("{{}}{}", " ".repeat(bytes - 2)).into_bytes();
        assert_eq!(kept_and_read(padded(2 * 1024 * 1024)).unwrap(), 2 * 1024 * 1024);
        assert!(matches!(kept_and_read(padded(2 * 1024 * 1024 + 1)), Err(Error::Corrupt { .. })));
    }

    #[test]
    fn body_that_fits_no_item_is_not_kept() {
        // A hexadecimal digit has four random bits, so compression leaves about half.
        let noise = |digits: usize| {
            let blocks = (0..digits.div_ceil(64)).map(|block| crate::sha256_hex(&block.to_be_bytes()));
            format!("{{\"digits\":\"{}\"}}", blocks.collect::<String>()).into_bytes()
        };
        assert!(kept_and_read(noise(400_000)).is_ok());
        assert!(matches!(kept_and_read(noise(600_000)), Err(Error::TooLarge { .. })));
    }

    #[test]
    fn numbers_of_a_damaged_document_do_not_wrap() {
        let mut kept = KeptDelivery { version: u64::MAX, failures: u32::MAX, ..KeptDelivery::default() };
        kept.postpone(Timestamp::UNIX_EPOCH);
        assert_eq!((kept.version, kept.failures), (u64::MAX, u32::MAX));
        kept.fold(Timestamp::UNIX_EPOCH);
        assert_eq!(kept.version, u64::MAX);
    }
}
