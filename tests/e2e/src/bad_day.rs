//! A proxy before the simulated Bitbucket, which fails some calls in the ways of a bad day.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Method, Response, StatusCode, Uri};
use simulation::dice::Dice;
use tokio::net::TcpListener;

/// Percentage of the calls that fail.
const FAILING_PERCENT: u64 = 30;

/// Longer than the client waits (10 seconds).
const NEVER: Duration = Duration::from_secs(12);

/// The proxy.
#[derive(Debug, Clone)]
pub struct BadDay(Arc<Proxy>);

#[derive(Debug)]
struct Proxy {
    http: reqwest::Client,
    target: String,
    dice: Dice,
    is_over: AtomicBool,
    failed: AtomicUsize,
}

impl BadDay {
    /// Passes calls on to `target`, by the dice.
    pub fn start(listener: TcpListener, target: String, dice: Dice) -> Self {
        let proxy = Proxy {
            http: reqwest::Client::builder().no_proxy().build().unwrap(),
            target,
            dice,
            is_over: AtomicBool::new(false),
            failed: AtomicUsize::new(0),
        };
        let day = Self(Arc::new(proxy));
        let routes = Router::new().fallback(call).with_state(day.clone());
        tokio::spawn(async { axum::serve(listener, routes).await });
        day
    }

    /// Ends the faults.
    pub fn end(&self) {
        self.0.is_over.store(true, Ordering::Relaxed);
    }

    /// Number of calls that failed.
    pub fn failed(&self) -> usize {
        self.0.failed.load(Ordering::Relaxed)
    }
}

async fn call(
    State(BadDay(proxy)): State<BadDay>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    let fails = !proxy.is_over.load(Ordering::Relaxed) && proxy.dice.percent(FAILING_PERCENT);
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    let mut headers = headers;
    headers.remove("host");
    let passed = proxy.http.request(method, format!("{}{path}", proxy.target)).headers(headers).body(body);
    let answer = async {
        let answer = passed.send().await?;
        Ok::<_, reqwest::Error>((answer.status(), answer.bytes().await?))
    };
    let Ok((status, body)) = answer.await else { return respond(StatusCode::BAD_GATEWAY, Bytes::new()) };
    if !fails {
        return respond(status, body);
    }
    proxy.failed.fetch_add(1, Ordering::Relaxed);
    match proxy.dice.below(6) {
        0 => respond(
            StatusCode::TOO_MANY_REQUESTS,
            Bytes::from_static(b"Rate limit for this resource has been exceeded"),
        ),
        1 => respond(StatusCode::INTERNAL_SERVER_ERROR, Bytes::new()),
        2 => respond(StatusCode::OK, Bytes::from_static(b"<html>Bitbucket is down</html>")),
        3 => respond(status, body.slice(..body.len() / 2)),
        4 => respond(StatusCode::OK, Bytes::new()),
        _ => {
            tokio::time::sleep(NEVER).await;
            respond(StatusCode::GATEWAY_TIMEOUT, Bytes::new())
        }
    }
}

fn respond(status: StatusCode, body: Bytes) -> Response<Body> {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    if status == StatusCode::TOO_MANY_REQUESTS {
        response.headers_mut().insert("retry-after", "2".parse().unwrap());
    }
    response
}
