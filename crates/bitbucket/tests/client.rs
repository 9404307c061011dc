//! The REST client against a scripted server.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "test code")]

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use bitbucket::client::{Api, Client, MAX_PAGES, RepositoryPath};
use bitbucket::{CommentId, Credential, Error, PullRequestId, RateLimit};

type Answer = fn(&str, &Uri) -> Response;

struct Server {
    url: String,
    seen: Arc<Mutex<Vec<(String, String)>>>,
}

struct Behaviour {
    url: String,
    seen: Arc<Mutex<Vec<(String, String)>>>,
    answer: Answer,
}

impl Server {
    async fn start(answer: Answer) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let seen = Arc::new(Mutex::new(Vec::new()));
        let behaviour = Arc::new(Behaviour { url: url.clone(), seen: Arc::clone(&seen), answer });
        let routes = Router::new().fallback(scripted).with_state(behaviour);
        tokio::spawn(async { axum::serve(listener, routes).await });
        Self { url, seen }
    }

    fn client(&self, allowance: u32) -> Client {
        let credential = Credential::Basic {
            username: "alice@example.com".to_owned(),
            password: "token".to_owned().into(),
        };
        Api::new(&format!("{}/2.0", self.url)).unwrap().client(credential, allowance)
    }

    fn paths(&self) -> Vec<String> {
        self.seen.lock().unwrap().iter().map(|(path, _)| path.clone()).collect()
    }
}

async fn scripted(State(script): State<Arc<Behaviour>>, headers: HeaderMap, uri: Uri) -> Response {
    let credential = headers["authorization"].to_str().unwrap().to_owned();
    script.seen.lock().unwrap().push((uri.to_string(), credential));
    (script.answer)(&script.url, &uri)
}

fn repository() -> RepositoryPath {
    RepositoryPath { workspace: "{w}".to_owned(), repository: "{r}".to_owned() }
}

const PULL_REQUEST: PullRequestId = PullRequestId(7);

#[tokio::test]
async fn listing_is_read_page_by_page_with_the_credential() {
    let server = Server::start(|url, uri| {
        if uri.query().unwrap().contains("page=2") {
            r#"{"values": [{"id": 2}]}"#.into_response()
        } else {
            format!(r#"{{"values": [{{"id": 1}}], "next": "{url}/2.0/elsewhere?page=2"}}"#).into_response()
        }
    })
    .await;
    let listing = server.client(10).comments(&repository(), PULL_REQUEST).await.unwrap();
    let ids: Vec<_> = listing.items.iter().map(|comment| comment.id().unwrap()).collect();
    assert_eq!((ids, listing.complete), (vec![CommentId(1), CommentId(2)], true));
    let first = "/2.0/repositories/%7Bw%7D/%7Br%7D/pullrequests/7/comments?pagelen=100&sort=-updated_on";
    assert_eq!(server.paths(), [first, "/2.0/elsewhere?page=2"]);
    // alice@example.com:token
    assert_eq!(server.seen.lock().unwrap()[0].1, "Basic YWxpY2VAZXhhbXBsZS5jb206dG9rZW4=");
}

#[tokio::test]
async fn endless_listing_is_incomplete() {
    let server = Server::start(|url, _| {
        format!(r#"{{"values": [], "next": "{url}/2.0/again?page=9"}}"#).into_response()
    })
    .await;
    let listing = server.client(1_000).comments(&repository(), PULL_REQUEST).await.unwrap();
    assert!(!listing.complete);
    assert_eq!(server.paths().len(), MAX_PAGES);
}

#[tokio::test]
async fn credential_is_not_sent_to_another_host() {
    let server =
        Server::start(|_, _| r#"{"values": [], "next": "https://example.com/2.0/comments"}"#.into_response())
            .await;
    let error = server.client(10).comments(&repository(), PULL_REQUEST).await.unwrap_err();
    assert!(matches!(error, Error::AnswerInvalid { .. }), "{error}");
    assert_eq!(server.paths().len(), 1);
}

#[tokio::test]
async fn page_with_a_user_in_its_address_is_not_requested() {
    let server = Server::start(|host, _| {
        format!(r#"{{"values": [], "next": "{}"}}"#, host.replace("http://", "http://alice:hunter2@"))
            .into_response()
    })
    .await;
    let client = server.client(10);
    let error = client.comments(&repository(), PULL_REQUEST).await.unwrap_err();
    assert!(matches!(error, Error::AnswerInvalid { .. }), "{error}");
    assert_eq!(server.paths().len(), 1);
}

#[tokio::test]
async fn answer_with_too_many_levels_is_invalid() {
    let server = Server::start(|_, uri| {
        // The number of the pull request is the number of levels in its comment.
        let levels = uri.path().split('/').rev().nth(1).unwrap().parse().unwrap();
        format!(r#"{{"values": [{}{}]}}"#, "[".repeat(levels), "]".repeat(levels)).into_response()
    })
    .await;
    for (levels, is_valid) in [(62, true), (63, false), (120, false)] {
        let listed = server.client(1).comments(&repository(), PullRequestId(levels)).await;
        assert_eq!(listed.is_ok(), is_valid, "{levels}");
    }
}

#[tokio::test]
async fn allowance_limits_the_calls_of_all_clones() {
    let server = Server::start(|_, _| r#"{"values": []}"#.into_response()).await;
    let client = server.client(3);
    let also = client.clone();
    for client in [&client, &also, &client] {
        client.comments(&repository(), PULL_REQUEST).await.unwrap();
    }
    let error = also.tasks(&repository(), PULL_REQUEST).await.unwrap_err();
    assert!(matches!(error, Error::AllowanceSpent { .. }), "{error}");
    assert_eq!((server.paths().len(), client.calls_left()), (3, 0));
}

#[tokio::test]
async fn missing_comment_is_none_and_missing_listing_an_error() {
    let server =
        Server::start(|_, _| (StatusCode::NOT_FOUND, r#"{"error": {"message": "No"}}"#).into_response())
            .await;
    let client = server.client(10);
    assert!(client.comment(&repository(), PULL_REQUEST, CommentId(1)).await.unwrap().is_none());
    let error = client.comments(&repository(), PULL_REQUEST).await.unwrap_err();
    assert_eq!(error.to_string(), "Bitbucket answered 404 to list comments: No");
}

#[tokio::test]
async fn throttling_error_has_retry_after_if_sent() {
    let server = Server::start(|_, uri| {
        let text = "Rate limit for this resource has been exceeded";
        if uri.path().ends_with("tasks") {
            return (StatusCode::TOO_MANY_REQUESTS, text).into_response();
        }
        (StatusCode::TOO_MANY_REQUESTS, [("retry-after", "90")], text).into_response()
    })
    .await;
    let client = server.client(10);
    let with_header = client.comments(&repository(), PULL_REQUEST).await.unwrap_err();
    assert!(
        matches!(with_header, Error::Api { status: 429, retry_after_seconds: Some(90), .. }),
        "{with_header}"
    );
    let without = client.tasks(&repository(), PULL_REQUEST).await.unwrap_err();
    assert!(matches!(without, Error::Api { status: 429, retry_after_seconds: None, .. }), "{without}");
    assert!(with_header.retryable());
}

#[tokio::test]
async fn clones_share_the_latest_rate_limit() {
    let server = Server::start(|_, uri| {
        let near_limit = uri.path().ends_with("tasks").to_string();
        let headers = [("x-ratelimit-limit", "2500"), ("x-ratelimit-resource", "api")];
        (headers, [("x-ratelimit-nearlimit", near_limit)], r#"{"values": []}"#).into_response()
    })
    .await;
    let client = server.client(10);
    let also = client.clone();
    assert_eq!(client.rate_limit(), None);
    client.tasks(&repository(), PULL_REQUEST).await.unwrap();
    let near = RateLimit { calls_per_hour: Some(2_500), near_limit: Some(true) };
    assert_eq!(also.rate_limit(), Some(near));
    also.comments(&repository(), PULL_REQUEST).await.unwrap();
    assert_eq!(client.rate_limit(), Some(RateLimit { near_limit: Some(false), ..near }));
}

#[tokio::test]
async fn rate_limit_is_read_from_errors_and_garbage_ignored() {
    let server = Server::start(|_, uri| {
        let [limit, near] = if uri.path().ends_with("tasks") { ["200", "true"] } else { ["\u{ff}", "?"] };
        let limit = axum::http::HeaderValue::from_bytes(limit.as_bytes()).unwrap();
        let headers = [("x-ratelimit-limit", limit)];
        (StatusCode::TOO_MANY_REQUESTS, headers, [("x-ratelimit-nearlimit", near)]).into_response()
    })
    .await;
    let client = server.client(10);
    client.comments(&repository(), PULL_REQUEST).await.unwrap_err();
    assert_eq!(client.rate_limit(), None);
    client.tasks(&repository(), PULL_REQUEST).await.unwrap_err();
    client.comments(&repository(), PULL_REQUEST).await.unwrap_err();
    let limit = RateLimit { calls_per_hour: Some(200), near_limit: Some(true) };
    assert_eq!(client.rate_limit(), Some(limit));
}

#[tokio::test]
async fn tokens_are_sent_over_https_only() {
    assert!(Api::new("http://api.example.com/2.0").is_err());
    assert!(Api::new("file:///etc").is_err());
    assert!(Api::new("https://api.bitbucket.org/2.0").is_ok());
}

#[tokio::test]
async fn whoami_returns_the_account() {
    let server = Server::start(|_, _| {
        r#"{"type": "user", "uuid": "{u}", "display_name": "Alice", "nickname": "alice", "links": {}}"#
            .into_response()
    })
    .await;
    let account = server.client(1).whoami().await.unwrap().account.unwrap();
    assert_eq!((account.uuid.as_deref(), account.display_name.as_deref()), (Some("{u}"), Some("Alice")));
    assert_eq!(server.paths(), ["/2.0/user"]);
}

#[tokio::test]
async fn whoami_returns_name_and_scopes_if_bitbucket_sends_them() {
    let server = Server::start(|_, _| {
        ([("x-oauth-scopes", "pullrequest, webhook")], r#"{"display_name": "alice"}"#).into_response()
    })
    .await;
    let who = server.client(1).whoami().await.unwrap();
    assert_eq!((who.name(), who.scopes.as_deref()), (Some("alice"), Some("pullrequest, webhook")));

    let forbidden = Server::start(|_, _| StatusCode::FORBIDDEN.into_response()).await;
    assert_eq!(
        forbidden.client(1).whoami().await.unwrap().name(),
        None,
        "valid, without the scope `account`"
    );
    let invalid = Server::start(|_, _| StatusCode::UNAUTHORIZED.into_response()).await;
    assert!(matches!(invalid.client(1).whoami().await, Err(Error::Api { status: 401, .. })));
}

#[tokio::test]
async fn deleting_a_hook_costs_one_call() {
    let server = Server::start(|_, uri| {
        let gone = uri.path().ends_with("gone%7D");
        if gone { StatusCode::NOT_FOUND } else { StatusCode::NO_CONTENT }.into_response()
    })
    .await;
    let (client, place) = (server.client(2), "acme/widgets".parse().unwrap());
    client.delete_hook(&place, "{here}").await.unwrap();
    client.delete_hook(&place, "{gone}").await.unwrap();
    let spent = client.delete_hook(&place, "{here}").await.unwrap_err();
    assert!(matches!(spent, Error::AllowanceSpent { .. }), "{spent}");
    let paths = [
        "/2.0/repositories/acme/widgets/hooks/%7Bhere%7D",
        "/2.0/repositories/acme/widgets/hooks/%7Bgone%7D",
    ];
    assert_eq!(server.paths(), paths);
}

const MIB: usize = 1024 * 1024;

fn parameter(uri: &Uri, name: &str) -> usize {
    let pairs = uri.query().unwrap_or_default().split('&').filter_map(|pair| pair.split_once('='));
    pairs.filter(|(other, _)| *other == name).map(|(_, value)| value.parse().unwrap()).next().unwrap_or(1)
}

/// Answers with a page of comments whose texts have these bytes, by id from 0.
fn page_of(url: &str, uri: &Uri, bytes: impl Fn(usize) -> usize, count: usize) -> Response {
    let (items, page) = (parameter(uri, "pagelen"), parameter(uri, "page"));
    let shown = ((page - 1) * items..page * items).take_while(|id| *id < count);
    let comments: Vec<_> = shown
        .map(|id| format!(r#"{{"id": {id}, "content": {{"raw": "{}"}}}}"#, "x".repeat(bytes(id))))
        .collect();
    let next = if page * items < count {
        format!(r#", "next": "{url}{}?pagelen={items}&page={}""#, uri.path(), page + 1)
    } else {
        String::new()
    };
    format!(r#"{{"values": [{}]{next}}}"#, comments.join(",")).into_response()
}

/// Lists comments with `allowance` calls; returns their ids, and the listing.
async fn ids_of(
    server: &Server,
    allowance: u32,
) -> (Vec<u64>, bitbucket::client::Listing<bitbucket::payload::Comment>) {
    let listing = server.client(allowance).comments(&repository(), PULL_REQUEST).await.unwrap();
    (listing.items.iter().map(|comment| comment.id().unwrap().0).collect(), listing)
}

/// 250 comments. Six of the second hundred have 3 MiB each, and one has 11 MiB.
fn some_large_comments(url: &str, uri: &Uri) -> Response {
    let bytes = |id| match id {
        112..=117 => 3 * MIB,
        131 => 11 * MIB,
        _ => 9,
    };
    page_of(url, uri, bytes, 250)
}

#[tokio::test]
async fn page_that_is_too_large_is_read_in_smaller_pages() {
    let server = Server::start(some_large_comments).await;
    let (ids, listing) = ids_of(&server, 1_000).await;
    assert_eq!(ids, (0..250).filter(|id| *id != 131).collect::<Vec<_>>());
    assert_eq!((listing.complete, listing.too_large), (true, 1), "only the one of 11 MiB is missing");
    // Two of a hundred and the last, one that was too large, ten of ten, and twice ten of one.
    assert_eq!(server.paths().len(), 3 + 10 + 20);
    assert!(server.paths()[2].contains("pagelen=10&page=11"), "{:?}", server.paths());
}

#[tokio::test]
async fn refused_pages_of_one_item_leave_ten_items_out() {
    let server = Server::start(|url, uri| {
        if parameter(uri, "pagelen") == 1 {
            return (StatusCode::BAD_REQUEST, r#"{"error": {"message": "Invalid pagelen"}}"#).into_response();
        }
        some_large_comments(url, uri)
    })
    .await;
    let (ids, listing) = ids_of(&server, 1_000).await;
    let is_left_out = |id: &u64| (110..120).contains(id) || (130..140).contains(id);
    assert_eq!(ids, (0..250).filter(|id| !is_left_out(id)).collect::<Vec<_>>());
    assert_eq!((listing.complete, listing.too_large), (true, 20));
    assert_eq!(server.paths().len(), 3 + 10 + 2);
}

#[tokio::test]
async fn smaller_pages_stay_within_the_allowance() {
    let server = Server::start(some_large_comments).await;
    let (ids, listing) = ids_of(&server, 4).await;
    assert_eq!(ids, (0..120).filter(|id| *id < 110).collect::<Vec<_>>());
    assert!(!listing.complete);
    assert_eq!(server.paths().len(), 4);
}

#[tokio::test]
async fn listing_of_large_items_ends_at_its_limit() {
    let server = Server::start(|url, uri| page_of(url, uri, |_| 2 * MIB, 5_000)).await;
    let (ids, listing) = ids_of(&server, 1_000).await;
    assert_eq!(ids, (0..ids.len() as u64).collect::<Vec<_>>(), "the first ones, without a gap");
    assert_eq!((ids.len(), listing.complete), (12, false), "24 MiB");
    // Those of a hundred and of ten are too large.
    assert_eq!(server.paths().len(), 1 + 1 + 10 + 1 + 2);
}

#[tokio::test]
async fn pull_request_that_is_too_large_is_read_without_its_long_fields() {
    let server = Server::start(|_, uri| {
        let description = if uri.query().is_some() { String::new() } else { "x".repeat(11 * MIB) };
        format!(r#"{{"id": 7, "description": "{description}"}}"#).into_response()
    })
    .await;
    let shown = server.client(10).pull_request(&repository(), PULL_REQUEST).await.unwrap();
    assert_eq!(shown.id(), Some(PULL_REQUEST));
    let fields = "fields=-rendered%2C-summary%2C-description%2C-participants%2C-reviewers";
    assert!(server.paths()[1].ends_with(fields), "{:?}", server.paths());
}
