//! The HTTP routes of the pages.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::middleware::map_response;
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get};
use http::header::LOCATION;
use http::{Request, StatusCode};
use relay::LinkId;
use store::links::LinkSource;
use store::links::tokens::GrantStore;
use store::{Clock, Documents};
use url::Url;

use super::pages::Pages;
use super::parameters::Parameters;
use super::{Error, answers, callback, page, start};

/// Longest time for one page; Lambda allows the function more.
const PAGE_TIMEOUT: Duration = Duration::from_secs(8);

/// Makes the routes `GET /start`, `GET /callback` and `GET /success`.
pub fn router<
    T: Documents + 'static,
    L: LinkSource + 'static,
    G: GrantStore + 'static,
    C: Clock + 'static,
>(
    pages: Arc<Pages<T, L, G, C>>,
) -> Router {
    Router::new()
        .route("/start", only(get(started::<T, L, G, C>)))
        .route("/callback", only(get(called_back::<T, L, G, C>)))
        .route("/success", only(get(succeeded)))
        .layer(map_response(page::guarded))
        .with_state(pages)
}

/// Allows only GET. By default axum serves HEAD like GET, and a program that previews a URL would use it up.
fn only<S: Clone + Send + Sync + 'static>(route: MethodRouter<S>) -> MethodRouter<S> {
    route.head(async || Error::Method).fallback(async || Error::Method)
}

async fn started<T: Documents, L: LinkSource, G: GrantStore, C: Clock>(
    State(pages): State<Arc<Pages<T, L, G, C>>>,
    request: Request<Body>,
) -> Response {
    let (request, _) = request.into_parts();
    let started = in_time(start::start(&pages, &request)).await;
    answered("start", started.map(|url| see_other(&url)))
}

async fn called_back<T: Documents, L: LinkSource, G: GrantStore, C: Clock>(
    State(pages): State<Arc<Pages<T, L, G, C>>>,
    request: Request<Body>,
) -> Response {
    let (request, _) = request.into_parts();
    let authorized = in_time(callback::callback(&pages, &request)).await;
    // The redirect removes the code and the state from the address bar.
    let to_success = |link: LinkId| {
        let mut url = pages.address(&request, "success")?;
        url.query_pairs_mut().append_pair("id", link.as_str());
        Ok(see_other(&url))
    };
    answered("callback", authorized.and_then(to_success))
}

/// Shows only what its URL contains: anyone may open it.
async fn succeeded(request: Request<Body>) -> Response {
    let shown = Parameters::from_uri(request.uri()).and_then(|parameters| {
        let link = parameters.required("id")?.parse::<LinkId>();
        Ok(answers::success(&link.map_err(|_| Error::Address("invalid link id"))?).into_response())
    });
    answered("success", shown)
}

async fn in_time<R>(page: impl Future<Output = Result<R, Error>>) -> Result<R, Error> {
    tokio::time::timeout(PAGE_TIMEOUT, page).await.unwrap_or(Err(Error::Timeout))
}

/// Redirects with 303, after which every browser sends GET.
fn see_other(url: &Url) -> Response {
    (StatusCode::SEE_OTHER, [(LOCATION, url.as_str())]).into_response()
}

/// Logs an error without its URL, which may contain a code or a state.
fn answered(page: &'static str, outcome: Result<Response, Error>) -> Response {
    outcome.unwrap_or_else(|error| {
        let (status, category) = (error.status(), error.category().as_str());
        if status >= 500 {
            tracing::error!(page, status, category, %error, "authorization failed");
        } else {
            tracing::warn!(page, status, category, %error, "authorization refused");
        }
        error.into_response()
    })
}
