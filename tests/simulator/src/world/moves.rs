//! Moves: names, owners and members change while the UUIDs stay. The hooks of these tests do not subscribe to the
//! events that report them.

use super::state::{RepositoryIdentity, Workspace};
use super::{RepositoryId, World};
use jiff::Timestamp;
use std::sync::Arc;

impl World {
    /// Gives the workspace another slug.
    pub fn rename_workspace(&mut self, slug: &str) {
        let renamed = Arc::new(Workspace { slug: slug.to_owned(), ..(*self.workspace).clone() });
        for repository in &mut self.repositories {
            if repository.identity.workspace.uuid == renamed.uuid {
                repository.identity = moved(&repository.identity, &renamed, &repository.identity.slug);
            }
        }
        self.workspace = renamed;
    }

    /// Gives a repository another slug.
    pub fn rename_repository(&mut self, id: RepositoryId, slug: &str) {
        if let Some(repository) = self.repositories.get_mut(id.0) {
            repository.identity = moved(&repository.identity, &repository.identity.workspace, slug);
        }
    }

    /// Gives a repository to another workspace, which is new. Its own hooks stay.
    pub fn transfer_repository(&mut self, id: RepositoryId, workspace: &str, now: Timestamp) {
        let owner = Arc::new(Workspace {
            slug: workspace.to_owned(),
            uuid: self.ids.uuid(),
            project_uuid: self.ids.uuid(),
            created_on: now,
        });
        if let Some(repository) = self.repositories.get_mut(id.0) {
            repository.identity = moved(&repository.identity, &owner, &repository.identity.slug);
        }
    }

    /// Deletes a repository with its hooks.
    pub fn delete_repository(&mut self, id: RepositoryId) {
        if let Ok(subject) = self.repository_subject(id) {
            self.hooks.retain(|hook| !hook.subject.is_same(&subject));
        }
        if let Some(repository) = self.repositories.get_mut(id.0) {
            repository.is_deleted = true;
        }
    }

    /// Removes an account from the workspace, or takes it back. Its credential stays valid.
    pub fn set_member(&mut self, account: &str, is_member: bool) {
        if is_member {
            self.outsiders.remove(account);
        } else {
            self.outsiders.insert(account.to_owned());
        }
    }

    /// True if the account may not read repositories any more.
    pub(crate) fn is_outsider(&self, account: &str) -> bool {
        self.outsiders.contains(account)
    }
}

fn moved(from: &RepositoryIdentity, workspace: &Arc<Workspace>, slug: &str) -> Arc<RepositoryIdentity> {
    Arc::new(RepositoryIdentity {
        slug: slug.to_owned(),
        full_name: format!("{}/{slug}", workspace.slug),
        workspace: Arc::clone(workspace),
        ..from.clone()
    })
}
