//! The subject of an event, and the link it came through.

use std::fmt;
use std::str::FromStr;

use bitbucket::{Payload, PullRequestId, RepositoryId};
use serde::{Deserialize, Serialize};

use crate::Error;

/// Longest link id.
const MAX_LINK_CHARS: usize = 64;

/// Longest accepted commit hash: SHA-256 in hex.
const MAX_HASH_CHARS: usize = 64;

/// One connection to Bitbucket. Its id is the last part of the webhook URL: `/webhook/{link}`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct LinkId(#[cfg_attr(feature = "schema", schemars(regex(pattern = "^[a-z0-9-]{1,64}$")))] String);

impl LinkId {
    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for LinkId {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if text.is_empty() || text.len() > MAX_LINK_CHARS || !text.chars().all(allowed) {
            return Err(Error::LinkIdInvalid);
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for LinkId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Subject of an event. Events of one subject have one order; it is the log's partition.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Subject {
    /// A pull request.
    PullRequest {
        /// Its repository (that of the destination).
        repository: RepositoryId,
        /// Its number in the repository.
        id: PullRequestId,
    },
    /// A commit.
    Commit {
        /// Its repository.
        repository: RepositoryId,
        /// Its hash, as long as in Bitbucket's payload.
        hash: String,
    },
    /// An issue of Bitbucket's issue tracker.
    Issue {
        /// Its repository.
        repository: RepositoryId,
        /// Its number in the repository.
        id: u64,
    },
    /// A repository.
    Repository {
        /// The repository.
        repository: RepositoryId,
    },
    /// The link itself, for deliveries that name no repository.
    Link,
}

impl Subject {
    /// Returns the subject of a webhook's body: the most specific object that it names.
    pub fn from_payload(payload: &Payload) -> Self {
        let Some(repository) = payload.repository().and_then(|repository| repository.id()) else {
            return Self::Link;
        };
        if let Some(id) = payload.pull_request_view().and_then(|pull_request| pull_request.id()) {
            return Self::PullRequest { repository, id };
        }
        if let Some(id) = payload.issue_id() {
            return Self::Issue { repository, id };
        }
        let plausible = |hash: &String| {
            (1..=MAX_HASH_CHARS).contains(&hash.len()) && hash.chars().all(|c| c.is_ascii_alphanumeric())
        };
        match payload.commit_hash().filter(plausible) {
            Some(hash) => Self::Commit { repository, hash },
            None => Self::Repository { repository },
        }
    }

    /// The kind of subject, as the envelope's `subject.type`.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::PullRequest { .. } => "pullrequest",
            Self::Commit { .. } => "commit",
            Self::Issue { .. } => "issue",
            Self::Repository { .. } => "repository",
            Self::Link => "link",
        }
    }

    /// The repository, if the subject has one.
    pub const fn repository(&self) -> Option<&RepositoryId> {
        match self {
            Self::PullRequest { repository, .. }
            | Self::Commit { repository, .. }
            | Self::Issue { repository, .. }
            | Self::Repository { repository } => Some(repository),
            Self::Link => None,
        }
    }
}

/// `kind`, the repository with `:` for its `/`, and the number or hash, joined with `/`. [`FromStr`] reads it back.
impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = self.kind();
        let name =
            self.repository().map(|repository| repository.as_str().replace('/', ":")).unwrap_or_default();
        match self {
            Self::PullRequest { id, .. } => write!(f, "{kind}/{name}/{id}"),
            Self::Commit { hash, .. } => write!(f, "{kind}/{name}/{hash}"),
            Self::Issue { id, .. } => write!(f, "{kind}/{name}/{id}"),
            Self::Repository { .. } => write!(f, "{kind}/{name}"),
            Self::Link => f.write_str(kind),
        }
    }
}

impl FromStr for Subject {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let invalid = || Error::SubjectInvalid(text.to_owned());
        let parts: Vec<&str> = text.split('/').collect();
        let repository = |name: &str| RepositoryId::new(&name.replace(':', "/"));
        match parts.as_slice() {
            ["pullrequest", name, id] => Ok(Self::PullRequest {
                repository: repository(name),
                id: PullRequestId(id.parse().map_err(|_| invalid())?),
            }),
            ["commit", name, hash] => {
                Ok(Self::Commit { repository: repository(name), hash: (*hash).to_owned() })
            }
            ["issue", name, id] => {
                Ok(Self::Issue { repository: repository(name), id: id.parse().map_err(|_| invalid())? })
            }
            ["repository", name] => Ok(Self::Repository { repository: repository(name) }),
            ["link"] => Ok(Self::Link),
            _ => Err(invalid()),
        }
    }
}
