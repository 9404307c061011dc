//! Calls that read repositories, by name or of a workspace
//! (<https://developer.atlassian.com/cloud/bitbucket/rest/api-group-repositories/#api-repositories-workspace-get>).

use super::{Client, Listing, MAX_PAGES, RepositoryPath};
use crate::Error;
use crate::payload::{Document, Repository};

/// Fields of a webhook's `repository`. Events that a poll finds get the same ones.
const FIELDS: [&str; 13] = [
    "type",
    "uuid",
    "name",
    "full_name",
    "links.self",
    "links.html",
    "links.avatar",
    "scm",
    "website",
    "owner",
    "workspace",
    "is_private",
    "project",
];

impl Client {
    /// Gets a repository; `None` if it does not exist, or the credential may not see it.
    ///
    /// # Errors
    ///
    /// As for [`Client::comments`].
    pub async fn repository(&self, path: &RepositoryPath) -> Result<Option<Document<Repository>>, Error> {
        let mut url = self.repository_url(path, &[]);
        url.query_pairs_mut().append_pair("fields", &FIELDS.join(","));
        self.find("get repository", url).await
    }

    /// Lists the repositories of a workspace that the credential may see, up to 2,000, the oldest first.
    ///
    /// # Errors
    ///
    /// As for [`Client::comments`]; 404 if there is no such workspace.
    pub async fn repositories(&self, workspace: &str) -> Result<Listing<Repository>, Error> {
        let fields = FIELDS.map(|field| format!("values.{field}")).join(",");
        let mut url = self.url(["repositories", workspace]);
        url.query_pairs_mut()
            .append_pair("sort", "created_on")
            .append_pair("pagelen", "100")
            .append_pair("fields", &format!("next,{fields}"));
        self.list("list repositories", url, MAX_PAGES).await
    }
}
