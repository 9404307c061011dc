//! The routes of the pages, and what they work with.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::middleware::map_response;
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get};
use bitbucket::client::Api;
use bitbucket::oauth::{Consumer, OAuth};
use http::header::LOCATION;
use http::request::Parts;
use http::{Request, StatusCode};
use lambda_http::request::RequestContext;
use relay::LinkId;
use store::links::tokens::GrantStore;
use store::links::{Flow, LinkCredential, LinkDocument, LinkSource};
use store::{Clock, Table};
use url::Url;

use super::parameters::Parameters;
use super::settings::PagesSettings;
use super::{Error, answers, callback, page, start};

/// How long a page may take: less than Lambda gives the function.
const PAGE_TIMEOUT: Duration = Duration::from_secs(8);

/// What the pages work with.
#[derive(Debug)]
pub struct Pages<T, L, G, C> {
    /// Where authorizations stand that are under way.
    pub table: T,
    /// Where links come from: not from a cache, because a consumer may have been changed a moment ago.
    pub links: L,
    /// Where grants go.
    pub grants: G,
    /// What time it is.
    pub clock: C,
    settings: PagesSettings,
    bitbucket: OnceLock<Bitbucket>,
}

/// Bitbucket, with its connections.
#[derive(Debug)]
pub(super) struct Bitbucket {
    pub(super) oauth: OAuth,
    pub(super) api: Api,
}

impl<T, L, G, C> Pages<T, L, G, C> {
    /// Pages; nothing is sent and no HTTP client is made yet.
    pub const fn new(table: T, links: L, grants: G, clock: C, settings: PagesSettings) -> Self {
        Self { table, links, grants, clock, settings, bitbucket: OnceLock::new() }
    }

    /// Made at its first use: it takes milliseconds of a start that a delivery would wait for.
    pub(super) fn bitbucket(&self) -> Result<&Bitbucket, Error> {
        if let Some(made) = self.bitbucket.get() {
            return Ok(made);
        }
        let (oauth, api) = (OAuth::new(&self.settings.oauth_url)?, Api::new(&self.settings.api_url)?);
        Ok(self.bitbucket.get_or_init(|| Bitbucket { oauth, api }))
    }

    /// Where Bitbucket sends the browser back to.
    pub(super) fn callback(&self, request: &Parts) -> Result<Url, Error> {
        self.address(request, "callback")
    }

    /// The address of a page. API Gateway knows its own name, and sends a request here only if that was asked for
    /// (<https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html>). Even a forged
    /// one would lead nowhere: Bitbucket compares it with the consumer's callback URL.
    fn address(&self, request: &Parts, page: &str) -> Result<Url, Error> {
        let unset = Error::Setting("BITRELAY_PUBLIC_URL");
        let mut url = match (&self.settings.public_url, domain(request)) {
            (Some(public), _) => public.clone(),
            (None, Some(domain)) => Url::parse(&format!("https://{domain}")).map_err(|_| unset)?,
            (None, None) => return Err(unset),
        };
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().push(page);
        }
        Ok(url)
    }
}

impl<T, L: LinkSource, G, C: Clock> Pages<T, L, G, C> {
    /// The OAuth consumer of a link.
    pub(super) async fn consumer(&self, link: &LinkId) -> Result<Consumer, Error> {
        let secret = self.links.load(link).await?.ok_or(Error::NoConsumer)?;
        let found = LinkDocument::parse(link, &secret)?.at(self.clock.now())?;
        match found.credential {
            Some(LinkCredential::OAuth(consumer)) if consumer.flow == Flow::AppOauth => {
                Ok(Consumer { id: consumer.client_id, secret: consumer.client_secret })
            }
            _ => Err(Error::NoConsumer),
        }
    }
}

fn domain(request: &Parts) -> Option<&str> {
    match request.extensions.get::<RequestContext>()? {
        RequestContext::ApiGatewayV2(context) => context.domain_name.as_deref(),
        _ => None,
    }
}

/// `GET /start`, `GET /callback` and `GET /success`.
pub fn router<T, L, G, C>(pages: Arc<Pages<T, L, G, C>>) -> Router
where
    T: Table + 'static,
    L: LinkSource + 'static,
    G: GrantStore + 'static,
    C: Clock + 'static,
{
    Router::new()
        .route("/start", only(get(started::<T, L, G, C>)))
        .route("/callback", only(get(called_back::<T, L, G, C>)))
        .route("/success", only(get(succeeded)))
        .layer(map_response(page::guarded))
        .with_state(pages)
}

/// GET alone: axum would answer HEAD with it, and whoever looks at an address in advance would use it up.
fn only<S: Clone + Send + Sync + 'static>(route: MethodRouter<S>) -> MethodRouter<S> {
    route.head(async || Error::Method).fallback(async || Error::Method)
}

async fn started<T: Table, L: LinkSource, G: GrantStore, C: Clock>(
    State(pages): State<Arc<Pages<T, L, G, C>>>,
    request: Request<Body>,
) -> Response {
    let (request, _) = request.into_parts();
    let started = in_time(start::start(&pages, &request)).await;
    answered("start", started.map(|url| see_other(&url)))
}

async fn called_back<T: Table, L: LinkSource, G: GrantStore, C: Clock>(
    State(pages): State<Arc<Pages<T, L, G, C>>>,
    request: Request<Body>,
) -> Response {
    let (request, _) = request.into_parts();
    let authorized = in_time(callback::callback(&pages, &request)).await;
    // A redirect takes the browser away from the code and the state.
    let to_success = |link: LinkId| {
        let mut url = pages.address(&request, "success")?;
        url.query_pairs_mut().append_pair("id", link.as_str());
        Ok(see_other(&url))
    };
    answered("callback", authorized.and_then(to_success))
}

/// Says nothing that its address does not: anybody may open it.
async fn succeeded(request: Request<Body>) -> Response {
    let shown = Parameters::of(request.uri()).and_then(|parameters| {
        let link = parameters.required("id")?.parse::<LinkId>();
        Ok(answers::success(&link.map_err(|_| Error::Address("the link is none"))?).into_response())
    });
    answered("success", shown)
}

async fn in_time<R>(page: impl Future<Output = Result<R, Error>>) -> Result<R, Error> {
    tokio::time::timeout(PAGE_TIMEOUT, page).await.unwrap_or(Err(Error::Timeout))
}

/// 303: whatever the browser did, it goes on with GET.
fn see_other(url: &Url) -> Response {
    (StatusCode::SEE_OTHER, [(LOCATION, url.as_str())]).into_response()
}

/// An error is logged without the address: a code or a state may be in it.
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
