//! The OAuth calls against a scripted server.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "test code")]

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use bitbucket::oauth::{Consumer, OAuth};
use bitbucket::{Category, Error};
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};

type Seen = Arc<Mutex<Vec<String>>>;

async fn scripted(
    State((seen, status, answer)): State<(Seen, u16, &'static str)>,
    headers: HeaderMap,
    uri: Uri,
    body: String,
) -> Response {
    let credential = headers["authorization"].to_str().unwrap();
    seen.lock().unwrap().push(format!("{uri} {credential} {body}"));
    let status = StatusCode::from_u16(status).unwrap();
    (status, [("content-type", "application/json")], answer).into_response()
}

async fn server(status: u16, answer: &'static str) -> (OAuth, Seen) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let seen = Seen::default();
    let routes = Router::new().fallback(scripted).with_state((Arc::clone(&seen), status, answer));
    tokio::spawn(async { axum::serve(listener, routes).await });
    (OAuth::new(&url).unwrap(), seen)
}

fn consumer() -> Consumer {
    Consumer { id: "key".to_owned(), secret: "hunter2".into() }
}

fn now() -> Timestamp {
    "2026-11-24T10:00:00Z".parse().unwrap()
}

const ANSWER: &str = r#"{"access_token": "access-1", "token_type": "bearer", "expires_in": 3600,
    "refresh_token": "refresh-1", "scope": "pullrequest account", "state": "refresh_token"}"#;

#[tokio::test]
async fn refresh_returns_unprintable_tokens() {
    let (oauth, seen) = server(200, ANSWER).await;
    let grant = oauth.refresh(&consumer(), &"refresh-0".into(), now()).await.unwrap();
    assert_eq!(grant.access_token.expose_secret(), "access-1");
    assert_eq!(grant.refresh_token.as_ref().unwrap().expose_secret(), "refresh-1");
    assert_eq!(
        (grant.expires_at, grant.scope.as_str()),
        ("2026-11-24T11:00:00Z".parse().unwrap(), "pullrequest account")
    );
    let printed = format!("{grant:?} {:?}", consumer());
    for secret in ["access-1", "refresh-1", "hunter2"] {
        assert!(!printed.contains(secret), "{printed}");
    }
    // key:hunter2
    let expected =
        "/site/oauth2/access_token Basic a2V5Omh1bnRlcjI= grant_type=refresh_token&refresh_token=refresh-0";
    assert_eq!(*seen.lock().unwrap(), [expected]);
}

#[tokio::test]
async fn requests_match_the_documentation() {
    let (oauth, seen) = server(200, r#"{"access_token": "a", "token_type": "Bearer"}"#).await;
    let grant = oauth.client_credentials(&consumer(), now()).await.unwrap();
    assert!(grant.refresh_token.is_none());
    assert_eq!(grant.expires_at, "2026-11-24T11:00:00Z".parse().unwrap(), "one hour by default");
    let callback = "https://x.example/callback".parse().unwrap();
    oauth.exchange_code(&consumer(), &"c0de".into(), Some(&callback), now()).await.unwrap();
    let seen = seen.lock().unwrap();
    assert!(seen[0].ends_with(" grant_type=client_credentials"), "{}", seen[0]);
    let code = "grant_type=authorization_code&code=c0de&redirect_uri=https%3A%2F%2Fx.example%2Fcallback";
    assert!(seen[1].ends_with(code), "{}", seen[1]);
}

#[test]
fn authorize_url_has_key_and_state_and_no_secret() {
    let oauth = OAuth::new(bitbucket::oauth::BITBUCKET).unwrap();
    let callback = "https://x.example/callback".parse().unwrap();
    let url = oauth.authorize_url(&consumer(), &SecretString::from("a b&c"), &callback);
    let expected = "https://bitbucket.org/site/oauth2/authorize?response_type=code&client_id=key&state=a+b%26c\
                    &redirect_uri=https%3A%2F%2Fx.example%2Fcallback";
    assert_eq!(url.as_str(), expected);
    assert!(OAuth::new("http://bitbucket.org").is_err());
}

#[tokio::test]
async fn error_says_who_has_to_act() {
    for (status, answer, category, retryable, words) in [
        (
            400,
            r#"{"error": "invalid_grant", "error_description": "refresh-0"}"#,
            Category::Auth,
            false,
            "authorize",
        ),
        (
            400,
            r#"{"error": "unauthorized_client", "error_description": "hunter2"}"#,
            Category::Internal,
            false,
            "check key",
        ),
        (401, r#"{"error": "invalid_client"}"#, Category::Internal, false, "check key"),
        (400, r#"{"error": "of_its_own hunter2"}"#, Category::Upstream, true, "unknown OAuth error code"),
        (400, "hunter2", Category::Upstream, true, "not an answer of a token endpoint"),
        (
            200,
            r#"{"access_token": 7, "refresh_token": "refresh-0"}"#,
            Category::Upstream,
            true,
            "not an answer",
        ),
        (200, "", Category::Upstream, true, "empty answer"),
        (503, "refresh-0", Category::Upstream, true, "503"),
        (429, "hunter2", Category::Limit, true, "429"),
    ] {
        let (oauth, _) = server(status, answer).await;
        let error = oauth.refresh(&consumer(), &"refresh-0".into(), now()).await.unwrap_err();
        assert_eq!((error.category(), error.retryable()), (category, retryable), "{answer}: {error}");
        let printed = format!("{error} {error:?}");
        assert!(printed.contains(words), "{printed}");
        assert!(!printed.contains("hunter2") && !printed.contains("refresh-0"), "{printed}");
    }
}

#[tokio::test]
async fn unreachable_server_is_a_retryable_error() {
    let error =
        OAuth::new("http://127.0.0.1:1").unwrap().client_credentials(&consumer(), now()).await.unwrap_err();
    assert!(matches!(error, Error::Unreachable { .. }) && error.retryable(), "{error}");
}
