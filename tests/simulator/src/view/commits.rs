//! Commits, builds and pushes.

use super::View;
use crate::clock::written;
use crate::world::state::{Commit, Repository, RepositoryIdentity, Status};
use serde_json::{Value, json};

impl View<'_> {
    /// A commit where it is mentioned.
    pub(crate) fn commit_reference(self, repository: &RepositoryIdentity, hash: &str) -> Value {
        json!({ "type": "commit", "hash": hash, "links": self.commit_links(repository, hash) })
    }

    /// A commit with its author and message.
    pub(crate) fn commit(self, repository: &RepositoryIdentity, commit: &Commit) -> Value {
        let parents: Vec<Value> =
            commit.parents.iter().map(|hash| self.commit_reference(repository, hash)).collect();
        json!({
            "type": "commit",
            "hash": commit.hash,
            "date": written(commit.date),
            "author": {
                "type": "author",
                "raw": format!("{0} <{0}@example.com>", commit.author.name),
                "user": self.account(&commit.author),
            },
            "message": commit.message,
            "summary": self.rendered(&commit.message),
            "links": self.commit_links(repository, &commit.hash),
            "parents": parents,
        })
    }

    /// A build, in an answer or as `commit_status` of a payload.
    pub(crate) fn status(self, repository: &RepositoryIdentity, commit: &Commit, status: &Status) -> Value {
        let path = format!("repositories/{}/commit/{}", repository.full_name, commit.hash);
        json!({
            "key": status.key,
            "type": "build",
            "state": status.state,
            "name": status.name,
            "refname": status.refname,
            "commit": self.commit(repository, commit),
            "url": status.url,
            "repository": self.repository_reference(repository),
            "description": status.description,
            "created_on": written(status.created_on),
            "updated_on": written(status.updated_on),
            "links": {
                "self": self.api(&format!("{path}/statuses/build/{}", status.key)),
                "commit": self.api(&path),
            },
        })
    }

    /// `push` of a payload: one branch that was created, moved or removed.
    pub(crate) fn push(
        self,
        repository: &Repository,
        branch: &str,
        old: Option<&str>,
        new: Option<&str>,
    ) -> Value {
        let at = |hash: Option<&str>| hash.map(|hash| self.branch(repository, branch, hash));
        let commit = new.and_then(|hash| repository.commits.get(hash));
        let commits: Vec<Value> =
            commit.map(|commit| self.commit(&repository.identity, commit)).into_iter().collect();
        json!({
            "changes": [{
                "old": at(old),
                "new": at(new),
                "truncated": false,
                "created": old.is_none(),
                "forced": false,
                "closed": new.is_none(),
                "commits": commits,
            }],
        })
    }

    fn branch(self, repository: &Repository, name: &str, hash: &str) -> Value {
        let identity = &repository.identity;
        let target = match repository.commits.get(hash) {
            Some(commit) => self.commit(identity, commit),
            None => self.commit_reference(identity, hash),
        };
        json!({
            "type": "branch",
            "name": name,
            "target": target,
            "links": {
                "self": self.api(&format!("repositories/{}/refs/branches/{name}", identity.full_name)),
                "commits": self.api(&format!("repositories/{}/commits/{name}", identity.full_name)),
                "html": self.page(&format!("{}/branch/{name}", identity.full_name)),
            },
        })
    }

    fn commit_links(self, repository: &RepositoryIdentity, hash: &str) -> Value {
        json!({
            "self": self.api(&format!("repositories/{}/commit/{hash}", repository.full_name)),
            "html": self.page(&format!("{}/commits/{hash}", repository.full_name)),
        })
    }
}
