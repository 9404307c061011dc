//! Repositories and the workspace around them.

use super::{View, encoded};
use crate::clock::written;
use crate::world::state::{MAIN_BRANCH, Repository, RepositoryIdentity, Workspace};
use serde_json::{Value, json};

impl View<'_> {
    /// A repository where it is mentioned: in the ends of a pull request, in a status.
    pub(crate) fn repository_reference(self, repository: &RepositoryIdentity) -> Value {
        json!({
            "type": "repository",
            "full_name": repository.full_name,
            "links": {
                "self": self.api(&format!("repositories/{}", repository.full_name)),
                "html": self.page(&repository.full_name),
                "avatar": self.page(&format!("ravatar/{}", encoded(&repository.uuid))),
            },
            "name": repository.slug,
            "uuid": repository.uuid,
        })
    }

    /// A repository as `repository` of a payload.
    pub(crate) fn repository_in_payload(self, repository: &RepositoryIdentity) -> Value {
        let mut shown = self.repository_reference(repository);
        if let Some(fields) = shown.as_object_mut() {
            fields.insert("scm".to_owned(), json!("git"));
            fields.insert("website".to_owned(), Value::Null);
            fields.insert("owner".to_owned(), self.owner(&repository.workspace));
            fields.insert("workspace".to_owned(), self.workspace(&repository.workspace));
            fields.insert("is_private".to_owned(), json!(true));
            fields.insert("project".to_owned(), self.project(&repository.workspace));
            fields.insert("parent".to_owned(), Value::Null);
        }
        shown
    }

    /// A repository as `GET` shows it.
    pub(crate) fn repository(self, repository: &Repository) -> Value {
        let identity = &repository.identity;
        let mut shown = self.repository_in_payload(identity);
        let path = format!("repositories/{}", identity.full_name);
        if let Some(fields) = shown.as_object_mut() {
            if let Some(links) = fields.get_mut("links").and_then(Value::as_object_mut) {
                for name in ["pullrequests", "commits", "hooks"] {
                    links.insert(name.to_owned(), self.api(&format!("{path}/{name}")));
                }
            }
            fields.insert("slug".to_owned(), json!(identity.slug));
            fields.insert("description".to_owned(), json!(""));
            fields.insert("created_on".to_owned(), json!(written(identity.created_on)));
            fields.insert("updated_on".to_owned(), json!(written(repository.updated_on)));
            fields.insert("size".to_owned(), json!(0));
            fields.insert("language".to_owned(), json!(""));
            fields.insert("has_issues".to_owned(), json!(false));
            fields.insert("has_wiki".to_owned(), json!(false));
            fields.insert("fork_policy".to_owned(), json!("no_public_forks"));
            fields.insert("mainbranch".to_owned(), json!({ "type": "branch", "name": MAIN_BRANCH }));
        }
        shown
    }

    /// The workspace as `workspace` of a repository, and as the subject of a hook.
    pub(crate) fn workspace(self, workspace: &Workspace) -> Value {
        json!({
            "type": "workspace",
            "uuid": workspace.uuid,
            "name": workspace.slug,
            "slug": workspace.slug,
            "links": {
                "avatar": self.page(&format!("workspaces/{}/avatar/", workspace.slug)),
                "html": self.page(&format!("{}/", workspace.slug)),
                "self": self.api(&format!("workspaces/{}", workspace.slug)),
            },
        })
    }

    /// The workspace as `GET` shows it.
    pub(crate) fn whole_workspace(self, workspace: &Workspace) -> Value {
        let mut shown = self.workspace(workspace);
        if let Some(fields) = shown.as_object_mut() {
            if let Some(links) = fields.get_mut("links").and_then(Value::as_object_mut) {
                let below = |name: &str| self.api(&format!("workspaces/{}/{name}", workspace.slug));
                for name in ["members", "projects"] {
                    links.insert(name.to_owned(), below(name));
                }
                let repositories = self.api(&format!("repositories/{}", workspace.slug));
                links.insert("repositories".to_owned(), repositories);
            }
            fields.insert("is_private".to_owned(), json!(true));
            fields.insert("created_on".to_owned(), json!(written(workspace.created_on)));
        }
        shown
    }

    /// The workspace in the list of an account's workspaces.
    pub(crate) fn workspace_access(self, workspace: &Workspace) -> Value {
        json!({
            "type": "workspace_access",
            "administrator": true,
            "workspace": {
                "type": "workspace_base",
                "uuid": workspace.uuid,
                "slug": workspace.slug,
                "links": {
                    "avatar": self.page(&format!("workspaces/{}/avatar/", workspace.slug)),
                    "self": self.api(&format!("workspaces/{}", workspace.slug)),
                },
            },
        })
    }

    /// A workspace owns its repositories as an account of type `team`.
    fn owner(self, workspace: &Workspace) -> Value {
        let uuid = encoded(&workspace.uuid);
        json!({
            "type": "team",
            "display_name": workspace.slug,
            "uuid": workspace.uuid,
            "username": workspace.slug,
            "links": {
                "self": self.api(&format!("workspaces/{uuid}")),
                "avatar": self.page(&format!("account/{}/avatar/", workspace.slug)),
                "html": self.page(&format!("{uuid}/")),
            },
        })
    }

    fn project(self, workspace: &Workspace) -> Value {
        let path = format!("{}/workspace/projects/PROJ", workspace.slug);
        json!({
            "type": "project",
            "key": "PROJ",
            "uuid": workspace.project_uuid,
            "name": "Project",
            "links": {
                "self": self.api(&format!("workspaces/{}/projects/PROJ", workspace.slug)),
                "html": self.page(&path),
                "avatar": self.page(&format!("{path}/avatar/32")),
            },
        })
    }
}
