//! Sweep targets: the repositories and workspaces that the owner of a link names to be swept. Without them, a
//! repository is swept from its first webhook on.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::Error;

/// Maximum number of repositories of a link. A secret, which holds the names, has at most 64 KB
/// (<https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_limits.html>).
pub const MAX_REPOSITORIES: usize = 500;

/// Maximum number of workspaces of a link.
pub const MAX_WORKSPACES: usize = 20;

/// Longest name of a workspace or a repository: slugs have at most 62 characters.
const MAX_NAME_CHARS: usize = 62;

/// One sweep target: `workspace/slug`, or `workspace` for all of its repositories.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum SweepTarget {
    /// All repositories of a workspace, including those created later.
    Workspace(String),
    /// One repository.
    Repository {
        /// Its workspace.
        workspace: String,
        /// Its name in the workspace.
        slug: String,
    },
}

impl FromStr for SweepTarget {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '{' | '}');
        let is_name = |name: &str| {
            (1..=MAX_NAME_CHARS).contains(&name.len())
                && !matches!(name, "." | "..")
                && name.chars().all(allowed)
        };
        // Bitbucket ignores case; two spellings would be the same target twice.
        let text = text.to_ascii_lowercase();
        match text.split('/').collect::<Vec<_>>().as_slice() {
            [workspace] if is_name(workspace) => Ok(Self::Workspace((*workspace).to_owned())),
            [workspace, slug] if is_name(workspace) && is_name(slug) => {
                Ok(Self::Repository { workspace: (*workspace).to_owned(), slug: (*slug).to_owned() })
            }
            _ => Err(Error::SweepTargetInvalid),
        }
    }
}

impl TryFrom<String> for SweepTarget {
    type Error = Error;

    fn try_from(text: String) -> Result<Self, Error> {
        text.parse()
    }
}

impl From<SweepTarget> for String {
    fn from(target: SweepTarget) -> Self {
        target.to_string()
    }
}

impl fmt::Display for SweepTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Workspace(workspace) => f.write_str(workspace),
            Self::Repository { workspace, slug } => write!(f, "{workspace}/{slug}"),
        }
    }
}

/// The sweep targets of one link, within the limits.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "BTreeSet<SweepTarget>", into = "BTreeSet<SweepTarget>")]
pub struct SweepTargets(BTreeSet<SweepTarget>);

impl SweepTargets {
    /// Iterates over the targets, in order.
    pub fn iter(&self) -> impl Iterator<Item = &SweepTarget> {
        self.0.iter()
    }

    /// True if the target is one of them.
    pub(crate) fn contains(&self, target: &SweepTarget) -> bool {
        self.0.contains(target)
    }

    /// True if there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl TryFrom<BTreeSet<SweepTarget>> for SweepTargets {
    type Error = Error;

    fn try_from(targets: BTreeSet<SweepTarget>) -> Result<Self, Error> {
        let workspaces = targets.iter().filter(|target| matches!(target, SweepTarget::Workspace(_))).count();
        if workspaces > MAX_WORKSPACES || targets.len() - workspaces > MAX_REPOSITORIES {
            return Err(Error::TooManySweepTargets {
                repositories: MAX_REPOSITORIES,
                workspaces: MAX_WORKSPACES,
            });
        }
        Ok(Self(targets))
    }
}

impl From<SweepTargets> for BTreeSet<SweepTarget> {
    fn from(targets: SweepTargets) -> Self {
        targets.0
    }
}
