//! Shards: the few partitions of all links, so that several pollers can share the work.

use std::fmt;

use relay::{LinkId, SubjectState, Watch};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// Number of shards. Each pass of a poller queries each of its shards for due watches. More shards cost more queries
/// with few links; fewer shards limit the number of pollers that can share the work.
pub const SHARDS: u8 = 8;

/// One of [`SHARDS`] parts of all links. A link is always in the same one, with all of its subjects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "u8", into = "u8")]
pub struct Shard(u8);

impl Shard {
    /// Returns the shard of a link, from a hash that is the same in every version of bitrelay.
    pub fn of(link: &LinkId) -> Self {
        let first = Sha256::digest(link.as_str()).first().copied().unwrap_or_default();
        Self(first % SHARDS)
    }

    /// Returns all shards.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..SHARDS).map(Self)
    }

    /// Returns the partition of the index `due` that holds this shard's watches of one kind.
    pub(crate) fn due_partition(self, kind: WatchKind) -> String {
        let kind = match kind {
            WatchKind::Prompt => "due",
            WatchKind::Patient => "patient",
            WatchKind::Unsigned => "unsigned",
        };
        format!("{kind}#{self}")
    }

    /// Returns the partition of the index `due` that holds the kept deliveries of this shard's links.
    pub(crate) fn kept_partition(self) -> String {
        format!("kept#{self}")
    }

    /// Returns the partitions of the index `due` that hold watches.
    pub(crate) fn due_partitions(self) -> [String; 3] {
        [WatchKind::Prompt, WatchKind::Patient, WatchKind::Unsigned].map(|kind| self.due_partition(kind))
    }
}

/// The kinds of watches. Each is read apart, so that none hides another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WatchKind {
    /// A window, or something else that waits for nothing.
    Prompt,
    /// It gives way, such as a sweep.
    Patient,
    /// Of a subject that only a delivery without a signature names: anybody can make any number of these.
    Unsigned,
}

impl WatchKind {
    /// The kind of the watch of a state.
    pub(crate) fn of(state: &SubjectState, watch: Watch) -> Self {
        if state.is_unsigned() {
            Self::Unsigned
        } else if watch.is_patient() {
            Self::Patient
        } else {
            Self::Prompt
        }
    }
}

impl TryFrom<u8> for Shard {
    type Error = UnknownShard;

    fn try_from(number: u8) -> Result<Self, UnknownShard> {
        if number < SHARDS { Ok(Self(number)) } else { Err(UnknownShard(number)) }
    }
}

impl From<Shard> for u8 {
    fn from(shard: Shard) -> Self {
        shard.0
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// No shard has this number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("there is no shard {0}: shards are numbered from 0 to {last}", last = SHARDS - 1)]
pub struct UnknownShard(u8);
