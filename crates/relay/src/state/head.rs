//! The commit at the head of a pull request: its builds and its size.

use std::collections::BTreeMap;

use bitbucket::payload::CommitStatus;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::event::fact::content_hash;

/// Payloads name the head by the first 12 digits of its hash, builds by all 40.
const SHORT_HASH_CHARS: usize = 12;

/// Maximum number of builds kept of one head.
const MAX_BUILDS: usize = 200;

/// Longest key of a build that is kept as it is. Of a longer one the hash is kept.
const MAX_KEY_BYTES: usize = 64;

/// Longest state of a build that is recorded. Bitbucket's have at most 10 characters
/// (`components.schemas.commitstatus` in its OpenAPI file).
const MAX_STATE_BYTES: usize = 32;

/// A commit's hash, as short as in `pullrequest` objects.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ShortHash(String);

impl ShortHash {
    /// Shortens a hash. `None` if it is too short to identify a commit.
    pub fn new(hash: &str) -> Option<Self> {
        let short = hash.get(..SHORT_HASH_CHARS)?;
        short.chars().all(|c| c.is_ascii_hexdigit()).then(|| Self(short.to_ascii_lowercase()))
    }

    /// The hash as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The head of a pull request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// The commit's hash.
    pub hash: ShortHash,
    /// The newest state of each build, by the build's key.
    #[serde(default)]
    pub builds: BTreeMap<String, Build>,
    /// Its size, once that was read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<Size>,
}

/// A build.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Build {
    /// `INPROGRESS`, `SUCCESSFUL`, `FAILED` or `STOPPED`.
    pub state: String,
    /// Time of its last change.
    pub updated_on: Option<Timestamp>,
}

/// The size of a pull request, as it was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Size {
    /// Number of commits; `None` if there are more than are read, or Bitbucket gives no number.
    pub commits: Option<u64>,
    /// Number of files changed; likewise.
    pub files_changed: Option<u64>,
    /// Time when it was read, by our clock.
    pub at: Timestamp,
}

impl Head {
    /// The head that a `pullrequest` object names, without builds and size.
    pub(crate) fn from_snapshot(snapshot: &Value) -> Option<Self> {
        let hash = ShortHash::new(snapshot.pointer("/source/commit/hash")?.as_str()?)?;
        Some(Self { hash, builds: BTreeMap::new(), size: None })
    }

    /// Records a build of this commit, unless a newer state of it is recorded. Returns true if it is of this commit.
    pub(crate) fn note(&mut self, status: &CommitStatus) -> bool {
        if status.commit_hash().and_then(|hash| ShortHash::new(&hash)).as_ref() != Some(&self.hash) {
            return false;
        }
        let (Some(key), Some(state)) = (&status.key, &status.state) else { return true };
        if state.len() > MAX_STATE_BYTES {
            return true;
        }
        let key = if key.len() > MAX_KEY_BYTES { &content_hash(key) } else { key };
        let build = self.builds.get(key);
        let is_newer = build.is_none_or(|build| build.updated_on <= status.updated_on);
        if is_newer && (build.is_some() || self.builds.len() < MAX_BUILDS) {
            let build = Build { state: state.clone(), updated_on: status.updated_on };
            self.builds.insert(key.clone(), build);
        }
        true
    }
}

#[cfg(test)]
mod tests;
