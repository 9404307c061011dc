//! A build of a commit, in webhooks and in answers of the REST API.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use crate::lenient;

/// A build of a commit.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
pub struct CommitStatus {
    /// Key of the build.
    #[serde(default, deserialize_with = "lenient::optional")]
    pub key: Option<String>,
    /// `INPROGRESS`, `SUCCESSFUL`, `FAILED` or `STOPPED`.
    #[serde(default, deserialize_with = "lenient::optional")]
    pub state: Option<String>,
    /// Time of the last change.
    #[serde(default, deserialize_with = "lenient::time")]
    pub updated_on: Option<Timestamp>,
    #[serde(default, deserialize_with = "lenient::optional")]
    commit: Option<Commit>,
    #[serde(default, deserialize_with = "lenient::optional")]
    links: Option<Value>,
}

impl CommitStatus {
    /// Returns the hash of the commit. Old payloads have it only in a link.
    pub fn commit_hash(&self) -> Option<String> {
        self.commit.as_ref().and_then(|commit| commit.hash.clone()).or_else(|| {
            let link = self.links.as_ref()?.pointer("/commit/href")?.as_str()?;
            link.rsplit('/').next().filter(|hash| !hash.is_empty()).map(str::to_owned)
        })
    }
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
pub(crate) struct Commit {
    #[serde(default, deserialize_with = "lenient::optional")]
    pub(crate) hash: Option<String>,
}
