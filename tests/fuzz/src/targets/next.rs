//! Links to further pages. The credential goes to the API's own origin and nowhere else, and no other goes with it.

use std::sync::{Arc, Mutex};

use bitbucket::client::{Api, RepositoryPath, Sent, Transport};
use bitbucket::{Credential, PullRequestId};
use reqwest::{Request, Response};
use serde_json::{Value, json};
use tokio::runtime::Runtime;
use url::Url;

use super::support::{TOKEN, runtime, text};
use crate::target::Target;
use crate::traits::{Traits, rough};

const BASE: &str = "https://api.bitbucket.org/2.0";

/// Calls of one listing at most.
const ALLOWANCE: u32 = 6;

#[derive(Debug)]
struct Links {
    runtime: Runtime,
    api: Api,
}

/// Makes the target. An input is `{"next": link, "diffstat": link, "stored": link}`.
pub fn make() -> Box<dyn Target> {
    Box::new(Links { runtime: runtime(), api: super::api::shared_api() })
}

/// Answers each request with one page that names the same next page, and keeps the requests.
#[derive(Debug)]
struct Pages {
    next: Value,
    requests: Mutex<Vec<Request>>,
}

impl Transport for Pages {
    fn send(&self, request: Request) -> Sent<'_> {
        self.requests.lock().unwrap().push(request);
        let page = json!({ "values": [{ "id": 1 }], "next": self.next });
        Box::pin(async move { Ok(Response::from(http::Response::new(page.to_string()))) })
    }
}

impl Target for Links {
    fn run(&mut self, input: &Value) -> Traits {
        let mut traits = Traits::default();
        let pages = Arc::new(Pages { next: input["next"].clone(), requests: Mutex::default() });
        let api = self.api.with_transport(Arc::clone(&pages) as Arc<dyn Transport>);
        let client = api.client(Credential::Bearer { token: TOKEN.into() }, ALLOWANCE);
        let repository = RepositoryPath { workspace: "acme".to_owned(), repository: "widgets".to_owned() };
        self.runtime.block_on(async {
            let listed = client.comments(&repository, PullRequestId(7)).await;
            let listed = listed.map(|listing| (rough(listing.items.len()), listing.complete));
            traits.note(("comments", listed.map_err(|error| error.to_string())));
            let counted = client.count_changed_files(text(input, "diffstat").unwrap_or_default()).await;
            traits.note(("diffstat", counted.map_err(|error| error.to_string())));
            let client = api.client(Credential::Bearer { token: TOKEN.into() }, ALLOWANCE);
            let further = client.further_pull_requests(text(input, "stored").unwrap_or_default()).await;
            traits.note(("stored", further.map(|it| it.complete).map_err(|error| error.to_string())));
        });
        let own = Url::parse(BASE).unwrap();
        for request in pages.requests.lock().unwrap().iter() {
            let url = request.url();
            assert_eq!(url.origin(), own.origin(), "a request left the API: {url}");
            let credentials: Vec<_> = request.headers().get_all("authorization").iter().collect();
            assert_eq!(credentials, [format!("Bearer {TOKEN}").as_str()], "of the request to {url}");
            traits.note((url.path().len().min(40) / 8, url.query().is_some(), url.fragment().is_some()));
        }
        traits
    }
}
