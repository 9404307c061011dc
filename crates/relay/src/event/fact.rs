//! Identity of facts: the same fact has the same event id, whether a webhook or a poll found it.

use bitbucket::EventKey;
use jiff::Timestamp;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use unicode_normalization::UnicodeNormalization;

use super::id::EventId;
use crate::subject::{LinkId, Subject};

/// Half of a SHA-256 is as unlikely to collide as a UUID.
const ID_BYTES: usize = 16;

/// The parts that identify a fact: link, subject, key, and parts of its own.
#[derive(Debug)]
pub(crate) struct Fact<'a> {
    link: &'a LinkId,
    subject: &'a Subject,
    key: &'a EventKey,
    parts: Vec<String>,
}

impl<'a> Fact<'a> {
    pub(crate) const fn new(link: &'a LinkId, subject: &'a Subject, key: &'a EventKey) -> Self {
        Self { link, subject, key, parts: Vec::new() }
    }

    /// Adds a part. The order of parts matters.
    pub(crate) fn part(mut self, part: impl std::fmt::Display) -> Self {
        self.parts.push(part.to_string());
        self
    }

    /// Adds a time; a missing time is a part too.
    pub(crate) fn time(self, time: Option<Timestamp>) -> Self {
        self.part(time.map(|time| time.to_string()).unwrap_or_default())
    }

    pub(crate) fn id(&self) -> EventId {
        let mut hash = Sha256::new();
        let head = [self.link.to_string(), self.subject.to_string(), self.key.to_string()];
        for part in head.iter().chain(&self.parts) {
            // The length first, so that no two lists of parts run together to the same bytes.
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part.as_bytes());
        }
        EventId(hex::encode(hash.finalize().get(..ID_BYTES).unwrap_or_default()))
    }
}

/// Hashes JSON independently of the order of its fields: a body is not canonical.
pub(crate) fn digest<'v>(values: impl IntoIterator<Item = (&'v str, Option<&'v Value>)>) -> String {
    let mut hash = Sha256::new();
    for (name, value) in values {
        hash.update(name.as_bytes());
        if let Some(value) = value {
            canonical(value, &mut hash);
        }
    }
    hex::encode(hash.finalize().get(..ID_BYTES).unwrap_or_default())
}

/// Hashes a body under its key.
pub(crate) fn body_digest(key: &EventKey, fields: &Map<String, Value>) -> String {
    let mut fields: Vec<_> = fields.iter().map(|(name, value)| (name.as_str(), Some(value))).collect();
    fields.sort_by_key(|(name, _)| *name);
    digest(std::iter::once((key.as_str(), None)).chain(fields))
}

/// Hashes JSON with its fields in order of their names. The parser that read it limits the depth.
fn canonical(value: &Value, hash: &mut Sha256) {
    match value {
        Value::Object(fields) => {
            let mut fields: Vec<_> = fields.iter().collect();
            fields.sort_by_key(|(name, _)| *name);
            hash.update(b"{");
            for (name, value) in fields {
                hash.update((name.len() as u64).to_be_bytes());
                hash.update(name.as_bytes());
                canonical(value, hash);
            }
            hash.update(b"}");
        }
        Value::Array(items) => {
            hash.update(b"[");
            for item in items {
                canonical(item, hash);
            }
            hash.update(b"]");
        }
        scalar => {
            let text = scalar.to_string();
            hash.update((text.len() as u64).to_be_bytes());
            hash.update(text.as_bytes());
        }
    }
}

/// Hashes a text that people typed, to compare revisions.
pub(crate) fn content_hash(text: &str) -> String {
    hex::encode(Sha256::digest(comparable(text).as_bytes()).get(..ID_BYTES).unwrap_or_default())
}

/// A text that people typed, in one form: a webhook and the API may write its line ends and composed characters
/// differently.
pub(crate) fn comparable(text: &str) -> String {
    text.replace("\r\n", "\n").nfc().collect()
}
