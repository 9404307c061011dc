//! Queries of the pages on which a person authorizes a link.
//!
//! Bitbucket is unreachable here, so no grant may be stored. No page shows markup of a query, a nonce or a state, and
//! each has the security headers.

use axum::Router;
use relay::LinkId;
use serde_json::{Map, Value, json};
use store::Clock as _;
use store::links::tokens::GrantStore as _;
use store::memory::{MemoryGrants, MemoryLinks, MemoryTable};
use store::open_authorization;
use tokio::runtime::Runtime;
use webhook::event::{HttpAnswer, HttpEvent, answer};
use webhook::oauth::{Pages, PagesSettings, router};

use super::support::{SharedClock, link, list, shared, text};
use crate::target::Target;
use crate::traits::Traits;

/// Statuses of the pages. 503 is for Bitbucket, which does not answer.
const STATUSES: [u16; 7] = [200, 303, 400, 403, 404, 405, 409];
const UNREACHABLE: u16 = 503;

const CONSUMER_SECRET: &str = "the secret of the consumer";

/// Nothing listens here (the port `discard`).
const NOWHERE: &str = "http://127.0.0.1:9";

/// The tags of a page. Anything else would come from a query.
const TAGS: [&str; 21] = [
    "!doctype html",
    "html lang=\"en\"",
    "head",
    "meta charset=\"utf-8\"",
    "meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"",
    "meta name=\"color-scheme\" content=\"light dark\"",
    "title",
    "style",
    "/style",
    "/title",
    "/head",
    "body",
    "main",
    "/main",
    "h1",
    "/h1",
    "p",
    "/p",
    "pre",
    "/pre",
    "/body",
];

#[derive(Debug)]
struct Authorizations {
    runtime: Runtime,
    table: MemoryTable,
    grants: MemoryGrants,
    clock: SharedClock,
    routes: Router,
}

/// Makes the target. An input is a list of requests `{"method", "path", "query", "after"}`; `{nonce}` stands for a
/// nonce that was just issued, and `{state}` for the state of the last redirect to Bitbucket. `after` are seconds
/// before it.
pub fn make() -> Box<dyn Target> {
    // Not paused: a connection is really tried, and refused.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (table, grants, clock) = (MemoryTable::default(), MemoryGrants::default(), SharedClock::start());
    // The pages make two HTTP clients, which takes long, so they serve all inputs.
    let routes = routes(&table, &grants, &clock);
    Box::new(Authorizations { runtime, table, grants, clock, routes })
}

type TestPages = Pages<MemoryTable, MemoryLinks, MemoryGrants, SharedClock>;

impl Target for Authorizations {
    fn run(&mut self, input: &Value) -> Traits {
        let mut traits = Traits::default();
        self.runtime.block_on(async {
            let nonce = open_authorization(&self.table, &link(), self.clock.now()).await.unwrap();
            let mut state = String::new();
            for request in list(input, "requests") {
                self.clock.0.advance_seconds(request["after"].as_i64().unwrap_or_default().clamp(0, 3_600));
                let query = text(request, "query").unwrap_or_default();
                let query = query.replace("{nonce}", nonce.expose()).replace("{state}", &state);
                let Some(event) = event(request, &query) else { continue };
                let answered = answer(self.routes.clone(), event).await;
                state = check(&answered, &query, nonce.expose(), &state).unwrap_or(state);
                traits.note((answered.status(), title(&answered), state.is_empty()));
            }
            assert!(
                self.grants.load(&link()).await.unwrap().is_none(),
                "a grant was stored without Bitbucket"
            );
        });
        traits
    }
}

fn routes(table: &MemoryTable, grants: &MemoryGrants, clock: &SharedClock) -> Router {
    let links = MemoryLinks::default();
    for (id, credential) in [
        ("acme", json!({ "type": "app-oauth", "client_id": "key", "client_secret": CONSUMER_SECRET })),
        ("other", json!({ "type": "bearer", "token": "a token" })),
    ] {
        let document = json!({
            "version": 1,
            "template": "bitbucket-app-oauth",
            "webhook_secrets": [{ "value": "s", "created_at": "2026-11-24T00:00:00Z" }],
            "credential": credential,
        });
        links.set(&id.parse::<LinkId>().unwrap(), document.to_string());
    }
    let settings = PagesSettings {
        public_url: Some("https://bitrelay.example".parse().unwrap()),
        oauth_url: format!("{NOWHERE}/site/oauth2"),
        api_url: format!("{NOWHERE}/2.0"),
    };
    let pages: TestPages = Pages::new(table.clone(), links, grants.clone(), clock.clone(), settings);
    router(shared(pages))
}

fn event(request: &Value, query: &str) -> Option<HttpEvent> {
    let event = json!({
        "rawPath": request.get("path")?,
        "rawQueryString": query,
        "headers": request.get("headers").cloned().unwrap_or_else(|| Map::new().into()),
        "requestContext": { "http": { "method": text(request, "method").unwrap_or("GET") } },
    });
    serde_json::from_value(event).ok()
}

/// Checks an answer, and returns the state in it if it leads to Bitbucket.
fn check(answered: &HttpAnswer, query: &str, nonce: &str, state: &str) -> Option<String> {
    let answer = json!(answered);
    let (status, html) = (answered.status(), answer["body"].as_str().unwrap_or_default());
    assert!(
        STATUSES.contains(&status) || (status == UNREACHABLE && !state.is_empty()),
        "{status} for {query}"
    );
    let location = answer["headers"]["location"].as_str().unwrap_or_default();
    for secret in [nonce, state, CONSUMER_SECRET] {
        let is_shown = !secret.is_empty() && (html.contains(secret) || location.contains(secret));
        assert!(!is_shown, "the answer to {query} shows a secret");
    }
    for tag in html.split('<').skip(1).filter_map(|rest| rest.split('>').next()) {
        assert!(TAGS.contains(&tag) || tag == "/html", "the page for {query} has the tag {tag:?}");
    }
    if answer["headers"]["content-type"] == "application/json" || status == 404 {
        // Not a page: the request is malformed, or has another path.
        return None;
    }
    for header in ["content-security-policy", "referrer-policy", "cache-control"] {
        assert!(answer["headers"].get(header).is_some(), "no {header} in the answer to {query}");
    }
    if !location.starts_with(NOWHERE) {
        assert!(
            location.is_empty() || location.starts_with("https://bitrelay.example/success?id="),
            "{location}"
        );
        return None;
    }
    let url = reqwest::Url::parse(location).unwrap();
    url.query_pairs().find(|(name, _)| name == "state").map(|(_, state)| state.into_owned())
}

fn title(answered: &HttpAnswer) -> String {
    let answer = json!(answered);
    let html = answer["body"].as_str().unwrap_or_default();
    html.split("<title>").nth(1).and_then(|rest| rest.split("</title>").next()).unwrap_or_default().to_owned()
}
