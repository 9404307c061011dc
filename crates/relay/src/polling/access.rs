//! The repositories that the polls of a link may read. Anybody can write the body of an unsigned delivery, so no such
//! body decides which repository the link's credential reads.

use std::collections::BTreeSet;

use bitbucket::RepositoryId;
use bitbucket::payload::{Document, Repository};
use serde_json::Value;

use crate::state::{RepositoryState, SubjectState, SweepTarget};

/// The repositories that the owner of a link named: to be swept, or by creating hooks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NamedRepositories {
    /// True if the link checks the signature of each delivery.
    pub signed: bool,
    /// Their names, and those of workspaces.
    pub targets: BTreeSet<SweepTarget>,
}

/// A `repository` object in the state of a subject.
#[derive(Debug, Clone, Copy)]
pub struct ClaimedRepository<'a> {
    /// The object.
    pub object: &'a Value,
    /// False if it comes from a delivery without a signature.
    pub signed: bool,
}

/// The decision about the repository of a poll.
#[derive(Debug, Clone, PartialEq)]
pub enum Access<'a> {
    /// The poll reads the repository of this object.
    Read(&'a Value),
    /// The poll first asks Bitbucket for this repository, which the link names. [`confirms`] judges the answer.
    Confirm(SweepTarget),
    /// The poll reads nothing.
    NotNamed,
}

/// The decision about a subject whose last poll was refused.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum AfterRefusal<'a> {
    /// The poll reads the subject where it was.
    Again,
    /// The repository has moved: the poll reads the subject where this object says.
    Moved(&'a Value),
    /// The repository itself has been refused for long, so the poll makes no call. For *economy*: a deleted repository
    /// costs calls once, not for each of its pull requests.
    Waits,
}

impl<'a> AfterRefusal<'a> {
    /// Decides it by the `repository` object that the subject has, and the state of its repository. A sweep finds a
    /// repository by its UUID after a refusal.
    pub fn decide(own: &Value, repository: &'a SubjectState) -> Self {
        let place = |object: &Value| {
            [object.pointer("/workspace/uuid").cloned(), object.pointer("/full_name").cloned()]
        };
        match (repository.refusal, repository.repository()) {
            (Some(refusal), Some(_)) if refusal.is_lasting() => Self::Waits,
            (None, Some(swept)) if place(&swept.repository) != place(own) => Self::Moved(&swept.repository),
            _ => Self::Again,
        }
    }
}

impl NamedRepositories {
    /// Decides which repository a poll reads: the claimed one if Bitbucket signed the claim. If not, only one that
    /// Bitbucket itself confirmed to be `registered` under a name of the link.
    pub fn access<'a>(
        &self,
        claimed: ClaimedRepository<'a>,
        registered: Option<&'a RepositoryState>,
    ) -> Access<'a> {
        if self.signed && claimed.signed {
            return Access::Read(claimed.object);
        }
        let confirmed = registered.filter(|repository| repository.is_confirmed);
        let confirmed = confirmed.map(|repository| &repository.repository);
        match confirmed.filter(|object| self.signed || self.includes(object)) {
            Some(object) => Access::Read(object),
            None => self.named(claimed.object).map_or(Access::NotNamed, Access::Confirm),
        }
    }

    /// True if Bitbucket's answer is the repository `id`, and the link names it.
    pub fn confirms(&self, id: &RepositoryId, answer: &Document<Repository>) -> bool {
        answer.id().as_ref() == Some(id) && self.includes(&answer.raw)
    }

    /// True if polls may follow the repository `id` to the place where Bitbucket found it by its UUID.
    pub fn may_follow(&self, id: &RepositoryId, answer: &Document<Repository>) -> bool {
        answer.id().as_ref() == Some(id) && (self.signed || self.includes(&answer.raw))
    }

    fn includes(&self, object: &Value) -> bool {
        self.named(object).is_some()
    }

    /// The first name of a repository that one of the targets includes. Nothing but letters, digits and `-_.{}` is in
    /// it, so it stays within its path.
    fn named(&self, object: &Value) -> Option<SweepTarget> {
        names(object).find(|name| match name {
            SweepTarget::Repository { workspace, .. } => {
                self.targets.contains(name)
                    || self.targets.contains(&SweepTarget::Workspace(workspace.clone()))
            }
            SweepTarget::Workspace(_) => false,
        })
    }
}

/// The names of a repository: its slugs, its UUIDs, and one of each. People use any of them.
fn names(object: &Value) -> impl Iterator<Item = SweepTarget> {
    let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str);
    let (workspace, slug) = text("/full_name").and_then(|name| name.split_once('/')).unzip();
    let workspaces = [workspace, text("/workspace/slug"), text("/workspace/uuid")];
    let repositories = [slug, text("/uuid")];
    let names = workspaces.into_iter().flatten().flat_map(move |workspace| {
        repositories.into_iter().flatten().map(move |slug| format!("{workspace}/{slug}"))
    });
    // A name that is malformed, such as `acme/widgets/..`, is nobody's.
    names.filter_map(|name| name.parse().ok())
}
