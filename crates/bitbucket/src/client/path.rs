//! Paths of repositories in URLs of the API.

use serde::Deserialize;
use serde_json::Value;

use crate::ids::RepositoryId;
use crate::payload::Repository;

/// A workspace and a repository as two segments of a path. UUIDs are preferred, because a rename changes slugs; the API
/// accepts both (<https://developer.atlassian.com/cloud/bitbucket/rest/intro/#uri-uuid>).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RepositoryPath {
    /// `{uuid}` or slug.
    pub workspace: String,
    /// `{uuid}` or slug.
    pub repository: String,
}

impl RepositoryPath {
    /// The path of a repository in whichever workspace it is now. Bitbucket resolves a UUID beside an empty workspace
    /// (<https://developer.atlassian.com/cloud/bitbucket/rest/intro/#uri-uuid>).
    pub fn in_any_workspace(id: &RepositoryId) -> Self {
        Self { workspace: "{}".to_owned(), repository: format!("{{{id}}}") }
    }

    /// Reads the path from a `repository` object of a webhook; `None` if it lacks the workspace or the repository.
    pub fn from_payload(repository: &Value) -> Option<Self> {
        let repository = Repository::deserialize(repository).ok()?;
        let (slug_of_workspace, slug) =
            match repository.full_name.as_deref().and_then(|name| name.split_once('/')) {
                Some((workspace, slug)) => (Some(workspace.to_owned()), Some(slug.to_owned())),
                None => (None, None),
            };
        let workspace = repository.workspace.and_then(|workspace| workspace.uuid.or(workspace.slug));
        Some(Self {
            workspace: workspace.or(slug_of_workspace).filter(|name| is_segment(name))?,
            repository: repository.uuid.or(slug).filter(|name| is_segment(name))?,
        })
    }
}

/// True if a name is exactly one segment of a path.
pub(super) fn is_segment(name: &str) -> bool {
    !matches!(name, "" | "." | "..") && !name.contains(['/', '\\'])
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn uuids_are_preferred_to_slugs() {
        let repository =
            json!({"uuid": "{r}", "full_name": "acme/widgets", "workspace": {"uuid": "{w}", "slug": "acme"}});
        let path = RepositoryPath::from_payload(&repository).unwrap();
        assert_eq!((path.workspace.as_str(), path.repository.as_str()), ("{w}", "{r}"));
    }

    #[test]
    fn old_payload_has_slugs_only() {
        let path = RepositoryPath::from_payload(&json!({"full_name": "acme/widgets"})).unwrap();
        assert_eq!((path.workspace.as_str(), path.repository.as_str()), ("acme", "widgets"));
    }

    #[test]
    fn name_cannot_change_the_path() {
        for name in ["../user", "acme/..", "acme/", "/widgets", "acme/a/b"] {
            assert_eq!(RepositoryPath::from_payload(&json!({ "full_name": name })), None, "{name}");
        }
    }
}
