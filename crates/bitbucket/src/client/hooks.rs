//! Hooks: reading, making, changing and deleting them
//! (<https://developer.atlassian.com/cloud/bitbucket/rest/api-group-repositories/#api-repositories-workspace-repo-slug-hooks-get>).
//!
//! These calls need the scope `webhook`, and to subscribe to an event also the scope to read what it is about.

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

/// Where a hook is: it hears of one repository, or of all repositories of a workspace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HookPlace {
    /// A repository.
    Repository(RepositoryPath),
    /// A workspace; only its owners may.
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
            _ => return Err("a place is `workspace/slug` or `workspace`"),
        };
        if text.split('/').all(is_segment) {
            Ok(place)
        } else {
            Err("a place is `workspace/slug` or `workspace`")
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

/// A hook as Bitbucket shows it. Its secret is never shown.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Hook {
    /// Its id.
    pub uuid: String,
    /// Where it delivers.
    pub url: String,
    /// What it is for, in words.
    pub description: String,
    /// Whether it delivers at all.
    pub active: bool,
    /// What it hears of.
    pub events: Vec<EventKey>,
    /// Whether it has a secret.
    pub secret_set: bool,
}

/// What a hook is to be.
#[derive(Debug, Clone)]
pub struct HookSpec {
    /// Where it delivers.
    pub url: Url,
    /// What it is for, in words.
    pub description: String,
    /// What it hears of; not empty.
    pub events: Vec<EventKey>,
    /// Its secret; `None` leaves the one that it has.
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
    /// All hooks of a place. `None` in the list is one that cannot be read.
    ///
    /// # Errors
    ///
    /// As for [`Client::comments`]; the same for all calls below. 403 where the credential lacks the scope `webhook`, or its owner
    /// may not.
    pub async fn hooks(&self, place: &HookPlace) -> Result<Vec<Hook>, Error> {
        let mut url = self.hooks_url(place, None);
        url.query_pairs_mut().append_pair("pagelen", "100");
        let listing: Listing<Hook> = self.list("list hooks", url, MAX_PAGES).await?;
        if !listing.complete {
            return Err(Error::AnswerInvalid { operation: "list hooks", reason: "it has too many pages" });
        }
        Ok(listing.items.into_iter().map(|hook| (*hook).clone()).collect())
    }

    /// Makes a hook.
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

    /// Deletes a hook. One that is gone is no error.
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
    fn a_place_reads_back_and_cannot_lead_elsewhere() {
        for text in ["acme", "acme/widgets", "{w}/{r}"] {
            assert_eq!(text.parse::<HookPlace>().unwrap().to_string(), text);
        }
        for bad in ["", "/", "acme/", "../user", "a/b/c", "acme/.."] {
            assert!(bad.parse::<HookPlace>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_hook_shows_no_secret_when_it_is_printed() {
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
