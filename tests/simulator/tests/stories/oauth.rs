//! OAuth: the page, the codes, the tokens and their ends.

use crate::stage::{Stage, expect, settings};
use axum::http::StatusCode;
use reqwest::redirect::Policy;
use serde_json::{Value, json};
use std::collections::HashMap;
use url::Url;

const CALLBACK: &str = "https://bitrelay.example/callback";

struct Browser {
    stage: Stage,
    http: reqwest::Client,
}

impl Browser {
    async fn open() -> Self {
        let stage = Stage::without_hook(settings()).await;
        let consumer = json!({ "key": "key", "secret": "secret", "callback_url": CALLBACK });
        expect(201, stage.control("consumers", consumer).await);
        let http = reqwest::Client::builder().redirect(Policy::none()).no_proxy().build().unwrap();
        Self { stage, http }
    }

    fn url(&self, path: &str) -> String {
        format!("{}/site/oauth2/{path}", self.stage.simulator.url())
    }

    async fn page(&self, query: &[(&str, &str)]) -> (StatusCode, String) {
        let answer = self.http.get(self.url("authorize")).query(query).send().await.unwrap();
        (answer.status(), answer.text().await.unwrap())
    }

    /// Submits the form and returns the address of the redirect.
    async fn submit(&self, fields: &[(&str, &str)]) -> HashMap<String, String> {
        let answer = self.post("authorize", None, fields).await;
        assert_eq!(answer.status(), 302);
        let url = Url::parse(answer.headers()["location"].to_str().unwrap()).unwrap();
        assert!(url.as_str().starts_with(CALLBACK), "{url}");
        url.query_pairs().into_owned().collect()
    }

    async fn code(&self) -> String {
        let fields = [("client_id", "key"), ("decision", "allow"), ("user", "alice"), ("state", "s&t")];
        let back = self.submit(&fields).await;
        assert_eq!(back["state"], "s&t");
        back["code"].clone()
    }

    async fn post(
        &self,
        path: &str,
        basic: Option<(&str, &str)>,
        fields: &[(&str, &str)],
    ) -> reqwest::Response {
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        form.extend_pairs(fields);
        let mut request = self.http.post(self.url(path)).body(form.finish());
        request = request.header("content-type", "application/x-www-form-urlencoded");
        if let Some((key, secret)) = basic {
            request = request.basic_auth(key, Some(secret));
        }
        request.send().await.unwrap()
    }

    async fn token(&self, status: u16, fields: &[(&str, &str)]) -> Value {
        let answer = self.post("access_token", Some(("key", "secret")), fields).await;
        let found = answer.status();
        let body: Value = answer.json().await.unwrap();
        assert_eq!(found, status, "{body}");
        body
    }

    async fn refresh(&self, status: u16, token: &Value) -> Value {
        let token = token["refresh_token"].as_str().unwrap();
        self.token(status, &[("grant_type", "refresh_token"), ("refresh_token", token)]).await
    }

    async fn user(&self, token: &Value) -> (StatusCode, Value) {
        let url = format!("{}/2.0/user", self.stage.simulator.url());
        let request = self.http.get(url).bearer_auth(token["access_token"].as_str().unwrap());
        let answer = request.send().await.unwrap();
        (answer.status(), answer.json().await.unwrap())
    }
}

#[tokio::test]
async fn allowing_gives_a_code_that_works_once() {
    let browser = Browser::open().await;
    let (status, page) = browser.page(&[("response_type", "code"), ("client_id", "key")]).await;
    assert!(status == 200 && page.contains("Grant access") && page.contains("Cancel"), "{page}");
    let code = browser.code().await;
    let exchange = [("grant_type", "authorization_code"), ("code", code.as_str())];
    let token = browser.token(200, &exchange).await;
    assert_eq!((&token["expires_in"], &token["token_type"]), (&json!(3_600), &json!("bearer")));
    assert!(token["scope"].is_string() && token.get("scopes").is_none());
    assert_eq!(browser.user(&token).await.1["nickname"], "alice");
    assert_eq!(browser.token(400, &exchange).await["error"], "invalid_grant");
    let late = browser.code().await;
    browser.stage.pass(600);
    let late = [("grant_type", "authorization_code"), ("code", late.as_str())];
    assert_eq!(browser.token(400, &late).await["error"], "invalid_grant");
}

#[tokio::test]
async fn denial_reaches_the_callback() {
    let browser = Browser::open().await;
    let back = browser.submit(&[("client_id", "key"), ("decision", "deny"), ("state", "s")]).await;
    assert_eq!((back["error"].as_str(), back["state"].as_str()), ("access_denied", "s"));
    assert!(!back.contains_key("code"));
}

#[tokio::test]
async fn page_refuses_bad_requests_and_escapes_its_text() {
    let browser = Browser::open().await;
    for query in [
        [("response_type", "token"), ("client_id", "key"), ("state", "s")],
        [("response_type", "code"), ("client_id", "<script>"), ("state", "s")],
        [("response_type", "code"), ("client_id", "key"), ("redirect_uri", "https://evil.example/")],
    ] {
        let (status, page) = browser.page(&query).await;
        assert!(status == 400 && !page.contains("<script>"), "{page}");
    }
    let (_, page) =
        browser.page(&[("response_type", "code"), ("client_id", "key"), ("state", "\"><script>")]).await;
    assert!(page.contains("value=\"&quot;&gt;&lt;script&gt;\""), "{page}");
}

#[tokio::test]
async fn refresh_tokens_rotate_and_expire_shortly_after_use() {
    let browser = Browser::open().await;
    let code = browser.code().await;
    let first = browser.token(200, &[("grant_type", "authorization_code"), ("code", &code)]).await;
    browser.stage.pass(3_600);
    let (status, body) = browser.user(&first).await;
    let expired = "Access token expired. Use your refresh token to obtain a new access token.";
    assert_eq!((status.as_u16(), &body["error"]["message"]), (401, &json!(expired)));
    let second = browser.refresh(200, &first).await;
    assert_ne!(first["refresh_token"], second["refresh_token"]);
    assert_eq!(browser.user(&second).await.0, 200);
    browser.stage.pass(59);
    browser.refresh(200, &first).await;
    browser.stage.pass(1);
    assert_eq!(browser.refresh(400, &first).await["error"], "invalid_grant");
    browser.stage.pass(90 * 24 * 3_600);
    assert_eq!(browser.refresh(400, &second).await["error"], "invalid_grant");
}

#[tokio::test]
async fn client_credentials_act_as_a_bot_and_have_no_refresh_token() {
    let browser = Browser::open().await;
    let token = browser.token(200, &[("grant_type", "client_credentials")]).await;
    assert!(token.get("refresh_token").is_none());
    assert_eq!(browser.user(&token).await.1["type"], "app_user");
}

#[tokio::test]
async fn token_endpoint_explains_errors_and_counts_calls() {
    let browser = Browser::open().await;
    for basic in [None, Some(("key", "guess")), Some(("lock", "secret"))] {
        let answer = browser.post("access_token", basic, &[("grant_type", "client_credentials")]).await;
        assert_eq!(answer.status(), 400);
        let body: Value = answer.json().await.unwrap();
        assert_eq!(body["error"], "unauthorized_client");
        assert_eq!(body["error_description"], "Invalid OAuth client credentials");
    }
    assert_eq!(browser.token(400, &[("grant_type", "password")]).await["error"], "unsupported_grant_type");
    assert_eq!(browser.token(400, &[("grant_type", "refresh_token")]).await["error"], "invalid_request");
    assert_eq!(browser.token(400, &[]).await["error"], "invalid_request");
    let faults = json!({ "api_status_next": { "status": 503, "count": 1 }, "only_for": "key" });
    let answered = browser.stage.control("faults", faults).await;
    assert_eq!(answered.0, 200, "{}", answered.1);
    browser.token(503, &[("grant_type", "client_credentials")]).await;
    let statuses: Vec<u16> = browser.stage.simulator.token_calls().iter().map(|call| call.status).collect();
    assert_eq!(statuses, [400, 400, 400, 400, 400, 400, 503]);
    let shown = browser.stage.read(&format!("{}/_control/token-calls", browser.stage.simulator.url())).await;
    assert_eq!(shown["calls"].as_array().unwrap().len(), 7);
}

#[tokio::test]
async fn issued_codes_and_tokens_are_listed() {
    let browser = Browser::open().await;
    let consumer = json!({ "key": "key", "secret": "secret", "callback_url": CALLBACK });
    expect(201, browser.stage.control("consumers", consumer).await);
    let token = browser.token(200, &[("grant_type", "client_credentials")]).await;
    let shown = browser.stage.read(&format!("{}/_control/issued", browser.stage.simulator.url())).await;
    let given = json!({ "consumer": "key", "what": "access token", "value": token["access_token"] });
    assert_eq!(shown["issued"], json!([given]));
}

#[tokio::test]
async fn token_allows_only_its_consumers_scopes() {
    let browser = Browser::open().await;
    let repository = "repositories/acme/widgets";
    for (scopes, allowed) in [
        ("account", ["user"].as_slice()),
        ("webhook", &["hooks"]),
        ("repository", &["repository"]),
        ("pullrequest", &["repository", "pull requests", "tasks"]),
        ("pullrequest:write", &["repository", "pull requests", "tasks", "a new pull request"]),
        ("", &[]),
    ] {
        let consumer =
            json!({ "key": "key", "secret": "secret", "callback_url": CALLBACK, "scopes": scopes });
        expect(201, browser.stage.control("consumers", consumer).await);
        let token = browser.token(200, &[("grant_type", "client_credentials")]).await;
        assert_eq!(token["scope"], scopes);
        for (what, method, path) in [
            ("user", "GET", "user".to_owned()),
            ("hooks", "GET", format!("{repository}/hooks")),
            ("repository", "GET", repository.to_owned()),
            ("pull requests", "GET", format!("{repository}/pullrequests")),
            ("tasks", "POST", format!("{repository}/pullrequests/1/tasks")),
            ("a new pull request", "POST", format!("{repository}/pullrequests")),
        ] {
            let url = format!("{}/2.0/{path}", browser.stage.simulator.url());
            let request = browser.http.request(method.parse().unwrap(), url).body("{}");
            let answer = request.bearer_auth(token["access_token"].as_str().unwrap()).send().await.unwrap();
            let refused = answer.status() == 403;
            assert_eq!(refused, !allowed.contains(&what), "{scopes}: {what}: {}", answer.status());
            if refused {
                let error = answer.json::<Value>().await.unwrap()["error"].take();
                assert_eq!(error["message"], "Your credentials lack one or more required privilege scopes.");
                assert!(error["detail"]["required"][0].is_string(), "{error}");
                let granted: Vec<_> = scopes.split_whitespace().collect();
                assert_eq!(error["detail"]["granted"], json!(granted));
            }
        }
    }
}

#[tokio::test]
async fn code_is_exchanged_only_with_its_own_callback() {
    let browser = Browser::open().await;
    let below = format!("{CALLBACK}/below");
    let asked =
        [("client_id", "key"), ("decision", "allow"), ("user", "alice"), ("redirect_uri", below.as_str())];
    let code = browser.submit(&asked).await["code"].clone();
    let exchange = |uri: Option<&'static str>| {
        let mut fields = vec![("grant_type", "authorization_code".to_owned()), ("code", code.clone())];
        fields.extend(uri.map(|uri| ("redirect_uri", uri.to_owned())));
        fields
    };
    for wrong in [None, Some(CALLBACK), Some("https://evil.example/callback")] {
        let fields = exchange(wrong);
        let fields: Vec<_> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        assert_eq!(browser.token(400, &fields).await["error"], "invalid_grant", "{wrong:?}");
    }
    let fields = [("grant_type", "authorization_code"), ("code", &code), ("redirect_uri", &below)];
    browser.token(200, &fields).await;
}
