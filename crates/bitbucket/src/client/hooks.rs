//! Calls that list, create, change and delete hooks
//! (<https://developer.atlassian.com/cloud/bitbucket/rest/api-group-repositories/#api-repositories-workspace-repo-slug-hooks-get>).
//!
//! They need the scope `webhook`. To subscribe to an event, they also need the scope to read the event's subject.

use std::fmt;
use std::str::FromStr;

use reqwest::Method;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::{Value, json};
use url::Url;

use super::path::is_segment;
use super::{Client, Listing, MAX_PAGES, RepositoryPath};
use crate::{Error, EventKey};

/// Owner of a hook: one repository, or a workspace for all its repositories.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HookPlace {
    /// A repository.
    Repository(RepositoryPath),
    /// A workspace. Only its owners may manage hooks.
    Workspace(String),
}

impl FromStr for HookPlace {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let place = match text.split('/').collect::<Vec<_>>().as_slice() {
            [workspace] => Self::Workspace((*workspace).to_owned()),
            [workspace, slug] => Self::Repository(RepositoryPath {
                workspace: (*workspace).to_owned(),
                repository: (*slug).to_owned(),
            }),
            _ => return Err("expected `workspace/slug` or `workspace`"),
        };
        if text.split('/').all(is_segment) {
            Ok(place)
        } else {
            Err("expected `workspace/slug` or `workspace`")
        }
    }
}

impl fmt::Display for HookPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Repository(path) => write!(f, "{}/{}", path.workspace, path.repository),
            Self::Workspace(workspace) => f.write_str(workspace),
        }
    }
}

/// A hook as Bitbucket lists it, without its secret.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Hook {
    /// Id of the hook.
    pub uuid: String,
    /// URL that receives the deliveries.
    pub url: String,
    /// Description for people.
    pub description: String,
    /// True if the hook sends deliveries.
    pub active: bool,
    /// Subscribed events.
    pub events: Vec<EventKey>,
    /// True if the hook has a secret.
    pub secret_set: bool,
}

/// Wanted settings of a hook.
#[derive(Debug, Clone)]
pub struct HookSpec {
    /// URL that receives the deliveries.
    pub url: Url,
    /// Description for people.
    pub description: String,
    /// Subscribed events; not empty.
    pub events: Vec<EventKey>,
    /// New secret; `None` keeps the current one.
    pub secret: Option<SecretString>,
}

impl HookSpec {
    fn body(&self) -> Value {
        let mut body = json!({
            "url": self.url,
            "description": self.description,
            "active": true,
            "events": self.events,
        });
        if let (Some(secret), Some(fields)) = (&self.secret, body.as_object_mut()) {
            fields.insert("secret".to_owned(), secret.expose_secret().into());
        }
        body
    }
}

impl Client {
    /// Lists all hooks of a repository or workspace.
    ///
    /// # Errors
    ///
    /// As for [`Client::comments`]; 403 if the credential lacks the scope `webhook`, or its owner may not manage hooks.
    pub async fn hooks(&self, place: &HookPlace) -> Result<Vec<Hook>, Error> {
        let mut url = self.hooks_url(place, None);
        url.query_pairs_mut().append_pair("pagelen", "100");
        let listing: Listing<Hook> = self.list("list hooks", url, MAX_PAGES).await?;
        if !listing.complete {
            return Err(Error::AnswerInvalid { operation: "list hooks", reason: "too many pages" });
        }
        Ok(listing.items.into_iter().map(|hook| (*hook).clone()).collect())
    }

    /// Creates a hook.
    ///
    /// # Errors
    ///
    /// As for [`Client::hooks`].
    pub async fn create_hook(&self, place: &HookPlace, spec: &HookSpec) -> Result<(), Error> {
        let url = self.hooks_url(place, None);
        self.send("create a hook", Method::POST, url, Some(spec.body())).await
    }

    /// Changes a hook.
    ///
    /// # Errors
    ///
    /// As for [`Client::hooks`].
    pub async fn change_hook(&self, place: &HookPlace, uuid: &str, spec: &HookSpec) -> Result<(), Error> {
        let url = self.hooks_url(place, Some(uuid));
        self.send("change a hook", Method::PUT, url, Some(spec.body())).await
    }

    /// Deletes a hook. It is no error if the hook does not exist.
    ///
    /// # Errors
    ///
    /// As for [`Client::hooks`].
    pub async fn delete_hook(&self, place: &HookPlace, uuid: &str) -> Result<(), Error> {
        match self.send("delete a hook", Method::DELETE, self.hooks_url(place, Some(uuid)), None).await {
            Err(Error::Api { status: 404 | 410, .. }) => Ok(()),
            answer => answer,
        }
    }

    fn hooks_url(&self, place: &HookPlace, uuid: Option<&str>) -> Url {
        let path = match place {
            HookPlace::Repository(path) => {
                ["repositories", &path.workspace, &path.repository, "hooks"].to_vec()
            }
            HookPlace::Workspace(workspace) => ["workspaces", workspace, "hooks"].to_vec(),
        };
        self.url(path.into_iter().chain(uuid))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn place_round_trips_and_cannot_change_the_path() {
        for text in ["acme", "acme/widgets", "{w}/{r}"] {
            assert_eq!(text.parse::<HookPlace>().unwrap().to_string(), text);
        }
        for bad in ["", "/", "acme/", "../user", "a/b/c", "acme/.."] {
            assert!(bad.parse::<HookPlace>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn debug_output_of_a_hook_has_no_secret() {
        let spec = HookSpec {
            url: "https://example.com/webhook/acme".parse().unwrap(),
            description: String::new(),
            events: vec![EventKey::CommentCreated],
            secret: Some("hunter2".into()),
        };
        assert!(!format!("{spec:?}").contains("hunter2"));
        assert_eq!(spec.body()["secret"], "hunter2");
    }
}
