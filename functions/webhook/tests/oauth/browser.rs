//! A browser that opens our pages and those of Bitbucket.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use http::{HeaderMap, Request, StatusCode};
use tower::ServiceExt;
use url::Url;
use webhook::oauth::router;

use crate::world::{PUBLIC_URL, TestPages};

pub(crate) struct Browser {
    pages: Router,
    http: reqwest::Client,
}

/// An answer of our pages.
#[derive(Debug)]
pub(crate) struct Seen {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Seen {
    /// Target of a redirect.
    #[track_caller]
    pub(crate) fn location(&self) -> String {
        assert_eq!(self.status, 303, "{}", self.body);
        self.headers["location"].to_str().unwrap().to_owned()
    }

    /// Asserts that the page shows this error.
    #[track_caller]
    pub(crate) fn refuses(&self, status: u16, title: &str) {
        assert_eq!(self.status, status, "{}", self.body);
        assert!(self.body.contains(&format!("<h1>{title}</h1>")), "{}", self.body);
        assert!(self.body.contains("Nothing was stored"), "{}", self.body);
        self.is_guarded();
    }

    /// Asserts that the answer has the security headers.
    #[track_caller]
    pub(crate) fn is_guarded(&self) {
        let header = |name: &str| self.headers.get(name).map(|value| value.to_str().unwrap());
        let policy = header("content-security-policy").unwrap();
        assert!(
            policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"),
            "{policy}"
        );
        assert_eq!(header("x-content-type-options"), Some("nosniff"));
        assert_eq!(header("referrer-policy"), Some("no-referrer"));
        assert_eq!(header("cache-control"), Some("no-store"));
        if self.status != 303 {
            assert_eq!(header("content-type"), Some("text/html; charset=utf-8"));
            assert!(!self.body.contains("<script"), "{}", self.body);
        }
    }
}

impl Browser {
    pub(crate) fn new(pages: TestPages) -> Self {
        let redirect = reqwest::redirect::Policy::none();
        let http = reqwest::Client::builder().redirect(redirect).no_proxy().build().unwrap();
        Self { pages: router(Arc::new(pages)), http }
    }

    pub(crate) async fn get(&self, path: &str) -> Seen {
        self.send(Request::get(path).body(Body::empty()).unwrap()).await
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Seen {
        let response = self.pages.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = axum::body::to_bytes(body, 1 << 20).await.unwrap();
        Seen { status: parts.status, headers: parts.headers, body: String::from_utf8(body.to_vec()).unwrap() }
    }

    /// Opens Bitbucket's page and presses one of its buttons. Returns the path of our page that follows.
    pub(crate) async fn decides(&self, page: &str, decision: &str) -> String {
        let shown = self.http.get(page).send().await.unwrap();
        assert_eq!(shown.status(), 200, "{page}");
        let page = Url::parse(page).unwrap();
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        form.extend_pairs(page.query_pairs()).append_pair("user", "alice").append_pair("decision", decision);
        let mut action = page.clone();
        action.set_query(None);
        let request = self.http.post(action).header("content-type", "application/x-www-form-urlencoded");
        let answer = request.body(form.finish()).send().await.unwrap();
        assert_eq!(answer.status(), 302);
        path(answer.headers()["location"].to_str().unwrap())
    }
}

/// Path of one of our URLs.
pub(crate) fn path(address: &str) -> String {
    address.strip_prefix(PUBLIC_URL).unwrap_or_else(|| panic!("{address} is not ours")).to_owned()
}

/// The path with another value of a parameter; `None` removes it.
pub(crate) fn with(path: &str, name: &str, value: Option<&str>) -> String {
    let mut url = Url::parse(PUBLIC_URL).unwrap().join(path).unwrap();
    let mut pairs: Vec<(String, String)> = url.query_pairs().into_owned().collect();
    pairs.retain(|(key, _)| key != name);
    pairs.extend(value.map(|value| (name.to_owned(), value.to_owned())));
    url.query_pairs_mut().clear().extend_pairs(pairs);
    format!("{}?{}", url.path(), url.query().unwrap_or_default())
}

/// Value of a parameter.
pub(crate) fn parameter(address: &str, name: &str) -> String {
    let url = Url::parse(PUBLIC_URL).unwrap().join(address).unwrap();
    url.query_pairs().find(|(key, _)| key == name).unwrap().1.into_owned()
}
